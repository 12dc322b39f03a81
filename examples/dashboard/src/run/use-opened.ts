import { use, useSyncExternalStore } from 'react'
import { opened } from '../db.ts'

/** What has been opened; suspends until it is. */
export const useOpened = () => use(opened)

export function useStatus() {
  const { db } = useOpened()
  return useSyncExternalStore(
    (listener) => db.status.subscribe(listener),
    () => db.status.getSnapshot(),
  )
}
