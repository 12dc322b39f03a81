/** Who writes. */
export interface Claim {
  /** Token of the writer; another one means that somebody else has taken the cache over. */
  readonly writer: string
  /** When the writer got the cache's lock, ms, by a clock that all workers of the machine share. */
  readonly since: number
}

/**
 * Whether a claim is outdated by the one that is stored: its maker has slept through a take-over.
 * @param now by the same clock; what is stored for later than that was stored before somebody set the clock back
 */
export const isOutdated = (claim: Claim, stored: Claim, now: number): boolean => stored.since > claim.since && stored.since <= now
