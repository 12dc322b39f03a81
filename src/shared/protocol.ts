import type { ErrorData } from './errors.ts'
import type { ChangeEvent } from './events.ts'
import type { CollectionDiff } from './row-diff.ts'
import type { SyncMode } from './state-schema.ts'
import type { EngineStatus } from './status.ts'
import type { ServedSubset, SubsetChange } from './subset.ts'

/**
 * Version of everything in this file. Page and worker compare it in the handshake: tabs outlive deploys, and a worker of
 * another version must never be talked to.
 */
export const PROTOCOL_VERSION = 4

/** Start of a stream: the offset that precedes every event (Durable Streams protocol). */
export const START_OFFSET = '-1'

export type LiveMode = boolean | 'long-poll' | 'sse'

/** A collection's definition as data; a Standard Schema cannot cross a port. */
export interface CollectionShape {
  readonly name: string
  readonly type: string
  readonly primaryKey: string
}

export interface BackoffSettings {
  /** ms */
  readonly initialDelay: number
  /** ms */
  readonly maxDelay: number
  readonly multiplier: number
}

export interface CacheShape {
  readonly durability: 'relaxed' | 'strict'
  readonly version: string
  /** It is removed when nothing has used it for so long, ms; null keeps it. */
  readonly keepUnusedMs: number | null
}

/** Everything that an engine has to know of a stream. Two tabs with equal settings share an engine. */
export interface StreamSettings {
  readonly url: string
  readonly scope: string
  readonly collections: ReadonlyArray<CollectionShape>
  readonly live: LiveMode
  readonly contentType: string | null
  readonly batching: boolean
  readonly backoff: BackoffSettings | null
  readonly cache: null | CacheShape
  /** A server that says nothing for so long is asked again, ms. */
  readonly silenceTimeoutMs: number
  /** When all tabs have been hidden for so long, the stream is not read, ms; null reads on. */
  readonly pauseWhenHidden: number | null
}

/** Headers and query parameters of a request. Never stored. */
export interface RequestValues {
  readonly headers: Readonly<Record<string, string>>
  readonly params: Readonly<Record<string, string>>
}

/**
 * Where a state of the stream is: the fold of its events up to `offset`, `seq` change events among them. Offsets and
 * numbers of a stream that was made again are alike: which events they were, branch and digest tell.
 */
export interface Position {
  /** What the engine has read that says so; see `Lineage`. */
  readonly branch: string
  readonly seq: number
  /** Digest of the events, 32 bits. */
  readonly digest: number
  readonly offset: string
}

/** The rows that a tab has: all up to a position, and perhaps some newer ones. */
export interface Have extends Position {
  /** None of its rows is newer than this offset. */
  readonly upTo: string
}

/** What a tab says when it connects. */
export interface Hello {
  readonly version: number
  /** Id of the StreamDB. When it says hello again, by whatever way, its former session is over. */
  readonly client: string
  readonly settings: StreamSettings
  /** Null when some are functions: the tab is then asked before each request. */
  readonly request: RequestValues | null
  /** The tab wants the raw stream batches too (it has onEvent, onBeforeBatch or onBatch). */
  readonly wantsEvents: boolean
  /** The tab already shows rows of an earlier engine: unless it says which, the first diff must replace them. */
  readonly hasRows: boolean
  /** What those are, if they are of one position; only what is lacking is sent then. */
  readonly have: Have | null
  /** Collections that it does not hold all of; those that it does by now are eager. */
  readonly modes: Readonly<Record<string, SyncMode>>
  /** The subsets that it holds of them. */
  readonly subsets: ReadonlyArray<SubsetChange>
  /** Name of a Web Lock that the tab holds for as long as it lives; null where there are none. */
  readonly tabLock: string | null
  /** Engines that this StreamDB had before. */
  readonly failovers: number
  readonly visible: boolean
}

export type HelloReply =
  | {
      readonly ok: true
      readonly epoch: string
      readonly status: EngineStatus
      /** Name of a Web Lock that the worker holds for as long as it lives; null where there are none. */
      readonly aliveLock: string | null
    }
  | { readonly ok: false; readonly error: ErrorData }

/** A batch as it was read from the stream; `JsonBatch` of @durable-streams/client. */
export interface StreamBatch {
  readonly items: ReadonlyArray<unknown>
  readonly offset: string
  readonly upToDate: boolean
  readonly cursor?: string
  readonly streamClosed: boolean
}

/** A stream batch on its way to a tab. */
export interface TabBatch extends StreamBatch {
  /** The well-formed change events among the items. */
  readonly changes: ReadonlyArray<ChangeEvent>
}

