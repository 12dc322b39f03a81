import { createStore } from '../../../shared/store.ts'
import { afterPaint } from './after-paint.ts'

let startedAt = 0

/** Milliseconds from opening the database to the first rows on the screen. */
export const firstRows = createStore<number | null>(null)

export function startClock() {
  startedAt = performance.now()
}

/** Call it when the first rows have been rendered. */
export function markFirstRows() {
  afterPaint(() => firstRows.set(performance.now() - startedAt))
}
