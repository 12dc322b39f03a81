import { useSyncExternalStore } from 'react'
import { createStore } from '../../shared/store.ts'

const KEY = 'tasks me'

const me = createStore(sessionStorage.getItem(KEY) ?? 'ada')

/** Who uses this tab. Two tabs may be two people. */
export const useMe = () => useSyncExternalStore(me.subscribe, me.getSnapshot)

export function setMe(id: string): void {
  sessionStorage.setItem(KEY, id)
  me.set(id)
}