/** An event that was kept out of the collections. */
export interface InvalidEvent {
  /**
   * `MALFORMED` not a State Protocol event · `NOT_A_ROW` its value is not an object, or nested too deeply · `REFUSED` its collection's schema
   * refuses the value · `TRANSFORM_FAILED` the application's `transform` threw, or returned neither a change event nor null
   */
  readonly code: 'MALFORMED' | 'NOT_A_ROW' | 'REFUSED' | 'TRANSFORM_FAILED'
  readonly reason: string
  /** Offset of the batch that the event came in. */
  readonly offset: string
  /** Null when it is nested too deeply to be handed on. */
  readonly event: unknown
}

/**
 * Changes that take a tab from offset `from` to the position (`branch`, `seq`, `digest`, `to`). Worker → tab, one in
 * flight per tab; the tab's answer is the acknowledgement that lets the next one go.
 *
 * Of a collection that the tab holds subsets of, the changes are those of their rows: a row is deleted when it is in none of
 * them any more. A diff too large for one message goes in parts: only the last part (`last: true`) moves the tab to `to`; until then its
 * rows are between two offsets.
 */
export interface DiffBatch {
  readonly epoch: string
  readonly from: string
  readonly to: string
  readonly branch: string
  readonly seq: number
  readonly digest: number
  readonly last: boolean
  readonly diffs: ReadonlyArray<CollectionDiff>
  /** First part of a snapshot that replaces whatever the tab shows: rows it does not mention by its last part are gone. */
  readonly replace: boolean
  /** The same for some collections only: in the order of events this batch continues what the tab has. */
  readonly replaced: ReadonlyArray<string>
  /** Subsets whose rows are in the tab once this batch is applied, and those whose edge has moved. */
  readonly served: ReadonlyArray<ServedSubset>
  /** Progressive collections that are not whole yet. */
  readonly filling: ReadonlyArray<string>
  /** Most of it is for filling them: the next such batch is to wait until the tab has nothing else to do. */
  readonly isFill: boolean
  /** Transaction ids whose rows are visible once this batch is applied. */
  readonly txids: ReadonlyArray<string>
  /** The collections may be shown: they are hydrated from the cache, or up to date. */
  readonly ready: boolean
  /** Some of the rows are not confirmed by the server since the engine started. */
  readonly stale: boolean
  /** The engine's status at the end of this batch; null in a part that is not the last. */
  readonly status: EngineStatus | null
  /** Raw batches folded into this diff, for tabs that want them. */
  readonly events: ReadonlyArray<TabBatch>
  readonly invalid: ReadonlyArray<InvalidEvent>
}

/** The tab's answer to a diff batch. */
export type Ack = 'applied' | 'resync'

/** Options of an append; `AppendOptions` of @durable-streams/client, without its signal. */
export interface AppendSettings {
  /** Writer coordination (`Stream-Seq`); a lower one than the stream's last is refused with 409. */
  readonly seq?: string
  readonly contentType?: string
  readonly producerId?: string
  readonly producerEpoch?: number
  readonly producerSeq?: number
}

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ErrorData }

export type MaybePromise<T> = T | Promise<T>

/** What a tab may call on its engine. Every method answers with data; errors are answers too. */
export interface EngineContract {
  /** The answer to the tab's connect message. */
  hello(): MaybePromise<HelloReply>
  /** Answers at once; the tab's heartbeat. */
  ping(): string
  /** Hydrates and connects, if that has not happened yet. */
  start(): void
  /** Ends a back-off or a wait for credentials and tries now. @param isAsked the application said so: a server's `Retry-After` is passed over too */
  reconnect(isAsked: boolean): void
  /** The tab has lost its rows: send them again. */
  resync(): void
  /** Whether anybody can see the tab. */
  visible(visible: boolean): void
  /** Holds subsets, and lets go of them. */
  subsets(changes: ReadonlyArray<SubsetChange>): void
  append(body: string | Uint8Array, options: AppendSettings): Promise<Outcome<null>>
  /** The offset at which the server says that the stream ends; null where it does not say. */
  streamEnd(): Promise<Outcome<string | null>>
  /** Removes every trace of the stream: stored rows and offset, and the rows of all tabs. */
  clearCache(): Promise<Outcome<null>>
  /** The tab is leaving; answers when what it has seen is stored, as far as that is possible. */
  leave(): Promise<void>
}

/** What an engine may call on a tab. */
export interface TabContract {
  apply(batch: DiffBatch): Promise<Ack>
  status(status: EngineStatus): void
  /** The present values of the tab's headers and params; asked before each request. */
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

/** Recognizes a connect message among whatever else an application posts to its worker. */
export function isConnectMessage(data: unknown): data is ConnectMessage {
  if (typeof data !== 'object' || data === null) return false
  const message = data as Partial<ConnectMessage>
  return (
    message.sidestream === 'connect' &&
    typeof message.version === 'number' &&
    typeof message.hello === 'object' &&
    isPort(message.engine) &&
    isPort(message.tab)
  )
}

const isPort = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && typeof (value as Partial<MessagePortLike>).postMessage === 'function'

