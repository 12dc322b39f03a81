import type { Ack, DiffBatch } from './batch.ts'
import type { ErrorData } from './errors.ts'
import type { Inspection } from './inspection.ts'
import type { Have } from './position.ts'
import type { StreamSettings } from './settings.ts'
import type { SyncMode } from './state-schema.ts'
import type { TabStatus } from './status.ts'
import type { SubsetChange } from './subset.ts'
import type { OutboxNews, Write } from './write.ts'

/**
 * Version of the messages on a port: of this file, and of the files that it imports. Page and worker compare it in the handshake:
 * tabs outlive deploys, and a page must never call a worker of another version.
 */
export const PROTOCOL_VERSION = 10

/** Headers and query parameters of a request. Never stored. */
export interface RequestValues {
  readonly headers: Readonly<Record<string, string>>
  readonly params: Readonly<Record<string, string>>
}

/** What a tab says of itself. A session with an engine, a resync and a fail-over start from it. */
export interface TabDescription {
  /** The tab already shows rows of an earlier engine: without `have`, the first diff must replace them. */
  readonly hasRows: boolean
  /** The position of the tab's rows, if they have one: the engine then sends only the rows that the tab lacks. */
  readonly have: Have | null
  /** Collection name → sync mode; a progressive collection is `eager` once the tab has all of its rows. */
  readonly modes: Readonly<Record<string, SyncMode>>
  /** The subsets that the tab holds. */
  readonly subsets: ReadonlyArray<SubsetChange>
  /** Collection name → keys of the tab's rows that show pending changes: the engine sends these rows again. */
  readonly pendingKeys: Readonly<Record<string, ReadonlyArray<string>>>
  readonly visible: boolean
  /** How many engines this StreamDB had before. */
  readonly failovers: number
  /** The cache of an earlier engine was cleared: no engine sends the tab rows before the application calls `reconnect()`. */
  readonly cleared: boolean
}

/** A tab's first message to an engine. */
export interface Hello {
  readonly version: number
  /** Id of the StreamDB. When the StreamDB opens another session, its former session ends. */
  readonly client: string
  readonly settings: StreamSettings
  /** Null when some of the values are functions: the engine then asks the tab before each request. */
  readonly request: RequestValues | null
  /** The tab wants the raw stream batches too (it has onEvent, onBeforeBatch or onBatch). */
  readonly wantsEvents: boolean
  /** The tab wants to be told of refused writes (it has onRejected). */
  readonly wantsRejected: boolean
  /** Name of a Web Lock that the tab holds for as long as it lives; null without Web Locks. */
  readonly tabLock: string | null
  readonly tab: TabDescription
}

export type HelloReply =
  | {
      readonly ok: true
      readonly epoch: string
      readonly status: TabStatus
      /** Name of a Web Lock that the worker holds for as long as it lives; null without Web Locks. */
      readonly aliveLock: string | null
    }
  | { readonly ok: false; readonly error: ErrorData }

/** Options of an append; `AppendOptions` of @durable-streams/client, without its signal. */
export interface AppendSettings {
  /** Writer coordination (`Stream-Seq`); the server refuses a lower value than the stream's last one with 409. */
  readonly seq?: string
  readonly contentType?: string
  /** Goes with `producerEpoch` and `producerSeq`: the server writes each triple once, and wants a producer's triples in order. */
  readonly producerId?: string
  readonly producerEpoch?: number
  readonly producerSeq?: number
}

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ErrorData }

export type MaybePromise<T> = T | Promise<T>

/**
 * Why a tab asks for a new connection:
 * - `application` the application called `reconnect()`: also ends a wait that the server asked for (`Retry-After`), and a wait
 *   for the application's headers, which lasts while a user signs in
 * - `online` the browser is online again, or `onError` has answered: gives up a request that has been silent for a moment,
 *   since that request was made before the change
 * - `preload` the application wants rows: gives up no request, since each component may call `preload()` and a slow answer
 *   would never come. The silence limit ends a request that gets no answer.
 */
export type ReconnectReason = 'application' | 'online' | 'preload'

/** What a tab may call on its engine. Every method answers with data; errors are answers too. */
export interface EngineContract {
  /** The answer to the tab's connect message. */
  hello(): MaybePromise<HelloReply>
  /** Answers at once; the tab's heartbeat. */
  ping(): string
  /** Lets the engine hydrate and connect, if it has not done so yet. */
  start(): void
  /** Ends a back-off or a wait for credentials and tries now; the {@link ReconnectReason} decides what else it ends. */
  reconnect(reason: ReconnectReason): void
  /** The tab has lost its rows: send them again. */
  resync(): void
  /** Says whether the tab is visible. */
  visible(visible: boolean): void
  /** Holds and releases subsets. */
  subsets(changes: ReadonlyArray<SubsetChange>): void
  append(body: string | Uint8Array, options: AppendSettings): Promise<Outcome<null>>
  /**
   * Stores a write, to be sent to the stream. The answer says only whether the engine refuses the write. The acknowledgement is the
   * write's id in `DiffBatch.stored`: it comes with the write's rows. A write with a known id is the same write again.
   */
  write(write: Write): Promise<Outcome<null>>
  /** Sends a parked write again. The answer is false when there is no such write. */
  retryWrite(id: string): Promise<Outcome<boolean>>
  /** Gives up a write that is parked, or that is not in a request yet. The answer is false when there is no such write. */
  discardWrite(id: string): Promise<Outcome<boolean>>
  /** The offset at which the stream ends; null when the server does not give it. */
  streamEnd(): Promise<Outcome<string | null>>
  /**
   * Removes the stored rows and offset, and the rows of all tabs. The registry keeps a short digest of the cache's name for a
   * week. The outbox is removed too. While it has writes that are not in the stream, the call fails with `WRITES_PENDING`, unless
   * `discardWrites` is true.
   */
  clearCache(discardWrites: boolean): Promise<Outcome<null>>
  /** What the engine says of itself, to a panel. It keeps the events that it reads for a few seconds, for the next call. */
  inspect(): MaybePromise<Outcome<Inspection>>
  /** The tab is leaving; answers when the rows that it has seen are stored, as far as possible. */
  leave(): Promise<void>
}

/** The methods that an engine calls on a tab. */
export interface TabContract {
  apply(batch: DiffBatch): Promise<Ack>
  /** The engine sends the next message after the answer, as after the answer to a diff batch. */
  status(status: TabStatus): MaybePromise<void>
  /** The list of pending writes has changed. Answered as {@link status} is. */
  outbox(news: OutboxNews): MaybePromise<void>
  /** The present values of the tab's headers and params; called before each request. */
  requestValues(): Promise<Outcome<RequestValues>>
}

/** The message that opens a session: `postMessage(connect, [engine, tab])` on a worker or a shared worker's port. */
export interface ConnectMessage {
  readonly sidestream: 'connect'
  readonly version: number
  readonly hello: Hello
  /** The tab calls `EngineContract` through this port. */
  readonly engine: MessagePortLike
  /** The engine calls `TabContract` through this port. */
  readonly tab: MessagePortLike
}

/** The parts of a MessagePort used here; DOM and worker libraries each declare their own. */
export interface MessagePortLike {
  postMessage(message: unknown): void
  close(): void
}
