import type { DurableStream } from '@durable-streams/client'
import type { Collection, createOptimisticAction } from '@tanstack/db'
import type { ChangeEvent, StateEvent } from '../shared/events.ts'
import type { InvalidEvent } from '../shared/batch.ts'
import type { MaybePromise } from '../shared/calls.ts'
import type { LiveMode } from '../shared/settings.ts'
import type { CollectionDefinition, StreamStateDefinition } from '../shared/state-schema.ts'
import type { Transform } from '../shared/transform.ts'
import type { WorkerOption } from './endpoint.ts'
import type { StatusStore } from './status.ts'
import type { StreamHandle } from './stream-handle.ts'

/** A function is called at every request, on the UI thread: that is how a token refreshes. */
export type HeadersRecord = Record<string, string | (() => MaybePromise<string>)>
export type ParamsRecord = Record<string, string | (() => MaybePromise<string>) | undefined>

/** `BackoffOptions` of @durable-streams/client. The connection's own back-off grows from these, and never ends. */
export interface BackoffOptions {
  /** ms */
  initialDelay: number
  /** ms */
  maxDelay: number
  multiplier: number
  /** Accepted for compatibility: the engine does not give up, and `preload()` rejects after 60 s without an answer. */
  maxRetries?: number
  /** Accepted for compatibility: `status.failedAttempts` counts them. */
  onFailedAttempt?: () => void
  /** Accepted for compatibility; sidestream never writes to the console. */
  debug?: boolean
}

/** Where the stream is and how to ask for it; `DurableStreamOptions` of @durable-streams/client. */
export interface StreamOptions {
  /** A relative one is resolved against the document. */
  url: string | URL
  /** `application/json`, for a StreamDB. */
  contentType?: string
  headers?: HeadersRecord
  params?: ParamsRecord
  /** Aborting it closes the StreamDB. */
  signal?: AbortSignal
  backoffOptions?: BackoffOptions
  /** Appends that overlap go out in one request. Default true. */
  batching?: boolean
  /** Only without `worker`: a function cannot cross to one. */
  fetch?: typeof globalThis.fetch
  /**
   * Called when the server refuses (401, 403, 404, 410 and other 4xx). Returning an object tries again, with its headers
   * and params added from then on.
   */
  onError?: (error: Error) => MaybePromise<void | { headers?: HeadersRecord; params?: ParamsRecord }>
  /** Accepted for compatibility; sidestream never warns. */
  warnOnHttp?: boolean
}

/** A batch as it was read from the stream; `JsonBatch` of @durable-streams/client. */
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
  /** Change it to make every user's stored rows void, for example when a schema has become stricter. */
  version?: string
  /**
   * A cache that nothing has used for so long, ms, is removed by whatever StreamDB of the origin opens next. `false` keeps it.
   * Default 30 days.
   */
  keepUnusedMs?: number | false
}

// `any` as in @durable-streams/state: an action's parameters are the application's, and inferred from its definition.
/* eslint-disable @typescript-eslint/no-explicit-any */
export interface ActionDefinition<TParams = any, TContext = any> {
  /** Changes the collections at once; must be synchronous. */
  onMutate: (params: TParams) => void
  /** Makes the change permanent. The optimistic rows are dropped when it settles. */
  mutationFn: (params: TParams, context: TContext) => Promise<any>
}

export type ActionFactory<
  TDef extends StreamStateDefinition,
  TActions extends Record<string, ActionDefinition<any>>,
  TStream extends StreamHandle = StreamHandle,
> = (context: { db: StreamDB<TDef, TStream>; stream: TStream }) => TActions

export type ActionMap<TActions extends Record<string, ActionDefinition<any>>> = {
  [K in keyof TActions]: ReturnType<typeof createOptimisticAction<any>>
}

/** What is asked of a stream object that is given: a `DurableStream`, of whichever copy of @durable-streams/client. */
export type GivenStream = Pick<DurableStream, 'url' | 'contentType' | 'append' | 'stream'>

export interface CreateStreamDBOptions<
  TDef extends StreamStateDefinition = StreamStateDefinition,
  TActions extends Record<string, ActionDefinition<any>> = Record<string, never>,
  TStream extends StreamHandle = StreamHandle,
