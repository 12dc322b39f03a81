import { describe, expect, test } from 'vitest'
import { nextConnection, type ConnectionEvent } from '../../src/worker/core/connection.ts'
import type { ConnectionState } from '../../src/shared/status.ts'

const EVENTS = ['connect', 'responded', 'up-to-date', 'unreachable', 'unauthorized', 'missing', 'refused', 'ended', 'close', 'hide', 'forget'] as const satisfies readonly ConnectionEvent[]

/** What the page shows after each event, in the order of `EVENTS`. */
const TABLE: Record<ConnectionState, readonly ConnectionState[]> = {
  idle: ['connecting', 'catching-up', 'live', 'offline', 'needs-auth', 'not-found', 'failed', 'ended', 'closed', 'paused', 'idle'],
  connecting: ['connecting', 'catching-up', 'live', 'offline', 'needs-auth', 'not-found', 'failed', 'ended', 'closed', 'paused', 'idle'],
  'catching-up': ['connecting', 'catching-up', 'live', 'offline', 'needs-auth', 'not-found', 'failed', 'ended', 'closed', 'paused', 'idle'],
  live: ['connecting', 'live', 'live', 'offline', 'needs-auth', 'not-found', 'failed', 'ended', 'closed', 'paused', 'idle'],
  offline: ['offline', 'catching-up', 'live', 'offline', 'needs-auth', 'not-found', 'failed', 'ended', 'closed', 'paused', 'idle'],
  'needs-auth': ['connecting', 'catching-up', 'live', 'offline', 'needs-auth', 'not-found', 'failed', 'ended', 'closed', 'paused', 'idle'],
  'not-found': ['not-found', 'catching-up', 'live', 'offline', 'needs-auth', 'not-found', 'failed', 'ended', 'closed', 'paused', 'idle'],
  failed: ['failed', 'catching-up', 'live', 'offline', 'needs-auth', 'not-found', 'failed', 'ended', 'closed', 'paused', 'idle'],
  paused: ['connecting', 'catching-up', 'live', 'offline', 'needs-auth', 'not-found', 'failed', 'ended', 'closed', 'paused', 'idle'],
  // "`ended` leaves only by an explicit connect"
  ended: ['connecting', 'ended', 'ended', 'ended', 'ended', 'ended', 'ended', 'ended', 'closed', 'ended', 'idle'],
  closed: ['closed', 'closed', 'closed', 'closed', 'closed', 'closed', 'closed', 'closed', 'closed', 'closed', 'closed'],
}
const STATES = Object.keys(TABLE) as ConnectionState[]

describe('connection states', () => {
  test.each(STATES)('of %s × every event', (state) => {
    expect(Object.fromEntries(EVENTS.map((event) => [event, nextConnection(state, event)]))).toEqual(
      Object.fromEntries(EVENTS.map((event, index) => [event, TABLE[state][index]])),
    )
  })

  test('can all be reached', () => {
    const reached = new Set<ConnectionState>(['idle'])
    for (const state of reached) for (const event of EVENTS) reached.add(nextConnection(state, event))
    expect([...reached].sort()).toEqual([...STATES].sort())
  })

  test('can all be left by a fresh answer, but for those that are final', () => {
    const stuck = STATES.filter((state) => nextConnection(nextConnection(state, 'connect'), 'up-to-date') !== 'live')
    expect(stuck).toEqual(['closed'])
  })
})
