/**
 * The life of one StreamDB in a tab:
 * - `idle` no rows were asked for
 * - `started` a query, or a wait for a transaction, has asked for rows
 * - `preloaded` preload() was called, so a later call does not ask for the stream's end again
 * - `…-held` the same, but the former engine's cache was cleared, so no rows are asked of the next engine before the application
 *   calls reconnect()
 * - `closed` for good
 */
export type TabPhase = 'idle' | 'started' | 'preloaded' | 'idle-held' | 'started-held' | 'preloaded-held' | 'closed'

/**
 * `start` rows are asked for · `preload` the application calls preload() · `hold` an engine is lost whose cache was cleared ·
 * `reconnect` a new connection is asked for, and with it the rows · `close` the StreamDB ends
 */
export type TabEvent = 'start' | 'preload' | 'hold' | 'reconnect' | 'close'

type Row = Readonly<Record<TabEvent, TabPhase>>

/** A row of the table: an event that it does not name keeps the phase. */
const row = (phase: TabPhase, moves: Partial<Row>): Row => ({ start: phase, preload: phase, hold: phase, reconnect: phase, close: 'closed', ...moves })

/** Phase → event → the next phase, for every event in every phase. */
export const TAB_TRANSITIONS: Readonly<Record<TabPhase, Row>> = {
  idle: row('idle', { start: 'started', preload: 'preloaded', hold: 'idle-held' }),
  started: row('started', { preload: 'preloaded', hold: 'started-held' }),
  preloaded: row('preloaded', { hold: 'preloaded-held' }),
  'idle-held': row('idle-held', { start: 'started-held', preload: 'preloaded-held', reconnect: 'started' }),
  'started-held': row('started-held', { preload: 'preloaded-held', reconnect: 'started' }),
  'preloaded-held': row('preloaded-held', { reconnect: 'preloaded' }),
  closed: row('closed', {}),
}

export const isPreloaded = (phase: TabPhase): boolean => phase.startsWith('preloaded')

/** Rows were asked for, also by preload(). */
export const isStarted = (phase: TabPhase): boolean => isPreloaded(phase) || phase.startsWith('started')

/** No rows are asked of an engine before the application calls reconnect(). */
export const isHeld = (phase: TabPhase): boolean => phase.endsWith('-held')
