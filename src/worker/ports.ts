import type { AppendSettings, RequestValues } from '../shared/calls.ts'
import type { StreamBatch } from '../shared/batch.ts'
import type { ErrorData } from '../shared/errors.ts'
import type { RowData } from '../shared/row.ts'
import type { Query } from '../shared/query.ts'
import type { RowDiff } from '../shared/row-diff.ts'
import type { CollectionShape, LiveMode, StreamSettings } from '../shared/settings.ts'
import type { Write } from '../shared/write.ts'
import type { Anchor } from './core/anchor.ts'
import type { Claim } from './core/claim.ts'
import type { Branch } from './core/lineage.ts'
import type { Marks } from './core/materialize.ts'
import type { RemovalLog } from './core/removals.ts'
import type { OutboxChange, OutboxEntry, RecentWrite, Target, Verdict } from './core/outbox.ts'
import type { StoredHead } from './core/stored-phases.ts'
import type { RequestKind, RequestOutcome } from './core/request-pace.ts'
import type { Segment } from './core/segment-directory.ts'

/*
 * The interfaces to the outside: clock, randomness, locks, channels, storage, stream. The browser implements them in
 * `store/`, `stream/` and `env/`; tests and the simulation bring their own. An implementation imports this file, `core/` and
 * `shared/`, and nothing else of the engine.
 */

/** Time, as the engine sees it. */
export interface Clock {
  /** ms since a moment that is the same for all workers of a machine; never goes back. */
  now(): number
  /** Runs `task` after `delayMs`; the result cancels it. */
  after(delayMs: number, task: () => void): () => void
}

/** A held lock. */
export interface Lock {
  release(): void
  /** Resolves when another worker has stolen the lock. */
  readonly lost: Promise<void>
}

/** Exclusive locks by name, as Web Locks. */
export interface Locks {
  /** Whether other workers respect the locks. If not, every lock is granted. */
  readonly areReal: boolean
  /** Takes the lock if it is free now; else resolves with null. */
  take(name: string): Promise<Lock | null>
  /** Takes the lock when it is free. Rejects when `signal` aborts. */
  wait(name: string, signal: AbortSignal): Promise<Lock>
  /** Takes the lock from its holder, and frees the holder's locks named `others`. */
  steal(name: string, others: ReadonlyArray<string>): Promise<Lock>
}

/** A channel that all workers and pages of an origin hear, as a BroadcastChannel. */
export interface Channel {
  post(message: unknown): void
  close(): void
}

/** A key pair of one worker. */
export interface SealingKey {
  /** Given to a worker that seals a text for this worker. */
  readonly publicKey: Uint8Array
  /** Rejects when `sealed` was not sealed to this key. */
  open(sealed: Uint8Array): Promise<string>
}

/** Encrypts a text for one worker, because all code of the origin hears a channel. */
export interface Sealing {
  newKey(): Promise<SealingKey>
  seal(publicKey: Uint8Array, text: string): Promise<Uint8Array>
}

/** The registry's record of a cache: what is known without opening its database. */
export interface CacheRecord {
  /** Name of the database. */
  readonly name: string
  /** In the form of `shownUrl`. */
  readonly url: string
  readonly scope: string
  /** Format of the stored rows; see `CACHE_FORMAT`. */
  readonly format: number
  /** When an engine last used the cache, ms by the wall clock. */
  readonly usedAt: number
  /** The cache is deleted after this time without use, ms; null keeps it. */
  readonly keepMs: number | null
  /** The cache was cleared, and its database may still be there. */
  readonly doomed: boolean
}

/** What the registry knows of clears of a cache. */
export interface ClearState {
  /** When the cache was last cleared, ms by the wall clock; null when not within the last week. */
  readonly clearedAt: number | null
  /** See {@link CacheRecord}. */
  readonly doomed: boolean
}

/** There is no storage in this context: nothing is stored, and nothing can be. */
export class NoStorageError extends Error {
  override readonly name = 'NoStorageError'
}

/**
 * Remembers all caches of the origin, and when each was last used, in one small database. Every call rejects when the registry
 * fails (with {@link NoStorageError} where there is no storage), and settles within a second; the engine works without it.
 */
