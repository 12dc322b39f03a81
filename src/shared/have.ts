import type { DiffBatch, Have } from './protocol.ts'

/** What a tab has while it works a batch off: rows of no single position, or of none at all. */
export function haveDuring(have: Have | null, { replace, life, to }: DiffBatch): Have | null {
  if (replace || have?.life !== life) return null
  return to > have.upTo ? { ...have, upTo: to } : have
}

/** What a tab has when it has applied the last part of a diff. */
export const haveAfter = ({ life, seq, to }: DiffBatch): Have => ({ life, seq, offset: to, upTo: to })
