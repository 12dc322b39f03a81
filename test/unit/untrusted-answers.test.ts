// @vitest-environment-options {"own":"unit/untrusted-answers"}
import { DurableStream } from '@durable-streams/client'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { LiveMode, StreamSettings } from '../../src/shared/settings.ts'
import type { StreamBatch } from '../../src/shared/batch.ts'
import { type RequestEnd, SourceError } from '../../src/worker/ports.ts'
import { HttpSource } from '../../src/worker/stream/http-source.ts'

/* Answers that no durable stream gives, one HTTP answer at a time; each is seen by a source alone. */

const URL_ = 'http://stream.test/s'
const SILENCE_MS = 45_000
const settings: StreamSettings = {
  url: URL_, scope: '', collections: [], live: true, contentType: 'application/json', batching: true,
  backoff: null, cache: null, pauseWhenHidden: null, silenceTimeoutMs: SILENCE_MS,
}

const stops: AbortController[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort()
  vi.useRealTimers()
})

const json = (items: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(items), { headers: { 'content-type': 'application/json', 'stream-next-offset': '0_1', 'stream-up-to-date': 'true', ...headers } })

/** An event stream of parts that stays open; each part comes when the one before it has been taken. */
function events(...parts: ReadonlyArray<string>): Response {
  const rest = parts.map((part) => new TextEncoder().encode(part))
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const part = rest.shift()
      if (part) controller.enqueue(part)
      return part ? undefined : new Promise<void>(() => undefined)
    },
  }, { highWaterMark: 0 })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

const data = (...items: unknown[]): string => `event: data\ndata:${JSON.stringify(items)}\n\n`
const control = (fields: Record<string, unknown>): string => `event: control\ndata:${JSON.stringify({ upToDate: true, ...fields })}\n\n`

interface Seen {
  readonly batches: StreamBatch[]
  readonly ends: RequestEnd[]
  readonly failure: Promise<SourceError>
  readonly requests: number
  /** How often the server was heard: an answer began, or a part of one came. */
  readonly heard: number
}

/** Reads with these answers to the requests, in order; further requests are never answered. */
function read(live: LiveMode, answers: ReadonlyArray<() => Response>, offset = '-1'): Seen {
  const stop = new AbortController()
  stops.push(stop)
  const batches: StreamBatch[] = []
  const ends: RequestEnd[] = []
  let requests = 0
  let heard = 0
  const fetch_ = (): Promise<Response> => {
    const answer = answers[requests]
    requests += 1
    return answer ? Promise.resolve(answer()) : new Promise(() => undefined)
  }
  const source = new HttpSource(settings, () => Promise.resolve({ headers: {}, params: {} }), { fetch: fetch_ })
  const end = source.read({
    offset, live, isFresh: false, signal: stop.signal,
    requests: { turn: () => Promise.resolve(), sent: () => undefined, heard: () => void (heard += 1), dropped: () => undefined, over: (one) => ends.push(one) },
    onBatch: async (batch) => void batches.push(batch),
    onAnswer: () => undefined,
  })
  const failure = end.then(
    (how) => new SourceError('application', `the read has ended: ${how}`),
    (error: unknown) => error as SourceError,
  )
  return { batches, ends, failure, get requests() { return requests }, get heard() { return heard } }
}

