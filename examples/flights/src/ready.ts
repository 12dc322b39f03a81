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

// An eager collection is ready when all rows of the stream are there, in the worker too.
db.collections.airports.onFirstReady(() => ready.set(cached ? 'cache' : 'server'))

/** Where the flights came from; null until they are complete. Before, the newest flights would be those that were read last. */
export const useReady = () => useSyncExternalStore(ready.subscribe, ready.getSnapshot)
