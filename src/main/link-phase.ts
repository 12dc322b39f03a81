/**
 * `idle` no session was asked for · `opening` a worker is being opened · `open` the session lives · `restarting` it was lost, and
 * a timer opens the next one · `down` the last attempt has failed, and no other follows by itself · `closed` for good
 */
export type LinkPhase = 'idle' | 'opening' | 'open' | 'restarting' | 'down' | 'closed'

/**
 * `open` a session is asked for · `opened` the engine has answered the hello · `die` the worker has died, and is replaced · `fail`
 * no worker could be opened, or a dead one is not replaced · `close` the StreamDB ends
 */
export type LinkEvent = 'open' | 'opened' | 'die' | 'fail' | 'close'

/** Phase → event → the next phase. An event that cannot happen in a phase keeps the phase. */
export const LINK_TRANSITIONS: Readonly<Record<LinkPhase, Readonly<Record<LinkEvent, LinkPhase>>>> = {
  idle: { open: 'opening', opened: 'idle', die: 'idle', fail: 'idle', close: 'closed' },
  opening: { open: 'opening', opened: 'open', die: 'opening', fail: 'down', close: 'closed' },
  open: { open: 'open', opened: 'open', die: 'restarting', fail: 'down', close: 'closed' },
  restarting: { open: 'opening', opened: 'restarting', die: 'restarting', fail: 'restarting', close: 'closed' },
  down: { open: 'opening', opened: 'down', die: 'down', fail: 'down', close: 'closed' },
  closed: { open: 'closed', opened: 'closed', die: 'closed', fail: 'closed', close: 'closed' },
}
