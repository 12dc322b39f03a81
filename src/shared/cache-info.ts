/** A cache in this origin's IndexedDB. */
export interface CacheInfo {
  /** URL of the stream. Its query and user appear as digests, because they may be credentials. */
  readonly url: string
  readonly scope: string
  /** Format of the stored rows; this version does not read rows of an older format. */
  readonly format: number
  /** When an engine last used the cache, ms since 1970; null for a cache of a version without a registry. */
  readonly usedAt: number | null
}
