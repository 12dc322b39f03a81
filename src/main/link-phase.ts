/**
 * `idle` no session was asked for · `opening` a worker is being opened · `open` the session lives · `restarting` it was lost, and
 * a timer opens the next one · `down` the last attempt has failed: a call makes the next one, or a timer · `closed` for good
 */
export type LinkPhase = 'idle' | 'opening' | 'open' | 'restarting' | 'down' | 'closed'

/**
 * `open` a session is asked for · `opened` the engine has answered the hello · `die` the worker has died, and is replaced · `fail`
 * no worker could be opened, or a dead one is not replaced · `close` the StreamDB ends
 */
export type LinkEvent = 'open' | 'opened' | 'die' | 'fail' | 'close'

type Row = Readonly<Record<LinkEvent, LinkPhase>>

/** A row of the table: an event that it does not name cannot happen in the phase, or keeps it. */
const row = (phase: LinkPhase, moves: Partial<Row>): Row => ({ open: phase, opened: phase, die: phase, fail: phase, close: 'closed', ...moves })

/** Phase → event → the next phase, for every event in every phase. */
export const LINK_TRANSITIONS: Readonly<Record<LinkPhase, Row>> = {
  idle: row('idle', { open: 'opening' }),
  opening: row('opening', { opened: 'open', fail: 'down' }),
  open: row('open', { die: 'restarting', fail: 'down' }),
  restarting: row('restarting', { open: 'opening' }),
  down: row('down', { open: 'opening' }),
  closed: row('closed', {}),
}
