import { use, useSyncExternalStore } from 'react'
import { opened } from './open.ts'

/** What has been opened; suspends until it is. */
export const useOpened = () => use(opened)

export function useSourceStatus() {
  const { status } = useOpened().source
  return useSyncExternalStore(status.subscribe, status.getSnapshot)
}
