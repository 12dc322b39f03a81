import { useSyncExternalStore } from 'react'
import { db } from './db.ts'
import { createStore } from './store.ts'

const ready = createStore(false)
db.collections.flights.onFirstReady(() => ready.set(true))

/**
 * Whether the flights are complete, from the cache or from the server. The live queries start then: while thousands of rows
 * come in, each of them would be worked into every query's result, most of them only to drop out of it again.
 */
export const useReady = () => useSyncExternalStore(ready.subscribe, ready.getSnapshot)
