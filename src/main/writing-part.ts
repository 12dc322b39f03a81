import { Part } from './part.ts'

/** Writes, appends, waits for transactions, and calls on the outbox. */
export const writingPart = new Part(() => import('./writing.ts'))
