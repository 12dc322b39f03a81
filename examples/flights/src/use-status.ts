import { useSyncExternalStore } from 'react'
import { db, type Status } from './db.ts'

const subscribe = (listener: () => void) => db.status.subscribe(listener)
const getSnapshot = () => db.status.getSnapshot()

export const useStatus = (): Status => useSyncExternalStore(subscribe, getSnapshot)
