import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULT_BACKOFF } from '../../src/shared/settings.ts'
import { backoffMs, backoffOf } from '../../src/worker/core/backoff.ts'
import { RequestPace, type RequestKind } from '../../src/worker/core/request-pace.ts'

const MINUTE_MS = 60_000

interface Answer {
  readonly kind: RequestKind
  readonly ok: boolean
  readonly tookMs: number
  readonly moved?: boolean
  readonly retryAfterMs?: number
}

/** Requests within each of the first minutes, of a client that asks whenever it may. */
function countRequests(answer: (index: number) => Answer, { minutes = 3, random = (): number => 0.5, hurriesEachMs = Infinity } = {}): number[] {
  const pace = new RequestPace(DEFAULT_BACKOFF)
  const counts = new Array<number>(minutes).fill(0)
  let now = 0
  let hurriedAt = 0
  for (let index = 0; ; index += 1) {
    for (let delayMs = pace.delayMs(now); delayMs > 0; delayMs = pace.delayMs(now)) {
      const stepMs = Math.min(delayMs, hurriedAt + hurriesEachMs - now)
      now += stepMs
      if (now >= hurriedAt + hurriesEachMs) {
        hurriedAt = now
        pace.hurry(now, 'online')
      }
    }
    if (now >= minutes * MINUTE_MS) return counts
    counts[Math.floor(now / MINUTE_MS)]! += 1
    pace.sent(now)
    const { kind, ok, tookMs, moved = false, retryAfterMs = 0 } = answer(index)
    now += tookMs
    pace.over({ kind, ok, retryAfterMs }, now, random())
    if (moved) pace.moved(now, 1)
  }
}

describe('a server that answers at once is asked about 20 times in the first minute, and a few times a minute afterwards', () => {
  const answers: Record<string, (index: number) => Answer> = {
    'every request fails': () => ({ kind: 'catch-up', ok: false, tookMs: 1 }),
    'nothing at the end, and live requests end at once': (index) => ({ kind: index % 2 === 0 ? 'catch-up' : 'live', ok: true, tookMs: 1 }),
    'live requests end at once': () => ({ kind: 'live', ok: true, tookMs: 1 }),
    'the end is never reached': () => ({ kind: 'catch-up', ok: true, tookMs: 1 }),
    'live requests fail': (index) => (index % 2 === 0 ? { kind: 'catch-up', ok: true, tookMs: 1 } : { kind: 'live', ok: false, tookMs: 1 }),
  }
  test.each(Object.keys(answers))('%s', (name) => {
    const [first, ...later] = countRequests(answers[name]!)
    expect(first).toBeLessThanOrEqual(22)
    expect(Math.max(...later)).toBeLessThanOrEqual(10)
  })

  test.each(Object.keys(answers))('%s, and nine times a second somebody is in a hurry', (name) => {
    const [first, ...later] = countRequests(answers[name]!, { hurriesEachMs: 110 })
    expect(first).toBeLessThanOrEqual(30)
    expect(Math.max(...later)).toBeLessThanOrEqual(16)
  })
})

describe('a server that behaves', () => {
  test('is asked again at once when it has held a live request', () => {
    const pace = new RequestPace(DEFAULT_BACKOFF)
    for (let now = 0; now < 10 * MINUTE_MS; now += 20_000) {
      expect(pace.delayMs(now)).toBe(0)
      pace.sent(now)
      pace.over({ kind: 'live', ok: true, retryAfterMs: 0 }, now + 20_000, 0.9)
    }
  })

  test('is asked again at once when it has brought events', () => {
    const [first] = countRequests(() => ({ kind: 'live', ok: true, tookMs: 30, moved: true }))
    expect(first).toBe(MINUTE_MS / 30)
  })

  test('that is back after an outage is listened to at once', () => {
    const pace = new RequestPace(DEFAULT_BACKOFF)
    for (let now = 0, index = 0; index < 10; index += 1, now += 1000) pace.over({ kind: 'catch-up', ok: false, retryAfterMs: 0 }, now, 0.99)
    pace.sent(100_000)
    pace.over({ kind: 'catch-up', ok: true, retryAfterMs: 0 }, 100_050, 0.99)
    expect(pace.delayMs(100_050)).toBe(0)
  })
})

