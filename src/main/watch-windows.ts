import type { Collection } from '@tanstack/db'
import { queriesPart } from './queries-part.ts'
import type { QueryWindow } from './query-window.ts'

const REQUESTS = ['requestSnapshot', 'requestLimitedSnapshot'] as const

/**
 * Gives each live query for the first rows of an order a {@link QueryWindow}. Its code is loaded for the first such query. Until the
 * code is there, the query gets all changes, and what it asks for and gets is noted for the window.
 * @param collection one that is held whole and indexed by {@link orderIndex}
 * @param life returns another value once the collection has lost its rows; a subscription from before then gets every change
 */
export function watchWindows(collection: Collection<object, string>, life: () => unknown): void {
  const subscribe = collection.subscribeChanges.bind(collection)
  collection.subscribeChanges = (callback, options) => {
    let window: QueryWindow | null = null
    let hasRows = false
    /** What the window will be told; null when none will be opened, or it is open. */
    let notes: Array<(window: QueryWindow) => void> | null = null
    const noting = ((changes: Parameters<QueryWindow['note']>[0]) => {
      hasRows ||= changes.length > 0
      window?.note(changes)
      notes?.push((own) => { own.note(changes) })
      ;(callback as (changes: unknown) => void)(changes)
    }) as typeof callback
    const subscription = subscribe(noting, options)
    // Another version of TanStack DB may lack one of these methods; then nothing is left out.
    const isKnown = [...REQUESTS, 'emitEvents' as const, 'setOrderByIndex' as const].every((name) => typeof subscription[name] === 'function')
    // A query that asks for an initial state gets all rows, so nothing is left out.
    if (options?.includeInitialState || !isKnown) return subscription
    const setOrderByIndex = subscription.setOrderByIndex.bind(subscription)
    const ownLife = life()
    subscription.setOrderByIndex = (index) => {
      setOrderByIndex(index)
      if (window) window.index = index
      if (window || notes) return
      const hadRows = hasRows
      const open = ({ QueryWindow }: NonNullable<typeof queriesPart.code>): void => {
        window = new QueryWindow(subscription, { index, hasRows: hadRows, isCurrent: () => life() === ownLife })
        for (const tell of notes ?? []) tell(window)
        notes = null
      }
      const { code } = queriesPart
      if (code) {
        open(code)
        return
      }
      notes = []
      for (const name of REQUESTS) {
        const request = subscription[name].bind(subscription) as (given: never) => never
        subscription[name] = (given: never) => {
          notes?.push((own) => { own[name](given) })
          return request(given)
        }
      }
      queriesPart.load().then(open, () => {
        notes = null
      })
    }
    return subscription
  }
}
