import { useSyncExternalStore } from 'react'
import { db, ready } from './db.ts'

const subscribe = (listener: () => void) => db.status.subscribe(listener)
const getSnapshot = () => db.status.getSnapshot()

export const useStatus = () => useSyncExternalStore(subscribe, getSnapshot)
export const useOutbox = () => useSyncExternalStore(db.outbox.subscribe, db.outbox.getSnapshot)
export const useReady = () => useSyncExternalStore(ready.subscribe, ready.getSnapshot)
