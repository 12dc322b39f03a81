import type { DiffBatch } from './batch.ts'
import type { Have } from './position.ts'

/** What a tab has while it works a batch off: rows of no single position, or of none at all. */
export function haveDuring(have: Have | null, { replace, branch, to }: DiffBatch): Have | null {
  if (replace || have?.branch !== branch) return null
  return to > have.upTo ? { ...have, upTo: to } : have
}

/** What a tab has when it has applied the last part of a diff. */
export const haveAfter = ({ branch, seq, digest, to }: DiffBatch): Have => ({ branch, seq, digest, offset: to, upTo: to })
