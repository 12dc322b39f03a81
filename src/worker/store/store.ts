import type { RowData } from '../../shared/row-diff.ts'
import type { Anchor } from '../core/anchor.ts'
import type { Branch } from '../core/lineage.ts'
import type { Marks } from '../core/materialize.ts'
import type { RemovalLog } from '../core/removals.ts'
import type { Segment } from '../core/segment-directory.ts'

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

/** What is stored beside the segments, and always in the same transaction: it says what the segments are. */
export interface StoredMeta extends Claim {
  /** What stored rows mean; see `stateFingerprint`. */
  readonly fingerprint: string
  /** Offset of the last event whose effect is in the segments. */
  readonly offset: string
  /** Of the state's lineage, to which whoever goes on from here adds its own. */
  readonly branches: ReadonlyArray<Branch>
  readonly marks: Marks
  readonly removals: RemovalLog
  /** The stream had been read to its end by this offset: the rows are worth showing before the server confirms them. */
  readonly complete: boolean
  /** The newest transaction ids, oldest first. */
  readonly txids: ReadonlyArray<string>
  /** Null when the last batch was too large to be one. */
  readonly anchor: Anchor | null
}

/** A subset's rows, and where they end; see `ServedSubset`. */
export interface StoredSubset {
  /** See `subsetKey`. */
  readonly key: string
  readonly collection: string
  readonly rows: ReadonlyArray<RowData>
  readonly edge: unknown
  readonly whole: boolean
}

/** What tabs were looking at: it can be shown again before all rows are read. */
export type WorkingSet = ReadonlyArray<StoredSubset>

/** Takes what is read from a store, while it is being read. */
export interface StoreReader {
  /** Whether the segments are of any use; when not, they are not read. */
  accept(meta: StoredMeta): boolean
  /** The working set, if there is one, before any segment. It is of some offset of the same reading of the stream. */
  preview(working: WorkingSet): void
  /** The next segments, in order of id. */
  take(segments: ReadonlyArray<Segment>): void
}

export interface StoreWrite {
  readonly meta: StoredMeta
  readonly puts: ReadonlyArray<Segment>
  readonly drops: ReadonlyArray<number>
  /** Everything stored so far is dropped in the same transaction. */
  readonly replace: boolean
  /** Stored beside the segments; null leaves what is stored, unless everything is dropped. */
  readonly working: WorkingSet | null
  /** The writer that is expected to be stored; null accepts any. */
  readonly expectedWriter: string | null
}

/** Another writer has taken the cache over, or it was cleared: nothing was written. */
export class LostCacheError extends Error {
  override readonly name = 'LostCacheError'
}

/** The cache was cleared by somebody else. */
export class ClearedCacheError extends LostCacheError {}

/** What is stored cannot be understood: another program's, or damaged. */
export class UnreadableCacheError extends Error {
  override readonly name = 'UnreadableCacheError'
}

/**
 * The cache of one stream for one scope.
 *
 * Atomicity: a commit is applied whole or not at all, also when the process is killed in the middle of it; a read sees
 * the result of some number of whole commits. Fencing: a commit that expects another writer than
 * the stored one fails with {@link LostCacheError}. Every call settles: an implementation turns a request that never answers into a
 * rejection.
 */
export interface Store {
  /** Settles with the reason when the store is lost without being asked to close. */
  readonly lost: Promise<Error>
  /**
   * Makes the claim's writer the one that is stored, also where nothing else is: from then on no commit that expects
   * another one succeeds.
   * @param now see {@link isOutdated}
   * @throws LostCacheError when the claim is outdated
   */
  claim(claim: Claim, now: number): Promise<void>
  /**
   * Reads what is stored, some segments at a time, so that the first rows need not wait for the last.
   * @returns the meta record when everything was read; null when there is none, or it was not accepted
   * @throws UnreadableCacheError, possibly after some segments were taken
   */
  read(reader: StoreReader): Promise<StoredMeta | null>
  commit(write: StoreWrite): Promise<void>
  /** Removes everything. */
  clear(): Promise<void>
  close(): void
}
