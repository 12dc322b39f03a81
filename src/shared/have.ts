import type { DiffBatch } from './batch.ts'
import type { Have } from './position.ts'

/** What a tab has while it applies a batch: its rows are of no single position, or (null) of no position at all. */
export function haveDuring(have: Have | null, { replace, branch, to }: DiffBatch): Have | null {
  if (replace || have?.branch !== branch) return null
  return to > have.upTo ? { ...have, upTo: to } : have
}

/** What a tab has after it has applied the last part of a diff. */
export const haveAfter = ({ branch, seq, digest, to }: DiffBatch): Have => ({ branch, seq, digest, offset: to, upTo: to })
