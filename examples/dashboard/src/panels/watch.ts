import type { Collection } from '@tanstack/db'

/** A panel is drawn so often at most, wherever its rows come from. */
const REDRAW_MS = 250

/** Tells a result's rows when they are all there, and then what becomes of them. @returns a function that ends it */
export function watch<T extends object>(collection: Collection<T, string>, onRows: (rows: readonly T[]) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let toldAt = -Infinity
  const tell = () => {
    timer = undefined
    toldAt = performance.now()
    onRows(collection.toArray)
  }
  const changed = () => {
    if (collection.isReady()) timer ??= setTimeout(tell, Math.max(0, toldAt + REDRAW_MS - performance.now()))
  }
  const subscription = collection.subscribeChanges(changed)
  if (collection.isReady()) tell()
  else collection.onFirstReady(changed)
  return () => {
    clearTimeout(timer)
    subscription.unsubscribe()
    // At once, and not when nobody has come back to it for a while: a query in the tab would go on running.
    void collection.cleanup()
  }
}
