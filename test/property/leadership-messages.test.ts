import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PROTOCOL_VERSION } from '../../src/shared/calls.ts'
import { isFrame, isAnnouncement, type Frame, type Announcement } from '../../src/worker/leadership/messages.ts'

const session = fc.string({ minLength: 1, maxLength: 64 })
const term = fc.integer({ min: 0, max: 2 ** 52 })
const word: fc.Arbitrary<Announcement> = fc.oneof(
  fc.record({ sidestream: fc.constant(PROTOCOL_VERSION), kind: fc.constant('lead' as const), term }),
  fc.record({ sidestream: fc.constant(PROTOCOL_VERSION), kind: fc.constant('seek' as const), session }),
)
const frame: fc.Arbitrary<Frame> = fc.record({
  sidestream: fc.constant(PROTOCOL_VERSION),
  from: fc.constantFrom('leader' as const, 'follower' as const),
  term,
  seq: fc.maxSafeNat(),
  lane: fc.constantFrom('hello' as const, 'engine' as const, 'tab' as const, null),
  bye: fc.boolean(),
  body: fc.anything(),
})

/** What no field of a message may be. `body` is whatever its lane makes of it. */
const wrong = fc.oneof(
  fc.constantFrom(undefined, Number.NaN, Number.POSITIVE_INFINITY, -1, 1.5, 1e300, 2 ** 53, '', '1', 'constructor', '__proto__', {}, [], () => undefined, Symbol('x'), 1n),
  fc.double({ min: 2 ** 52, minExcluded: true }),
  fc.double({ noInteger: true }),
)

describe.each([
  ['a word', word, isAnnouncement, ['sidestream', 'kind', 'term', 'session']],
  ['a frame', frame, isFrame, ['sidestream', 'from', 'term', 'seq', 'lane', 'bye']],
] as const)('%s', (_, arbitrary, isOurs, fields) => {
  test('of ours is taken', () => {
    fc.assert(fc.property(arbitrary as fc.Arbitrary<Announcement | Frame>, (message) => isOurs(message)))
  })

  test('with any one field of another kind is not', () => {
    fc.assert(
      fc.property(arbitrary as fc.Arbitrary<Announcement | Frame>, fc.constantFrom<string>(...fields), wrong, (message, field, value) => {
        fc.pre(field in message && !(field === 'session' && typeof value === 'string' && value !== '') && !(field === 'seq' && Number.isSafeInteger(value) && (value as number) >= 0))
        return !isOurs({ ...message, [field]: value })
      }),
      { numRuns: 1000 },
    )
  })

  test('is nothing else, and asking throws for nothing', () => {
    fc.assert(fc.property(fc.anything(), (message) => !isOurs(message)), { numRuns: 2000 })
    expect(isOurs(null)).toBe(false)
  })
})
