import type { DiffBatch } from './batch.ts'
import type { Have } from './position.ts'

/** A tab's {@link Have} while it applies a batch: rows of a position and some newer rows; null when the rows have no position. */
export function haveDuring(have: Have | null, { replace, branch, to }: DiffBatch): Have | null {
  if (replace || have?.branch !== branch) return null
  return to > have.upTo ? { ...have, upTo: to } : have
}

/** A tab's {@link Have} after the last part of a diff. */
export const haveAfter = ({ branch, seq, digest, to }: DiffBatch): Have => ({ branch, seq, digest, offset: to, upTo: to })
