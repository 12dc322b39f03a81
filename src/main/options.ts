import type { DurableStream } from '@durable-streams/client'
import type { Collection, Context, createOptimisticAction, InitialQueryBuilder, QueryBuilder } from '@tanstack/db'
import type { ChangeEvent, StateEvent } from '../shared/events.ts'
import type { InvalidEvent } from '../shared/batch.ts'
import type { MaybePromise } from '../shared/calls.ts'
import type { Inspection } from '../shared/inspection.ts'
import type { NamedQueries, NamedResultCollection, NoQueries, QueryParams, QueryResultCollection } from '../shared/named-queries.ts'
import type { LiveMode } from '../shared/settings.ts'
import type { CollectionDefinition, StreamStateDefinition } from '../shared/state-schema.ts'
import type { SendWrite } from '../shared/send-write.ts'
import type { Transform } from '../shared/transform.ts'
import type { PendingWrite } from '../shared/write.ts'
import type { ClearOptions } from './clear-options.ts'
import type { WorkerOption } from './endpoint.ts'
import type { WriteOptions } from './event-write.ts'
import type { OutboxStore } from './outbox-list.ts'
import type { StatusStore } from './status.ts'
import type { StreamHandle } from './stream-handle.ts'
import type { StreamMutationFn } from './write-calls.ts'

/** Header name → value. A function is called before every request, on the UI thread, so that a token can refresh. */
export type HeadersRecord = Record<string, string | (() => MaybePromise<string>)>
/** Query parameter → value; functions as in {@link HeadersRecord}. */
export type ParamsRecord = Record<string, string | (() => MaybePromise<string>) | undefined>

/**
 * `BackoffOptions` of @durable-streams/client, for the connection's back-off, which never gives up. Without them the first delay
 * is 500 ms, the longest 30,000 ms, and the multiplier 2.
 */
export interface BackoffOptions {
  /** ms */
  initialDelay: number
  /** ms */
  maxDelay: number
  multiplier: number
  /** Accepted for compatibility: the engine does not give up, and `preload()` rejects after 60 s without an answer. */
  maxRetries?: number
  /** Accepted for compatibility: `status.failedAttempts` counts the failed attempts. */
  onFailedAttempt?: () => void
  /** Accepted for compatibility; sidestream never writes to the console. */
  debug?: boolean
}

/** The stream's URL and the options of its requests: `DurableStreamOptions` of @durable-streams/client. */
export interface StreamOptions {
  /** A relative URL is resolved against the document. */
  url: string | URL
  /** `application/json`, for a StreamDB. */
  contentType?: string
  headers?: HeadersRecord
  params?: ParamsRecord
  /** Aborting it closes the StreamDB. */
  signal?: AbortSignal
  backoffOptions?: BackoffOptions
  /** Sends overlapping appends in one request. Default true. */
  batching?: boolean
  /** Only without `worker`: a function cannot cross to a worker. */
  fetch?: typeof globalThis.fetch
  /**
   * Called when the server refuses (401, 403, 404, 410 and other 4xx). When it returns an object, the request is made again, and
   * the object's headers and params are sent from then on.
   */
  onError?: (error: Error) => MaybePromise<void | { headers?: HeadersRecord; params?: ParamsRecord }>
  /** Accepted for compatibility; sidestream never warns. */
  warnOnHttp?: boolean
}

/** A batch as it was read from the stream: `JsonBatch` of @durable-streams/client. */
export interface JsonBatch<T = unknown> {
  /** Null stands for an item that is nested more than 200 levels deep. */
  readonly items: ReadonlyArray<T>
  readonly offset: string
  readonly upToDate: boolean
  readonly cursor?: string
  readonly streamClosed: boolean
}

export interface CacheSettings {
  /** IndexedDB's durability hint. `strict` survives a power cut and costs more at each flush. Default `relaxed`. */
  durability?: 'relaxed' | 'strict'
  /** Change it to drop every user's stored rows, for example when a schema has become stricter. */
  version?: string
  /**
   * A cache that nothing has used for this long, ms, is deleted by the next StreamDB of the origin. `false` keeps it. Default 30
   * days.
   */
  keepUnusedMs?: number | false
  /** The page asks the browser, once a write is stored, to keep the origin's storage. Some browsers ask the user. Default true. */
  persist?: boolean
}

// `any` as in @durable-streams/state: an action's parameters are inferred from its definition.
/* eslint-disable @typescript-eslint/no-explicit-any */
export interface ActionDefinition<TParams = any, TContext = any> {
  /** Changes the collections optimistically; must be synchronous. */
  onMutate: (params: TParams) => void
  /** Writes the change. The optimistic rows are dropped when the promise settles. Default `db.mutationFn`. */
  mutationFn?: (params: TParams, context: TContext) => Promise<any>
}

export type ActionFactory<
  TDef extends StreamStateDefinition,
  TActions extends Record<string, ActionDefinition<any>>,
  TStream extends StreamHandle = StreamHandle,
> = (context: { db: StreamDB<TDef, TStream>; stream: TStream }) => TActions

