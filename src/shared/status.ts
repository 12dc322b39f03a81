import type { ErrorData } from './errors.ts'

/**
 * - `idle` not asked to connect yet · `connecting` first request under way · `catching-up` reading what is behind
 * - `live` at the end of the stream and listening; with `live: false`, at the end and stopped
 * - `paused` every tab has been hidden for a while: nothing is read until one shows
 * - `offline` the server cannot be reached, tried again with back-off · `needs-auth` 401 or 403, waits for `reconnect()`
 * - `not-found` 404 or 410, tried again with back-off · `failed` refused otherwise, tried again with back-off
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

/** `read-only`: another engine writes this cache; rows come from it, later changes are held in memory. */
export type StorageMode = 'opening' | 'indexeddb' | 'read-only' | 'memory'

/**
 * Where a tab's engine runs.
 *
 * - `shared-worker` in the one worker that all tabs share
 * - `leader` in this tab's own worker, which also serves the other tabs; of a single tab, too
 * - `follower` in another tab's worker, which leads
 * - `page` in this page, on the UI thread
 */
export type EngineHome = 'shared-worker' | 'leader' | 'follower' | 'page'

/** What the engine reports of itself; structured-cloneable. */
export interface EngineStatus {
  readonly where: EngineHome
  /** Id of the engine: a new one for each that ever ran, so that two tabs with the same id share an engine. */
  readonly epoch: string
  /** StreamDBs that the engine serves, in all tabs. */
  readonly tabs: number
  /** Times that this StreamDB went on with another engine: a leader closed, a worker died. */
  readonly failovers: number
  readonly connection: ConnectionState
  /** `clearCache()` was called, in this tab or another: there are no rows, and nothing is read before `reconnect()`. */
  readonly cleared: boolean
  /** The engine has read the stream to its end since it last connected. */
  readonly upToDate: boolean
  /** The rows are worth showing: they are from a complete cache, or have been read to the stream's end. */
  readonly ready: boolean
  /** Offset of the last event that the engine has materialized; `-1` before the first. */
  readonly offset: string
  /** Offset up to which the cache holds the rows; null when nothing is stored. */
  readonly persistedOffset: string | null
  /** Rows in all collections. */
  readonly rows: number
  readonly quarantined: { readonly count: number; readonly lastReason: string | null }
  /** Change events of a type that no collection has. */
  readonly unknown: number
  readonly storage: StorageMode
  /** Attempts to reach the stream that have failed since the engine started. */
  readonly failedAttempts: number
  readonly lastError: ErrorData | null
}

/** A snapshot of a StreamDB's state; a new object whenever something changed, the same one otherwise. */
export interface StreamDBStatus extends EngineStatus {
  /** The collections can be shown. */
  readonly ready: boolean
  /** Offset up to which this tab's collections show the stream; may trail the engine's while a tab is busy. */
  readonly offset: string
  /** The rows shown are from the cache and the server has not confirmed them yet. */
  readonly stale: boolean
  /** Collections that are on-demand and held whole all the same, with the reason: a query's expression cannot cross to the worker. */
  readonly fallbacks: Readonly<Record<string, string>>
}

export const INITIAL_ENGINE_STATUS: EngineStatus = {
  where: 'page',
  epoch: '',
  tabs: 0,
  failovers: 0,
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
  failedAttempts: 0,
  lastError: null,
}

/**
 * An engine's status, as a tab shows it that had another engine before. The tab keeps its rows while the new engine reads:
 * until that one is ready, or has found that there is no stream, it knows of fewer rows than are there.
 * @param isHeld the cache was cleared, and this tab has not asked for rows since: it has none, whatever the engine has
 */
export function statusAfter(status: EngineStatus, before: EngineStatus | null, isHeld: boolean): EngineStatus {
  if (isHeld) return { ...status, cleared: true, rows: 0 }
  const isCounted = status.ready || status.cleared || status.connection === 'not-found'
  return isCounted ? status : { ...status, rows: Math.max(status.rows, before?.rows ?? 0) }
}