describe('Retry-After', () => {
  test.each([['failed', false], ['succeeded', true]])('holds after a request that %s, and in a hurry, unless the application asks', (_, ok) => {
    const pace = new RequestPace(DEFAULT_BACKOFF)
    pace.over({ kind: 'catch-up', ok, retryAfterMs: 7000 }, 0, 0)
    pace.hurry(0, 'online')
    pace.hurry(0, 'preload')
    expect(pace.delayMs(0)).toBe(7000)
    pace.hurry(0, 'application')
    expect(pace.delayMs(0)).toBe(0)
  })

  test('is an hour at most', () => {
    const pace = new RequestPace(DEFAULT_BACKOFF)
    pace.over({ kind: 'catch-up', ok: false, retryAfterMs: Infinity }, 0, 0)
    expect(pace.delayMs(0)).toBe(3_600_000)
  })
})

test('whatever a server does and whoever is in a hurry, requests of a minute are bounded', () => {
  const answer = fc.record({ kind: fc.constantFrom<RequestKind>('catch-up', 'live'), ok: fc.boolean(), tookMs: fc.nat({ max: 900 }), retryAfterMs: fc.nat({ max: 10 }) })
  fc.assert(
    fc.property(fc.array(answer, { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 1000 }), (answers, hurriesEachMs) => {
      const counts = countRequests((index) => answers[index % answers.length]!, { hurriesEachMs, minutes: 3 })
      expect(Math.max(...counts)).toBeLessThanOrEqual(40)
    }),
  )
})

describe('a back-off', () => {
  test('has full jitter, grows and has an end', () => {
    expect([1, 2, 3, 4, 7, 8, 1e9, Infinity].map((attempt) => backoffMs(attempt, 1))).toEqual([500, 1000, 2000, 4000, 30_000, 30_000, 30_000, 30_000])
    expect(backoffMs(5, 0)).toBe(0)
  })

  test('of settings that make no sense is the default one', () => {
    fc.assert(
      fc.property(fc.record({ initialDelay: fc.anything(), maxDelay: fc.anything(), multiplier: fc.anything() }), fc.nat({ max: 100 }), (settings, attempt) => {
        const delay = backoffMs(attempt + 1, 0.999, backoffOf(settings as never))
        expect(delay).toBeGreaterThanOrEqual(1)
        expect(delay).toBeLessThanOrEqual(3_600_000)
      }),
    )
    expect(backoffOf({ initialDelay: 5, maxDelay: 20, multiplier: 1.5 })).toEqual({ initialDelay: 5, maxDelay: 20, multiplier: 1.5 })
  })
})

describe('a server whose live requests bring events as soon as they are made', () => {
  /** Requests in the last of ten seconds, of a client that asks whenever it may. */
  function requestsASecond(eventsASecond: number, kind: RequestKind = 'live'): number {
    const pace = new RequestPace(DEFAULT_BACKOFF)
    let [now, readTo, requests] = [0, 0, 0]
    while (now < 10_000) {
      now += pace.delayMs(now)
      if (now >= 9000) requests += 1
      pace.sent(now)
      // The server answers with all that it has, at once or with the next event.
      now = Math.max(now + 1, Math.ceil((readTo + 1) * (1000 / eventsASecond)))
      const end = Math.floor((now * eventsASecond) / 1000)
      pace.over({ kind, ok: true, retryAfterMs: 0 }, now, 0.5)
      pace.moved(now, end - readTo)
      readTo = end
    }
    return requests
  }

  test('is asked a hundred times a second at most', () => {
    expect(requestsASecond(500)).toBeGreaterThanOrEqual(95)
    expect(requestsASecond(500)).toBeLessThanOrEqual(101)
  })

  test('is asked for each of thirty events a second', () => {
    expect(requestsASecond(30)).toBeGreaterThanOrEqual(29)
  })

  test.each([2000, 100_000])('is asked 25 times a second in a flood (%i events a second)', (eventsASecond) => {
    expect(requestsASecond(eventsASecond)).toBeLessThanOrEqual(26)
  })

  test('is asked for the pages of a backlog as fast as it brings them', () => {
    expect(requestsASecond(100_000, 'catch-up')).toBeGreaterThanOrEqual(95)
  })
})