export type ActionMap<TActions extends Record<string, ActionDefinition<any>>> = {
  [K in keyof TActions]: ReturnType<typeof createOptimisticAction<any>>
}

/** The members of a `DurableStream` that the option `stream` needs, from any copy of @durable-streams/client. */
export type GivenStream = Pick<DurableStream, 'url' | 'contentType' | 'append' | 'stream'>

export interface CreateStreamDBOptions<
  TDef extends StreamStateDefinition = StreamStateDefinition,
  TActions extends Record<string, ActionDefinition<any>> = Record<string, never>,
  TStream extends StreamHandle = StreamHandle,
  TQueries extends NamedQueries = NoQueries,
> {
  /** Required without `stream`. */
  streamOptions?: StreamOptions
  /** A `DurableStream` to read and write through. Only without `worker`: an object cannot cross to a worker. */
  stream?: TStream & GivenStream
  /** The collections, from `createStateSchema`. */
  state: TDef
  /**
   * `true` and `'long-poll'` poll, `'sse'` listens to server-sent events, `false` stops at the stream's present end.
   * Default true.
   */
  live?: LiveMode
  /** Makes the optimistic actions, which become `db.actions`. */
  actions?: ActionFactory<TDef, TActions, TStream>
  /** Called for every well-formed change event, in order, before its rows are in the collections. */
  onEvent?: (event: ChangeEvent) => void
  /** Called for each batch of the stream before its events. */
  onBeforeBatch?: (batch: JsonBatch<StateEvent>) => void
  /** Called for each batch of the stream when its rows are in the collections. */
  onBatch?: (batch: JsonBatch<StateEvent>) => void
  /**
   * The worker that runs the engine, or a function that makes it, and makes another one when it dies. A worker made by the
   * function ends 2 s after its last StreamDB is closed; a worker given as an object is never ended. Without this option the
   * engine runs in the page.
   */
  worker?: WorkerOption
  /**
   * False uses no shared worker, for support cases: `worker` is called with `shared: false`. When it makes a shared worker all
   * the same, the engine runs in the page. Default true.
   */
  sharedWorker?: boolean
  /**
   * When every tab has been hidden for this long, ms, reading pauses until a tab is shown or writes. `false` never pauses.
   * Default 60,000.
   */
  pauseWhenHidden?: number | false
  /**
   * A request that gets no byte from the server for this long, ms, is given up and made again. Default 45,000.
   */
  silenceTimeoutMs?: number
  /** Separates the caches and engines of one stream, for example by user id. Default the empty string. */
  scope?: string
  /** False stores nothing. Default true. */
  cache?: boolean | CacheSettings
  /**
   * Changes or drops events before they become rows. Only without `worker`, because a function cannot cross to a worker: with
   * `worker`, give it to `exposeStreamDB` in the worker file. When you change the transform, change `cache.version` too.
   */
  transform?: Transform
  /**
   * Posts a write to an API of the application, in place of an append to the stream. Only without `worker`, as `transform`; with
   * `worker`, give it to `exposeStreamDB` in the worker file.
   */
  send?: SendWrite
  /**
   * The queries of the worker file, from `defineQueries`: `db.query` knows their types, and runs them in the tab where the worker
   * cannot. A page that only needs the types gives `{} as typeof queries`.
   */
  queries?: TQueries
  /** Called for quarantined events; at most 100 of a batch. */
  onInvalid?: (report: InvalidEvent) => void
  /**
   * Called when a write is refused, in one of the tabs that have this option: by the server, or because it updates a row that is not
   * there (`ROW_MISSING`). The write's changes are taken back; it waits in `db.outbox` for `retry` or `discard`.
   */
  onRejected?: (write: PendingWrite) => void
}

/** The options that do not depend on the types of the application's actions. */
export type PlainOptions = Omit<CreateStreamDBOptions, 'actions'>

type RowOf<T extends CollectionDefinition> = T extends CollectionDefinition<infer U> ? U : unknown

export type CollectionMap<TDef extends StreamStateDefinition> = {
  [K in keyof TDef]: Collection<RowOf<TDef[K]> & object, string>
}

export interface StreamDBUtils {
  /**
   * Resolves when the rows of a transaction are in this tab's collections.
   * @param timeout ms, default 5000; `Infinity` waits 24.8 days, the longest delay of a timer
   * @throws SidestreamError `INVALID_ARGUMENT` (at once), `TXID_TIMEOUT`, `CLOSED`, `WORKER_DIED`, `WORKER_START_FAILED`,
   *   `VERSION_MISMATCH`, `INVALID_OPTIONS` (a relative URL without a document)
   */
  awaitTxId: (txid: string, timeout?: number) => Promise<void>
}

