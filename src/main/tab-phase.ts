/**
 * The life of one StreamDB in a tab:
 * - `idle` no rows were asked for
 * - `started` a query, or a wait for a transaction, has asked for rows
 * - `preloaded` preload() was called, so a later call does not ask for the stream's end again
 * - `closed` for good
 */
export type TabPhase = 'idle' | 'started' | 'preloaded' | 'closed'

/** `start` rows are asked for · `preload` the application calls preload() · `close` the StreamDB ends */
export type TabEvent = 'start' | 'preload' | 'close'

type Row = Readonly<Record<TabEvent, TabPhase>>

/** A row of the table: an event that it does not name keeps the phase. */
const row = (phase: TabPhase, moves: Partial<Row>): Row => ({ start: phase, preload: phase, close: 'closed', ...moves })

/** Phase → event → the next phase, for every event in every phase. */
export const TAB_TRANSITIONS: Readonly<Record<TabPhase, Row>> = {
  idle: row('idle', { start: 'started', preload: 'preloaded' }),
  started: row('started', { preload: 'preloaded' }),
  preloaded: row('preloaded', {}),
  closed: row('closed', {}),
}

export const isPreloaded = (phase: TabPhase): boolean => phase === 'preloaded'

/** Rows were asked for, also by preload(). */
export const isStarted = (phase: TabPhase): boolean => phase === 'started' || isPreloaded(phase)
