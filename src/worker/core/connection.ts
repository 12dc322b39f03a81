import type { ConnectionState } from '../../shared/status.ts'

/** What happens to a connection. */
export type ConnectionEvent =
  | 'connect' // a request goes out: at the start, after a back-off, on reconnect()
  | 'responded' // the server gave a usable answer, with or without data
  | 'up-to-date' // the end of the stream has been reached
  | 'unreachable' // network failure, 5xx, 429
  | 'unauthorized' // 401, 403
  | 'missing' // 404, 410
  | 'refused' // any other 4xx, an unreadable answer, or `headers` or `params` that throw
  | 'ended' // the stream is closed and was read whole
  | 'hide' // every tab has been hidden for long enough
  | 'forget' // the cache was cleared: no rows may be shown
  | 'close'

type Transitions = Record<ConnectionState, Record<ConnectionEvent, ConnectionState>>

/**
 * After `offline`, `not-found` or `failed` a new attempt does not change the state; only an answer or another kind of failure
 * does. So the status does not flicker while a server fails.
 */
const fromAnyState = {
  unreachable: 'offline',
  unauthorized: 'needs-auth',
  missing: 'not-found',
  refused: 'failed',
  ended: 'ended',
  hide: 'paused',
  forget: 'idle',
  close: 'closed',
} as const

const connected = { ...fromAnyState, responded: 'catching-up', 'up-to-date': 'live' } as const

/**
 * Every state × every event. `closed` is final. Only `connect`, `forget` and `close` lead out of `ended`.
 *
 *   idle → connecting → catching-up → live ⇄ offline, paused
 *                 ├→ needs-auth → connecting
 *                 └→ not-found, failed → catching-up
 */
const TRANSITIONS: Transitions = {
  idle: { ...connected, connect: 'connecting' },
  connecting: { ...connected, connect: 'connecting' },
  'catching-up': { ...connected, connect: 'connecting' },
  live: { ...connected, responded: 'live', connect: 'connecting' },
  offline: { ...connected, connect: 'offline' },
  'needs-auth': { ...connected, connect: 'connecting' },
  'not-found': { ...connected, connect: 'not-found' },
  failed: { ...connected, connect: 'failed' },
  paused: { ...connected, connect: 'connecting' },
  ended: {
    connect: 'connecting',
    responded: 'ended',
    'up-to-date': 'ended',
    unreachable: 'ended',
    unauthorized: 'ended',
    missing: 'ended',
    refused: 'ended',
    ended: 'ended',
    hide: 'ended',
    forget: 'idle',
    close: 'closed',
  },
  closed: {
    connect: 'closed',
    responded: 'closed',
    'up-to-date': 'closed',
    unreachable: 'closed',
    unauthorized: 'closed',
    missing: 'closed',
    refused: 'closed',
    ended: 'closed',
    hide: 'closed',
    forget: 'closed',
    close: 'closed',
  },
}

export function nextConnection(state: ConnectionState, event: ConnectionEvent): ConnectionState {
  return TRANSITIONS[state][event]
}

