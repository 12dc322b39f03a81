/** The digest after change event number `seq`; `seq` is a power of two. */
export interface PastDigest {
  readonly seq: number
  readonly digest: number
}

interface ReadMarks {
  readonly seq: number
  readonly offset: string
  /** Absent in a cache of an earlier version. */
  readonly pastDigests?: ReadonlyArray<PastDigest>
}

/** @returns the past digests after one more change event, number `seq` */
export const notePastDigest = (pastDigests: ReadonlyArray<PastDigest>, seq: number, digest: number): ReadonlyArray<PastDigest> =>
  (seq & (seq - 1)) === 0 ? [...pastDigests, { seq, digest }] : pastDigests

/**
 * Whether `read`, which was read from the stream's start, may be an earlier state of `held`: the answer of an HTTP cache, or of a
 * server that lags behind. The past digests decide this for streams of any length, with a few numbers that can be stored. A
 * stream that was made again from the same events, and has other events after them, counts as an earlier state as well.
 */
export function mayBeOlder(read: ReadMarks, held: ReadMarks): boolean {
  // With equal numbers, `read` may still lack control events, which have no number.
  if (read.seq === held.seq ? read.offset >= held.offset : read.seq > held.seq) return false
  const shared = (held.pastDigests ?? []).filter(({ seq }) => seq <= read.seq)
  if (shared.length === 0) return read.seq === 0
  const known = new Map((read.pastDigests ?? []).map(({ seq, digest }) => [seq, digest]))
  return shared.every(({ seq, digest }) => known.get(seq) === digest)
}
