/** Start of a stream: the offset that precedes every event (Durable Streams protocol). */
export const START_OFFSET = '-1'

/**
 * Where a state of the stream is: the fold of its events up to `offset`, `seq` change events among them. Offsets and
 * numbers of a stream that was made again are alike: which events they were, branch and digest tell.
 */
export interface Position {
  /** What the engine has read that says so; see `Lineage`. */
  readonly branch: string
  readonly seq: number
  /** Digest of the events, 32 bits. */
  readonly digest: number
  readonly offset: string
}

/** The rows that a tab has: all up to a position, and perhaps some newer ones. */
export interface Have extends Position {
  /** None of its rows is newer than this offset. */
  readonly upTo: string
}
