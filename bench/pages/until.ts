interface Changing {
  subscribeChanges(onChanges: () => void): { unsubscribe(): void }
}

/** Resolves when `met`, which is asked now and at every change of the collection or query. */
export function until(collection: Changing, met: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    if (met()) return resolve()
    const subscription = collection.subscribeChanges(() => {
      if (!met()) return
      subscription.unsubscribe()
      resolve()
    })
  })
}