export interface Registry {
  list(): Promise<ReadonlyArray<CacheRecord>>
  /** Notes that a cache is in use. A doomed cache stays doomed. */
  touch(record: Omit<CacheRecord, 'doomed'>): Promise<void>
  /** Notes, before the deletion, that a cache is to be deleted. @param at when it was cleared, ms by the wall clock */
  doom(record: Omit<CacheRecord, 'doomed'>, at: number): Promise<void>
  clearState(name: string): Promise<ClearState>
  /** Removes the record of a deleted cache. A short digest of its name, with the time of the clear, stays. */
  drop(name: string): Promise<void>
}

/** The record beside the segments, written in the same transaction: it describes the state that the segments hold. */
export interface StoredMeta extends Claim {
  /** See `stateFingerprint`. */
  readonly fingerprint: string
  /** Offset of the last event whose effect is in the segments. */
  readonly offset: string
  /** The branches of the state's lineage. An engine that reads on from here adds its own branch. */
  readonly branches: ReadonlyArray<Branch>
  readonly marks: Marks
  readonly removals: RemovalLog
  /** The stream had been read to its end at this offset: the rows can be shown before the server confirms them. */
  readonly complete: boolean
  /** The newest transaction ids, oldest first. */
  readonly txids: ReadonlyArray<string>
  /** Null when the last batch was too large for an anchor. */
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

/** The subsets that tabs held: they can be shown again before all rows are read. */
export type WorkingSet = ReadonlyArray<StoredSubset>

/** Gets the parts of a cache while they are read. */
export interface StoreReader {
  /** Whether to read the segments. */
  accept(meta: StoredMeta): boolean
  /** The working set, if there is one, before any segment. Its offset is not known; it is of the same stream. */
  preview(working: WorkingSet): void
  /** Rows of the working set are on their way to the tabs: the next segments come when that is over, because they take the thread. */
  isPreviewing(): boolean
  /** The next segments, in order of id. */
  take(segments: ReadonlyArray<Segment>): void
}

export interface StoreWrite {
  readonly meta: StoredMeta
  readonly puts: ReadonlyArray<Segment>
  readonly drops: ReadonlyArray<number>
  /** All stored segments are deleted in the same transaction. */
  readonly replace: boolean
  /** Null keeps the stored working set; with `replace`, null deletes it. */
  readonly working: WorkingSet | null
  /** The writer that has to be the stored one; null accepts any. */
  readonly expectedWriter: string | null
}

/** Another writer has taken the cache over, or the cache was cleared: nothing was written. */
export class LostCacheError extends Error {
  override readonly name = 'LostCacheError'
}

/** The cache was cleared by another engine. */
export class ClearedCacheError extends LostCacheError {}

/** The stored data cannot be read: it is damaged, or another program's. */
export class UnreadableCacheError extends Error {
  override readonly name = 'UnreadableCacheError'
}

/**
 * The cache of one stream for one scope.
 *
 * Atomicity: a commit is applied whole or not at all, also when the process is killed during it; a read sees the result of whole
 * commits. Fencing: a commit that expects another writer than the stored one fails with {@link LostCacheError}. Every call
 * settles: an implementation turns a request that never answers into a rejection.
 */
export interface Store {
  /** The cache has been made by this opening: there is nothing to read. */
  readonly isNew: boolean
  /** Resolves with the reason when the store is lost without a call of {@link close}. */
  readonly lost: Promise<Error>
  /**
   * Stores the claim's writer, also in an empty cache: from then on every commit that expects another writer fails.
   * @param now see {@link isOutdated}
   * @throws LostCacheError when the claim is outdated
   */
  claim(claim: Claim, now: number): Promise<void>
  /**
   * Reads the cache, some segments at a time, so that the first rows need not wait for the last. Once this has rejected, the
   * reader is told nothing more: a database that answers after its time must not bring back what was given up.
   * @returns the meta record when everything was read; null when there is none, or the reader did not accept it
   * @throws UnreadableCacheError, possibly after some segments were taken
   */
  read(reader: StoreReader): Promise<StoredMeta | null>
  /** @throws LostCacheError */
  commit(write: StoreWrite): Promise<void>
  /** Deletes the cache, and closes the store. */
  clear(): Promise<void>
  close(): void
}

/** A stored outbox. */
export interface StoredOutbox {
  readonly head: StoredHead
  /** In the order of their numbers, as they were put. Entries that cannot be understood are left out; they stay stored. */
  readonly entries: ReadonlyArray<OutboxEntry>
  readonly recent: ReadonlyArray<RecentWrite>
  /** How many entries cannot be understood. */
  readonly unreadable: number
}

export interface OutboxWrite extends OutboxChange {
  readonly head: StoredHead
  /** All stored entries are removed in the same transaction, except those that cannot be understood. */
  readonly replace: boolean
  /** The writer that has to be the stored one. */
  readonly expectedWriter: string
}

/**
 * The outbox of one stream for one scope: it has a database of its own, which a new format of the cache, an unreadable cache or a
 * cleared cache never touch. Atomicity, fencing and time limits are those of {@link Store}.
 */
export interface OutboxStore {
  /** Resolves with the reason when the store is lost without a call of {@link close}. */
  readonly lost: Promise<Error>
  /** As {@link Store.claim}. @throws LostCacheError */
  claim(claim: Claim, now: number): Promise<void>
  /** @returns null when nothing was ever stored @throws UnreadableCacheError when the head cannot be understood */
  read(): Promise<StoredOutbox | null>
  /** @throws LostCacheError when another writer has claimed the store */
  commit(write: OutboxWrite): Promise<void>
  close(): void
}

/** How a request ended. `isIdle`: the answer was 204, so a live request has ended without news. */
export interface RequestEnd extends RequestOutcome {
  readonly isIdle: boolean
}

/** Resolves with the headers and params of the next request; rejects when no tab can give them. */
export type RequestAsker = () => Promise<RequestValues>

/**
 * Why a read ended early. The engine decides whether to read again. `interrupted`: nothing failed, but the stream may have been
 * made again, and a new read will show it. `older`: the answer shows an earlier state of the stream. `application`: the
 * application's `headers` or `params` threw.
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

/** A read reports each of its requests here, one after the other. */
export interface Requests {
  /** Resolves when the next request may go out; by then the read may be aborted. */
  turn(): Promise<void>
  /** A request goes out. */
  sent(kind: RequestKind): void
  /** Headers or a part of a body have come from the server. */
  heard(): void
  /** The request was aborted. */
  dropped(): void
  /** The whole answer has come, or the request has failed. Not called for an aborted request. */
  over(end: RequestEnd): void
}

export interface ReadRequest {
  /** Read the events after this offset; `-1` reads all events. */
  readonly offset: string
  readonly live: LiveMode
  /** Bypass all HTTP caches, because the last answer contradicted the one before. */
  readonly isFresh: boolean
  readonly signal: AbortSignal
  readonly requests: Requests
  /** Gets a batch; the next batch is read when the promise resolves. */
  readonly onBatch: (batch: StreamBatch) => Promise<void>
  /** The server has given a usable answer. */
  readonly onAnswer: () => void
  /**
   * A long answer to a read of all events is arriving: gets the items that have arrived so far. The batch has them once more; when
   * the answer breaks off, no batch follows. A source that has no answers need not call it.
   */
  readonly onBeginning?: (items: ReadonlyArray<unknown>) => void
}

/** `ended`: the stream is closed and read whole · `caught-up`: at the end, with `live: false` · `aborted`: by the signal */
export type ReadEnd = 'ended' | 'caught-up' | 'aborted'

/** A request of the outbox; see `FrozenRequest`. */
export interface OutboxRequest {
  readonly producerId: string
  readonly epoch: number
  readonly seq: number
  /** Events as JSON, with commas between them. */
  readonly body: string
  /** The writes in it, for a source that is not the stream: it gets one request for each write. */
  readonly writes: ReadonlyArray<Write>
}

/**
 * The answer to a request of the outbox.
 *
 * - `decided` the server has accepted or refused it
 * - `undecided` no answer, or one that says nothing about the request (network, 408, 429, 5xx): it is sent again
 * - `unauthorized` 401, or 403 without `Producer-Epoch`: it is sent again with other credentials
 */
export type Sent =
  | { readonly kind: 'decided'; readonly verdict: Verdict }
  | { readonly kind: 'undecided'; readonly error: ErrorData; readonly retryAfterMs: number }
  | { readonly kind: 'unauthorized'; readonly error: ErrorData }

/** A durable stream, as the engine reads and writes it. */
export interface StreamSource {
  /**
   * Reads until the end, until the first failure, or until the signal aborts; then it returns at once and makes no more calls.
   * It never retries by itself: the reader decides about retries, by the progress of the stream.
   * @throws SourceError
   */
  read(request: ReadRequest): Promise<ReadEnd>
  /** @throws SidestreamError `NEEDS_AUTH`, `STREAM_NOT_FOUND`, `OFFLINE` or `STREAM_ERROR` */
  append(body: string | Uint8Array, options: AppendSettings): Promise<void>
  /**
   * Sends a request of the outbox, once, and does not try again.
   * @returns the answer, as far as it decides about the request; see {@link Sent}
   * @throws SidestreamError `REQUEST_VALUES` when the application's headers or params fail
   */
  send(request: OutboxRequest, signal: AbortSignal): Promise<Sent>
  /** The server notices when it gets a request of {@link send} again. */
  readonly noticesRepetition: boolean
  /** Where {@link send} sends. Default `stream`. */
  readonly target?: Target
  /**
   * The offset at which the stream ends; null when the server does not give it.
   * @param signal gives the request up
   * @throws SidestreamError as `append` does
   */
  end(signal?: AbortSignal): Promise<string | null>
}

/** Everything that the deletion of a cache needs: storage, clock, locks, channels. */
export interface StorageEnv {
  readonly clock: Clock
  readonly locks: Locks
  readonly registry: Registry
  /** The wall clock, ms since 1970: it survives restarts, and it may be set back. */
  wallNow(): number
  /** In [0, 1). */
  random(): number
  /** Joins a channel; null where there are no channels, or no real locks. */
  openChannel(name: string, onMessage: (message: unknown) => void): Channel | null
  /**
   * Deletes a cache database, without opening it. Resolves also when there is no such database, or no storage. Rejects when the
   * deletion fails, or does not end in time because the database is in use; the browser may still carry it out later.
   */
  deleteStore(name: string): Promise<void>
  /**
   * Opens an outbox database; its name is `outboxName`. Rejects when that is not possible; never hangs.
   */
  openOutbox(name: string): Promise<OutboxStore>
  /** Names of all databases; empty where the browser does not list them. */
  storeNames(): Promise<ReadonlyArray<string>>
}

/** Everything outside of the engine. The simulation has its own. */
/** A row of a query's result. */
export interface ResultRow {
  /** Unique in the result. */
  readonly key: string
  readonly value: RowData
  /** Its place among the rows, which sort by this text; null when the query has no order. */
  readonly order: string | null
}

/** Key → the row; null when it has left the result. */
export type ResultChanges = ReadonlyMap<string, ResultRow | null>

/** A query that is being run. */
export interface QueryRun {
  readonly cost: {
    /** Number of rows in the result. */
    readonly rows: number
    /** The mean time of a run, ms. */
    readonly runMs: number
  }
  /**
   * Moves the window to that of a query that differs in nothing else. The result is told again, also when nothing in it changes.
   * @throws SidestreamError `INVALID_QUERY`
   */
  move(query: Query): void
  close(): void
}

/** Runs queries over the rows that tabs see. Only some worker files have one. */
export interface QueryRunning {
  /**
   * @param onChanges called later, and whenever rows of the result have changed. `isComplete`: these changes and those before make the
   *   result of all rows that were given so far
   * @param onFailed called when the query throws; nothing follows
   * @throws SidestreamError `INVALID_QUERY`
   */
  open(query: Query, onChanges: (changes: ResultChanges, isComplete: boolean) => void, onFailed: (error: Error) => void): QueryRun
  /** Visible rows have changed. The queries run later. */
  changed(diff: RowDiff): void
  /** The rows are those of another state. */
  replaced(): void
  close(): void
}

export interface QueryRunningOptions {
  readonly clock: Clock
  readonly collections: ReadonlyArray<CollectionShape>
  /** The rows of a collection that tabs see, now. */
  readonly rows: (collection: string) => ReadonlyMap<string, RowData>
}

/** The queries of a worker file. */
export interface QueryEngine {
  /** Changes with the functions of the named queries: a stored result of other functions is not shown. */
  readonly version: string
  /** Makes what runs the queries of one stream. */
  create(options: QueryRunningOptions): QueryRunning
}

export interface EngineEnv extends StorageEnv {
  readonly sealing: Sealing
  /** A fresh, unguessable id. */
  newId(): string
  /** Opens the cache database. Rejects when that is not possible; never hangs. */
  openStore(name: string, durability: 'relaxed' | 'strict'): Promise<Store>
  createSource(settings: StreamSettings, ask: RequestAsker): StreamSource
}
