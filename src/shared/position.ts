/** The offset before every event of a stream (Durable Streams protocol). */
export const START_OFFSET = '-1'

/**
 * The position of a state: it has materialized the events up to `offset`, with `seq` change events among them. A stream that was
 * made again may have the same offsets and numbers: branch and digest identify the events.
 */
export interface Position {
  /** Id of the branch; see `Lineage`. */
  readonly branch: string
  readonly seq: number
  /** Digest of the events, 32 bits. */
  readonly digest: number
  readonly offset: string
}

/** The rows that a tab has: all rows of a position, and perhaps some newer rows. */
export interface Have extends Position {
  /** No row of the tab is newer than this offset. */
  readonly upTo: string
}
