import { describe, expect, test } from 'vitest'
import { callsBeforeTheft, nextRole, type Role, type RoleEvent } from '../../src/worker/core/leadership.ts'

const EVENTS = ['welcomed', 'leader-lost', 'silence', 'yield', 'granted', 'lock-stolen', 'resign'] as const satisfies readonly RoleEvent[]

/** The role after each event, in the order of `EVENTS`. */
const TABLE: Record<Role, readonly Role[]> = {
  seeking: ['following', 'seeking', 'stealing', 'seeking', 'leading', 'seeking', 'resigned'],
  following: ['following', 'seeking', 'following', 'following', 'leading', 'following', 'resigned'],
  stealing: ['following', 'stealing', 'stealing', 'seeking', 'leading', 'stealing', 'resigned'],
  // A leader gives way to nothing but a theft, and to its own end.
  leading: ['leading', 'leading', 'leading', 'leading', 'leading', 'seeking', 'resigned'],
  resigned: ['resigned', 'resigned', 'resigned', 'resigned', 'resigned', 'resigned', 'resigned'],
}
const ROLES = Object.keys(TABLE) as Role[]

test.each(ROLES)('%s × every event', (role) => {
  expect(EVENTS.map((event) => nextRole(role, event))).toEqual(TABLE[role])
})

describe('thefts', () => {
  test('take ever more unanswered calls, up to a limit', () => {
    const calls = [0, 1, 2, 3, 4, 5, 50].map((thefts) => callsBeforeTheft(thefts, 0))
    expect(calls).toEqual([4, 8, 16, 32, 64, 64, 64])
  })

  test('are spread by chance', () => {
    expect([0, 0.34, 0.67, 0.99].map((random) => callsBeforeTheft(0, random))).toEqual([4, 5, 6, 6])
  })
})