> {
  /** Required, unless `stream` is given. */
  streamOptions?: StreamOptions
  /** A stream object of @durable-streams/client to read through. Only without `worker`: an object cannot cross to one. */
  stream?: TStream & GivenStream
  state: TDef
  /**
   * `true` and `'long-poll'` poll, `'sse'` listens to server-sent events, `false` stops at the stream's present end.
   * Default true.
   */
  live?: LiveMode
  actions?: ActionFactory<TDef, TActions, TStream>
  /** Called for every well-formed change event, in order, before its rows are in the collections. */
  onEvent?: (event: ChangeEvent) => void
  /** Called for each batch of the stream before its events. */
  onBeforeBatch?: (batch: JsonBatch<StateEvent>) => void
  /** Called for each batch of the stream when its rows are in the collections. */
  onBatch?: (batch: JsonBatch<StateEvent>) => void
  /**
   * The worker that runs the engine, or a function that makes one (again, should it die). A worker made by the function
   * is terminated with its last StreamDB; one that is given as an object is left alone. Without it the engine runs in the
   * page.
   */
  worker?: WorkerOption
  /**
   * False keeps this StreamDB away from shared workers, for support cases: `worker` is called with `shared: false`, and
   * should it make a shared one all the same, the engine runs in the page. Default true.
   */
  sharedWorker?: boolean
  /**
   * When every tab has been hidden for so long, ms, the stream is not read any more until one shows, or writes. `false`
   * reads on. Default 60,000.
   */
  pauseWhenHidden?: number | false
  /**
   * A server that says nothing for so long while it is asked, ms, is asked again; an event stream that brings any byte says
   * something. Default 45,000.
   */
  silenceTimeoutMs?: number
  /** Separates caches of one stream, by user id for example. Default the empty string. */
  scope?: string
  /** Default true. */
  cache?: boolean | CacheSettings
  /**
   * Changes or drops events before they become rows. Only without `worker`: a function cannot cross to one, so there it is given to
   * `exposeStreamDB` in the worker file. Whoever changes it has to change `cache.version` too.
   */
  transform?: Transform
  /** Called for events that were kept out of the collections; at most 100 of a batch. */
  onInvalid?: (report: InvalidEvent) => void
}

/** The options without what depends on the application's types. */
export type PlainOptions = Omit<CreateStreamDBOptions, 'actions'>

type RowOf<T extends CollectionDefinition> = T extends CollectionDefinition<infer U> ? U : unknown

export type CollectionMap<TDef extends StreamStateDefinition> = {
  [K in keyof TDef]: Collection<RowOf<TDef[K]> & object, string>
}

export interface StreamDBUtils {
  /**
   * Settles when the rows of a transaction are in this tab's collections.
   * @param timeout ms, default 5000
   * @throws SidestreamError `INVALID_ARGUMENT` (at once), `TXID_TIMEOUT`, `CLOSED`, `WORKER_DIED`
   */
  awaitTxId: (txid: string, timeout?: number) => Promise<void>
}

export interface StreamDBMethods<TStream extends StreamHandle = StreamHandle> {
  /** The stream that was given, else one that writes through the engine. */
  readonly stream: TStream
  /** Offset up to which this tab's collections show the stream; `-1` before the first event. */
  readonly offset: string
  /**
   * Settles when the collections can be shown: from the cache when there is one, else when the stream has been read to
   * its end.
   * @throws SidestreamError `NEEDS_AUTH`, `STREAM_NOT_FOUND`, `STREAM_ERROR`, `OFFLINE` (no answer for a while), each with
   *   nothing cached; `WORKER_START_FAILED`, `VERSION_MISMATCH`, `CLOSED`. It may be called again.
   */
  preload: () => Promise<void>
  close: () => void
  readonly utils: StreamDBUtils
  readonly status: StatusStore
  /** Tries now: after new credentials, or instead of waiting for a back-off to end. */
  reconnect: () => void
  /**
   * Removes this stream's stored rows and offset, and the rows of all tabs that have them; this StreamDB stores nothing any
   * more. For signing out: close it then. Settles as well when there was nothing to remove, or no storage at all.
   * @throws SidestreamError `STORAGE_FAILED` when stored rows could not be removed now: the worker goes on trying, and so does
   *   the next one (retryable); `WORKER_DIED`, `CLOSED`
   */
  clearCache: () => Promise<void>
}

export type StreamDB<TDef extends StreamStateDefinition, TStream extends StreamHandle = StreamHandle> = {
  readonly collections: CollectionMap<TDef>
} & StreamDBMethods<TStream>

export type StreamDBWithActions<
  TDef extends StreamStateDefinition,
  TActions extends Record<string, ActionDefinition<any>>,
  TStream extends StreamHandle = StreamHandle,
> = StreamDB<TDef, TStream> & { actions: ActionMap<TActions> }

/* eslint-enable @typescript-eslint/no-explicit-any */
