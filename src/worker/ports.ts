import type { AppendSettings, RequestValues } from '../shared/calls.ts'
import type { StreamBatch } from '../shared/batch.ts'
import type { ErrorData } from '../shared/errors.ts'
import type { RowData } from '../shared/row.ts'
import type { LiveMode, StreamSettings } from '../shared/settings.ts'
import type { Anchor } from './core/anchor.ts'
import type { Claim } from './core/claim.ts'
import type { Branch } from './core/lineage.ts'
import type { Marks } from './core/materialize.ts'
import type { RemovalLog } from './core/removals.ts'
import type { RequestKind, RequestOutcome } from './core/request-pace.ts'
import type { Segment } from './core/segment-directory.ts'

/*
 * The interfaces to the outside: clock, randomness, locks, channels, storage, stream. The browser implements them in
 * `store/`, `stream/` and `env/`; tests and the simulation bring their own. An implementation imports this file, `core/` and
 * `shared/`, and nothing else of the engine.
 */

/** Time, as the engine sees it. */
export interface Clock {
  /** ms since a moment that is the same for all workers of a machine; never goes back */
  now(): number
  /** Runs `task` after `delayMs`; the result cancels it. */
  after(delayMs: number, task: () => void): () => void
}

/** A held lock. */
export interface Lock {
  release(): void
  /** Settles when somebody has stolen it. */
  readonly lost: Promise<void>
}

/** Exclusive names, as Web Locks. */
export interface Locks {
  /** Whether there are others who respect them. Where not, every lock is granted. */
  readonly areReal: boolean
  /** The lock if it is free now, else null. */
  take(name: string): Promise<Lock | null>
  /** The lock, once it is free. Rejects when `signal` aborts. */
  wait(name: string, signal: AbortSignal): Promise<Lock>
  /** The lock, whoever holds it; that one's other locks of these names are freed as well. */
  steal(name: string, others: ReadonlyArray<string>): Promise<Lock>
}

/** What all of an origin's workers and pages hear, as a BroadcastChannel. */
export interface Channel {
  post(message: unknown): void
  close(): void
}

/** A key pair of one worker. */
export interface SealingKey {
  /** Handed to whoever is to seal something for this worker. */
  readonly publicKey: Uint8Array
  /** Rejects what was not sealed to this key. */
  open(sealed: Uint8Array): Promise<string>
}

/** Keeps what crosses a channel from everyone but the one whom it is for. */
export interface Sealing {
  newKey(): Promise<SealingKey>
  seal(publicKey: Uint8Array, text: string): Promise<Uint8Array>
}

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

/** What was made of a request. `isIdle`: a live request that was held and brought no news. */
export interface RequestEnd extends RequestOutcome {
  readonly isIdle: boolean
}

/** Gives the headers and params of the next request; rejects when no tab can say. */
export type RequestAsker = () => Promise<RequestValues>

/**
 * Why a read ended early. Which of them are worth another try is the engine's to decide. `interrupted`: nothing is wrong,
 * but the stream may have been made again, and a new read will tell. `older`: the answer shows the stream as it was before.
 * `application`: the application could not say its headers or params.
 */
export type SourceFailure = 'interrupted' | 'unreachable' | 'unauthorized' | 'missing' | 'bad-offset' | 'older' | 'refused' | 'application'

export interface SourceErrorOptions {
  readonly status?: number | undefined
  /** The application's own error. */
  readonly data?: ErrorData | undefined
}

export class SourceError extends Error {
  override readonly name = 'SourceError'
  readonly failure: SourceFailure
  readonly status: number | undefined
  readonly data: ErrorData | undefined

  constructor(failure: SourceFailure, message: string, { status, data }: SourceErrorOptions = {}) {
    super(message)
    this.failure = failure
    this.status = status
    this.data = data
  }
}

/** What a read says of each request that it makes, one after the other. */
export interface Requests {
  /** Settles when the next request may go out; by then the read may be aborted. */
  turn(): Promise<void>
  /** A request goes out. */
  sent(kind: RequestKind): void
  /** Something has come from the server: headers, or a part of a body. */
  heard(): void
  /** The request was aborted. */
  dropped(): void
  /** The answer is here whole, or there will be none. Not called for a request that was aborted. */
  over(end: RequestEnd): void
}

export interface ReadRequest {
  /** Read what follows this offset; `-1` for everything. */
  readonly offset: string
  readonly live: LiveMode
  /** The last answer was not to be trusted: caches on the way are to be passed by. */
  readonly isFresh: boolean
  readonly signal: AbortSignal
  readonly requests: Requests
  /** Takes a batch; the next one is read when it is done. */
  readonly onBatch: (batch: StreamBatch) => Promise<void>
  /** The server answers. */
  readonly onAnswer: () => void
}

/** `ended`: closed and read whole · `caught-up`: at the end, with `live: false` · `aborted`: by the signal. */
export type ReadEnd = 'ended' | 'caught-up' | 'aborted'

/** A durable stream, as the engine reads and writes it. */
export interface StreamSource {
  /**
   * Reads until the end, until the first failure, or until the signal aborts; then it returns at once and calls back no more.
   * It never tries again by itself: when to do that is decided in one place, by the progress that was made.
   * @throws SourceError
   */
  read(request: ReadRequest): Promise<ReadEnd>
  /** @throws SidestreamError `NEEDS_AUTH`, `STREAM_NOT_FOUND`, `OFFLINE` or `STREAM_ERROR` */
  append(body: string | Uint8Array, options: AppendSettings): Promise<void>
  /** The offset at which the stream ends; null where the server does not say. @throws SidestreamError as `append` does */
  end(): Promise<string | null>
}

/** Storage and what goes with it: all that removing a cache takes. */
export interface StorageEnv {
  readonly clock: Clock
  readonly locks: Locks
  readonly registry: Registry
  /** ms since 1970, as a calendar has it: it survives restarts, and it may be set back. */
  wallNow(): number
  /** In [0, 1). */
  random(): number
  /** Joins a channel; null where there are none, or no locks that are shared with the others on it. */
  openChannel(name: string, onMessage: (message: unknown) => void): Channel | null
  /**
   * Deletes a cache database, without opening it. Done as well when there is none, or no storage that could have one.
   * Rejects when that fails, or takes too long because the database is in use; it may be done later all the same.
   */
  deleteStore(name: string): Promise<void>
  /** Names of databases, where the browser tells; else none. */
  storeNames(): Promise<ReadonlyArray<string>>
}

/** Everything outside of the engine. The simulation brings another one. */
export interface EngineEnv extends StorageEnv {
  readonly sealing: Sealing
  /** A fresh, unguessable id. */
  newId(): string
  /** Opens the cache database. Rejects when there is none to be had; never hangs. */
  openStore(name: string, durability: 'relaxed' | 'strict'): Promise<Store>
  createSource(settings: StreamSettings, ask: RequestAsker): StreamSource
}
