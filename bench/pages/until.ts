import type { Opened } from './visit.ts'

/** Resolves when `met`, which is asked now and at every change of the collection. */
export function until(collection: Opened['collection'], met: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    if (met()) return resolve()
    const subscription = collection.subscribeChanges(() => {
      if (!met()) return
      subscription.unsubscribe()
      resolve()
    })
  })
}
