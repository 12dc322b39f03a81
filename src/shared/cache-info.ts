/** A cache in this origin's IndexedDB. */
export interface CacheInfo {
  /** Of its stream. A query, or a user, is there as a digest: it may be a credential. */
  readonly url: string
  readonly scope: string
  /** Of what is stored; an older one than this version's is of no use any more. */
  readonly format: number
  /** When it was used last, ms since 1970; null where nobody has noted that. */
  readonly usedAt: number | null
}
