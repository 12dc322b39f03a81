import { describe, expect, test } from 'vitest'
import { nextConnection, retryDelayMs, type ConnectionEvent } from '../../src/worker/core/connection.ts'
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

describe('retryDelayMs', () => {
  const attempts = Array.from({ length: 60 }, (_, index) => index + 1)
  const ALMOST_ONE = 1 - Number.EPSILON

  test('stays within its bounds at any attempt, however many', () => {
    for (const attempt of [...attempts, 1e9, Number.MAX_SAFE_INTEGER, Infinity]) {
      for (const random of [0, 0.5, ALMOST_ONE]) {
        const delay = retryDelayMs(attempt, random)
        expect(Number.isInteger(delay)).toBe(true)
        expect(delay).toBeGreaterThanOrEqual(125)
        expect(delay).toBeLessThanOrEqual(30_000)
      }
    }
  })

  test('grows with each attempt until its cap', () => {
    const longest = attempts.map((attempt) => retryDelayMs(attempt, ALMOST_ONE))
    expect(longest.slice(0, 4)).toEqual([250, 500, 1000, 2000])
    expect(longest).toEqual([...longest].sort((a, b) => a - b))
    expect(longest.at(-1)).toBe(30_000)
  })

  test('is spread out by chance', () => {
    const delays = [0, 0.25, 0.5, 0.75].map((random) => retryDelayMs(5, random))
    expect(new Set(delays).size).toBe(4)
    expect(delays[3]! / delays[0]!).toBeGreaterThan(1.5)
  })
})
