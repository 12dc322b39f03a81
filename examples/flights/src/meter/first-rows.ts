import { createStore } from '../../../shared/store.ts'

interface FirstRows {
  /** Milliseconds from the start of the navigation. */
  at: number
  from: 'cache' | 'server'
}

export const firstRows = createStore<FirstRows | null>(null)

/** Notes when the first rows reached the page; later calls change nothing. */
export function markFirstRows(from: FirstRows['from']) {
  if (firstRows.getSnapshot() === null) firstRows.set({ at: performance.now(), from })
}
