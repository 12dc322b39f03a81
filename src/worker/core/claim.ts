/** The writer of a cache. */
export interface Claim {
  /** Token of the writer; another token means that another engine has taken the cache over. */
  readonly writer: string
  /** When the writer got the cache's lock, ms by `Clock.now`, which all workers of the machine share. */
  readonly since: number
}

/**
 * Whether the stored claim is newer than `claim`: the claiming engine has slept through a take-over.
 * @param now by the same clock. A stored claim of a later time is ignored: the clock was set back after it.
 */
export const isOutdated = (claim: Claim, stored: Claim, now: number): boolean => stored.since > claim.since && stored.since <= now
