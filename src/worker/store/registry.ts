/** What is known of a cache database without opening it. */
export interface CacheRecord {
  /** Name of the database. */
  readonly name: string
  /** As `shownUrl` has it. */
  readonly url: string
  readonly scope: string
  /** Of what is stored in it. */
  readonly format: number
  /** When an engine has used it last, ms by the wall clock. */
  readonly usedAt: number
  /** It is removed once it has been unused for so long, ms; null keeps it. */
  readonly keepMs: number | null
  /** It was to be removed, and may still be there. */
  readonly doomed: boolean
}

/** What has happened to a cache. */
export interface Fate {
  /** When it was last asked to be cleared, ms by the wall clock; null when not in the last days. */
  readonly clearedAt: number | null
  readonly doomed: boolean
}

/** That a cache was cleared is remembered for so long, ms: an engine that sleeps longer learns of it by channel only. */
export const REMEMBERED_CLEARS_MS = 7 * 24 * 60 * 60 * 1000

/** There is no storage here: nothing is stored, and nothing can be. */
export class NoStorageError extends Error {
  override readonly name = 'NoStorageError'
}

/**
 * Remembers which caches there are and when each was last used, in one small database for all of them. Every call rejects
 * where that fails ({@link NoStorageError} where there is none), and settles within a second or two; a stream goes on without.
 */
export interface Registry {
  list(): Promise<ReadonlyArray<CacheRecord>>
  /** Notes that a cache is in use. What is doomed stays so. */
  touch(record: Omit<CacheRecord, 'doomed'>): Promise<void>
  /** Notes that a cache is to be removed, before that is tried. @param at when that was asked for, ms by the wall clock */
  doom(record: Omit<CacheRecord, 'doomed'>, at: number): Promise<void>
  fate(name: string): Promise<Fate>
  /** Forgets a cache that has been removed. All that is left of it is a short digest, and when it was cleared. */
  drop(name: string): Promise<void>
}