export interface StreamDBMethods<TStream extends StreamHandle = StreamHandle> {
  /** The option `stream`, or else a handle that writes through the engine. */
  readonly stream: TStream
  /** Offset up to which this tab's collections show the stream; `-1` before the first event. */
  readonly offset: string
  /**
   * Resolves when the collections can be shown: from the cache when there is one, else when the stream has been read to its end.
   * It may be called again after a rejection.
   * @throws SidestreamError when nothing is cached: `NEEDS_AUTH`, `STREAM_NOT_FOUND`, `STREAM_ERROR`, `REQUEST_VALUES`, `OFFLINE`
   *   (no progress for 60 s), `HOOK_FAILED` (`onError` threw); in any case: `INVALID_OPTIONS` (a relative URL without a document),
   *   `WORKER_START_FAILED`, `VERSION_MISMATCH`, `CLOSED`
   */
  preload: () => Promise<void>
  /** Ends the StreamDB. Pending and later calls reject with `CLOSED`. */
  close: () => void
  readonly utils: StreamDBUtils
  readonly status: StatusStore
  /** Makes a request now, for all tabs of the engine: after new credentials, or to end a back-off or `Retry-After`. */
  reconnect: () => void
  /**
   * Removes this stream's stored rows and offset, and the rows of all tabs that use this cache. The engine stores nothing any
   * more, also for the other tabs and after `reconnect()`. Call it when a user signs out, then {@link close}. Resolves also when
   * there was nothing to remove, or no storage at all. With `discardWrites` it also removes the writes that are not in the stream.
   * @throws SidestreamError `WRITES_PENDING` when such writes would be lost; `STORAGE_FAILED` (retryable) when stored rows could not
   *   be removed now: this worker and the next worker try again; `INVALID_ARGUMENT`, `WORKER_DIED`, `CLOSED`, `WORKER_START_FAILED`,
   *   `VERSION_MISMATCH`, `INVALID_OPTIONS` (a relative URL without a document)
   */
  clearCache: (options?: ClearOptions) => Promise<void>
  /**
   * Writes events that the event helpers of the schema have made, all or none. Resolves when they are stored on this device and
   * applied in this tab, also without a network: `utils.awaitTxId(txid)` waits for the stream.
   * @throws SidestreamError `INVALID_ARGUMENT`, also when another write has the `txid`; `VALIDATION_FAILED`; when the events may not
   *   be stored: `STORAGE_FAILED`, `WORKER_DIED`, `CLOSED`, `WORKER_START_FAILED`, `VERSION_MISMATCH`, `INVALID_OPTIONS` (a relative URL without a document)
   */
  write: (events: ReadonlyArray<ChangeEvent>, options?: WriteOptions) => Promise<{ readonly txid: string }>
  /**
   * The mutation function for TanStack DB's transactions, optimistic actions and paced mutations over collections of this StreamDB.
   * All changes of a transaction are one write, with the transaction's id as `txid`. The collections' own `insert`, `update` and
   * `delete` use it. Rejects, and so takes the changes back, as {@link write} does.
   */
  mutationFn: StreamMutationFn
  /** The writes that are not in the stream yet. */
  readonly outbox: OutboxStore
  /**
   * What the engine says of itself, for `sidestream/devtools` and for reports of faults: plain data, with fields that may change in any
   * release. It has keys, beginnings of events and constants of queries in it. Null while there is no engine: the call starts none.
   * @throws SidestreamError `WORKER_DIED`, `CLOSED`, `WORKER_START_FAILED`, `STREAM_ERROR` (the answer is not understood)
   */
  inspect: () => Promise<Inspection | null>
}

export interface StreamDBQueries<TQueries extends NamedQueries = NoQueries> {
  /**
   * The result of a named query of the worker file, as a read-only collection: with `useLiveQuery`, in joins, and in further queries.
   * The worker runs it, and this tab holds the rows of the result only. It runs while the collection is in use in any tab. While
   * it is in use, the same name and parameters give the same collection. The collection gets the status `error`, and its `preload()`
   * rejects, when the query runs neither in the worker nor in the tab (`INVALID_QUERY`, `NO_QUERY_ENGINE`), and when the parameters are
   * no data that JSON has (`INVALID_ARGUMENT`). A query with `findOne()` is a single row to hooks when the page has its function, in the
   * option `queries`; else it is a list of one row.
   */
  // A method: a StreamDB with queries is also one without.
  query<K extends keyof TQueries & string>(name: K, ...params: QueryParams<TQueries[K]>): NamedResultCollection<TQueries[K]>
  /**
   * As {@link query}, with a query that is written here and sent to the worker as data. Each call makes a collection: keep it, as
   * one of `createLiveQueryCollection`. A query that cannot cross runs in the tab; `status.fallbacks` says so.
   */
  liveQuery: <TContext extends Context>(build: (q: InitialQueryBuilder) => QueryBuilder<TContext>) => QueryResultCollection<QueryBuilder<TContext>>
}

export type StreamDB<TDef extends StreamStateDefinition, TStream extends StreamHandle = StreamHandle, TQueries extends NamedQueries = NoQueries> = {
  readonly collections: CollectionMap<TDef>
} & StreamDBMethods<TStream> &
  StreamDBQueries<TQueries>

export type StreamDBWithActions<
  TDef extends StreamStateDefinition,
  TActions extends Record<string, ActionDefinition<any>>,
  TStream extends StreamHandle = StreamHandle,
  TQueries extends NamedQueries = NoQueries,
> = StreamDB<TDef, TStream, TQueries> & { actions: ActionMap<TActions> }

/* eslint-enable @typescript-eslint/no-explicit-any */
