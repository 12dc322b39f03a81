import type { ErrorData } from './errors.ts'
import type { QueryStatus } from './query.ts'

/**
 * The state of an engine's connection.
 *
 * - `idle` not started yet · `connecting` waiting for a first answer · `catching-up` reading towards the end of the stream
 * - `live` at the end of the stream and listening; with `live: false`, at the end and stopped
 * - `paused` every tab has been hidden for a while: nothing is read until a tab is shown
 * - `offline` the server cannot be reached, or contradicts itself; tried again with back-off
 * - `needs-auth` 401 or 403; waits for `reconnect()`
 * - `not-found` 404 or 410; tried again with back-off · `failed` any other refusal; tried again with back-off
 * - `ended` the stream was closed by its writer and has been read whole · `closed` the StreamDB was closed
 */
export type ConnectionState =
  | 'idle'
  | 'connecting'
  | 'catching-up'
  | 'live'
  | 'paused'
  | 'offline'
  | 'needs-auth'
  | 'not-found'
  | 'failed'
  | 'ended'
  | 'closed'

/** `read-only`: another engine writes this cache; this engine has read its rows, and keeps later changes in memory. */
export type StorageMode = 'opening' | 'indexeddb' | 'read-only' | 'memory'

/**
 * Where a tab's engine runs.
 *
 * - `shared-worker` in the one worker that all tabs share
 * - `leader` in this tab's own worker, which also serves the other tabs, if there are any
 * - `follower` in another tab's worker, which leads
 * - `page` in this page, on the UI thread
 */
export type EngineHome = 'shared-worker' | 'leader' | 'follower' | 'page'

/** The status of an engine, as far as it is the same for all of its tabs. */
export interface EngineStatus {
  /** Id of the engine. Every engine has a new id, so two tabs with the same id share an engine. */
  readonly epoch: string
  /** Number of StreamDBs that the engine serves, in all tabs. */
  readonly tabs: number
  readonly connection: ConnectionState
  /** `clearCache()` was called, in this tab or another: there are no rows, and nothing is read before `reconnect()`. */
  readonly cleared: boolean
  /** The engine has read the stream to its end since it last connected. */
  readonly upToDate: boolean
  /** The rows can be shown: they are from a complete cache, or have been read to the stream's end. */
  readonly ready: boolean
  /** Offset of the last event that the engine has materialized; `-1` before the first. */
  readonly offset: string
  /** Offset up to which the cache holds the rows; null when nothing is stored. */
  readonly persistedOffset: string | null
  /** Number of rows in all collections. */
  readonly rows: number
  /** Events that are in no collection, because they are malformed or were refused. */
  readonly quarantined: { readonly count: number; readonly lastReason: string | null }
  /** Number of change events of a type that no collection has. */
  readonly unknown: number
  readonly storage: StorageMode
  /** Number of writes that wait to be sent or answered; refused ones are not among them. */
  readonly pending: number
  /** Number of parked writes, which wait for `outbox.retry()` or `outbox.discard()`. */
  readonly parked: number
  /** All pending writes are stored on this device. False: some may be in memory only, and are lost with the worker. False until the engine knows. */
  readonly durable: boolean
  /** How many attempts to reach the stream have failed since the engine started. */
  readonly failedAttempts: number
  readonly lastError: ErrorData | null
}

/** The status of an engine for one tab: `cleared`, `rows` and `lastError` may differ from the status for other tabs. */
export interface TabStatus extends EngineStatus {
  readonly where: EngineHome
  /** How often this StreamDB changed to another engine, because a leader closed or a worker died. */
  readonly failovers: number
  /** The queries of this StreamDB that the engine runs. Key: on a port, the result's collection; in the application, the id of the collection that `query` or `liveQuery` has returned. */
  readonly queries: Readonly<Record<string, QueryStatus>>
}

/** The status of a StreamDB. It is a new object after each change, and the same object otherwise. */
export interface StreamDBStatus extends TabStatus {
  /** The collections can be shown. */
  readonly ready: boolean
  /** Offset up to which this tab's collections show the stream; it may be behind the engine's offset while the tab is busy. */
  readonly offset: string
  /** The rows shown are from the cache and the server has not confirmed them yet, or a result shown is one of the last visit. */
  readonly stale: boolean
  /**
   * Collection → why the tab holds all of it although it is on-demand or progressive: a query's expression cannot cross to the
   * worker. Id of a collection that `query` or `liveQuery` has returned → why its query runs in the tab.
   */
  readonly fallbacks: Readonly<Record<string, string>>
}

export const INITIAL_ENGINE_STATUS: EngineStatus = {
  epoch: '',
  tabs: 0,
  connection: 'idle',
  cleared: false,
  upToDate: false,
  ready: false,
  offset: '-1',
  persistedOffset: null,
  rows: 0,
  quarantined: { count: 0, lastReason: null },
  unknown: 0,
  storage: 'opening',
  pending: 0,
  parked: 0,
  durable: false,
  failedAttempts: 0,
  lastError: null,
}

/** The status of a tab that has no engine yet. */
export const INITIAL_TAB_STATUS: TabStatus = { ...INITIAL_ENGINE_STATUS, where: 'page', failovers: 0, queries: {} }

/**
 * The status that a tab shows when a new engine follows another one. The tab keeps its rows while the new engine reads. Until
 * the new engine is ready, or has found that there is no stream, it counts fewer rows than the tab has.
 */
export function statusAfter(status: TabStatus, before: TabStatus | null): TabStatus {
  const isCounted = status.ready || status.cleared || status.connection === 'not-found'
  return isCounted ? status : { ...status, rows: Math.max(status.rows, before?.rows ?? 0) }
}
