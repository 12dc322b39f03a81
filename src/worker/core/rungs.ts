/** The digest right after the change event number `seq`, a power of two. */
export interface Rung {
  readonly seq: number
  readonly digest: number
}

interface Reading {
  readonly seq: number
  readonly offset: string
  /** Absent in a cache that was stored before they were kept. */
  readonly rungs?: ReadonlyArray<Rung>
}

/** @returns the rungs after one more change event, number `seq` */
export const addRung = (rungs: ReadonlyArray<Rung>, seq: number, digest: number): ReadonlyArray<Rung> =>
  (seq & (seq - 1)) === 0 ? [...rungs, { seq, digest }] : rungs

/**
 * Whether what was read from a stream's start may be the same stream as it was earlier: a copy that a cache on the way has
 * kept, or a server that is behind. Rungs tell it for any length, with a few numbers that can be stored; a stream that was
 * made again from the same events and went another way later is taken for an older one as well.
 */
export function mayBeOlder(read: Reading, held: Reading): boolean {
  // What it lacks may be control events, which have no number.
  if (read.seq === held.seq ? read.offset >= held.offset : read.seq > held.seq) return false
  const shared = (held.rungs ?? []).filter(({ seq }) => seq <= read.seq)
  if (shared.length === 0) return read.seq === 0
  const known = new Map((read.rungs ?? []).map(({ seq, digest }) => [seq, digest]))
  return shared.every(({ seq, digest }) => known.get(seq) === digest)
}