describe('an event stream', () => {
  test('whose packet ends between CR and LF loses no event', async () => {
    const lines = (data({ n: 1 }) + control({ streamNextOffset: '0_2' })).replaceAll('\n', '\r\n')
    const cut = lines.indexOf('data\r') + 5
    const seen = read('sse', [() => json([]), () => events(lines.slice(0, cut), lines.slice(cut))], '0_0')
    await vi.waitFor(() => { expect(seen.batches.flatMap(({ items }) => items)).toEqual([{ n: 1 }]) })
  })

  test('is heard with each packet, also one that has no event in it', async () => {
    const seen = read('sse', [() => json([]), () => events(': still', ' here\n\n', ':', '\n')], '0_0')
    await vi.waitFor(() => { expect(seen.requests).toBe(2) })
    // The catch-up's head and body, the head of the event stream, and its four packets.
    await vi.waitFor(() => { expect(seen.heard).toBe(7) })
    expect(seen.batches.flatMap(({ items }) => items)).toEqual([])
  })

  test.each([
    ['has no offset', {}],
    ['has an offset of null', { streamNextOffset: null }],
    ['has an empty offset', { streamNextOffset: '' }],
  ])('whose control event %s is refused, and none of its events is handed on', async (_, fields) => {
    const seen = read('sse', [() => json([]), () => events(data({ n: 1 }), control(fields))], '0_0')
    expect(await seen.failure).toMatchObject({ failure: 'refused' })
    expect(seen.batches.flatMap(({ items }) => items)).toEqual([])
  })

  test('that has events and says the offset that was held before them is old', async () => {
    const seen = read('sse', [() => json([]), () => events(data({ n: 1 }), control({ streamNextOffset: '0_1' }), data({ n: 2 }), control({ streamNextOffset: '0_2' }))], '0_0')
    expect(await seen.failure).toMatchObject({ failure: 'older' })
    expect(seen.batches.flatMap(({ items }) => items)).toEqual([])
  })

  test('that has events, and for longer than a server may be silent no offset that follows them, is given up', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const late = (text: string): string => {
      vi.setSystemTime(Date.now() + SILENCE_MS - 1)
      return text
    }
    const parts = [data({ n: 1 }), data({ n: 2 }), ': still here\n\n']
    const rest = [...parts]
    const body = new ReadableStream<Uint8Array>({ pull: (controller) => {
      const part = rest.shift()
      if (part) controller.enqueue(new TextEncoder().encode(late(part)))
      return part ? undefined : new Promise<void>(() => undefined)
    } }, { highWaterMark: 0 })
    const seen = read('sse', [() => json([]), () => new Response(body, { headers: { 'content-type': 'text/event-stream' } })], '0_0')
    expect(await seen.failure).toMatchObject({ failure: 'unreachable' })
  })

  test.each([['a long-poll', true], ['a catch-up', false]] as const)('in answer to %s is refused', async (_, live) => {
    const seen = read(live, [() => events(': nothing\n\n')])
    expect(await seen.failure).toMatchObject({ failure: 'refused' })
    expect(seen.ends).toMatchObject([{ ok: false }])
  })
})

describe('Retry-After', () => {
  test('of an answer that is no refusal is not respected', async () => {
    const seen = read(true, [() => json([{ n: 1 }], { 'retry-after': '3600' })])
    await vi.waitFor(() => { expect(seen.ends).toMatchObject([{ ok: true, retryAfterMs: 0 }]) })
  })
})

describe('an application’s own stream object', () => {
  test('is held back between two answers, however fast the server is', async () => {
    let requests = 0
    const given = new DurableStream({
      url: URL_,
      contentType: 'application/json',
      warnOnHttp: false,
      fetch: () => {
        requests += 1
        return Promise.resolve(json([]))
      },
    })
    const stop = new AbortController()
    stops.push(stop)
    const ends: RequestEnd[] = []
    let turns = 0
    const source = new HttpSource(settings, () => Promise.resolve({ headers: {}, params: {} }), { stream: given })
    void source.read({
      offset: '-1', live: true, isFresh: false, signal: stop.signal,
      // The third request never gets its turn.
      requests: { turn: () => ((turns += 1) < 3 ? Promise.resolve() : new Promise(() => undefined)), sent: () => undefined, heard: () => undefined, dropped: () => undefined, over: (end) => ends.push(end) },
      onBatch: () => Promise.resolve(),
      onAnswer: () => undefined,
    })
    await vi.waitFor(() => { expect(turns).toBe(3) })
    expect(ends.map(({ kind }) => kind)).toEqual(['catch-up', 'live'])
    // The client asks for one more than it hands over.
    expect(requests).toBeLessThanOrEqual(3)
  })
})
