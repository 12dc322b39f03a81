import { useSyncExternalStore } from 'react'
import { db } from './db.ts'
import { createStore } from '../../shared/store.ts'

const ready = createStore<'cache' | 'server' | null>(null)

/** What the cache held when it was opened; null until then. */
let cached: boolean | null = null
const stop = db.status.subscribe(() => {
  const { storage, persistedOffset } = db.status.getSnapshot()
  if (storage === 'opening') return
  cached = persistedOffset !== null
  stop()
})

db.collections.flights.onFirstReady(() => ready.set(cached ? 'cache' : 'server'))

/**
 * Where the flights came from; null until they are complete. The live queries start then: while thousands of rows come
 * in, each of them would be worked into every query's result, most of them only to drop out of it again.
 */
export const useReady = () => useSyncExternalStore(ready.subscribe, ready.getSnapshot)
