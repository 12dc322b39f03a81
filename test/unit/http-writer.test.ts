import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { StreamSettings } from '../../src/shared/settings.ts'
import { HttpRequests } from '../../src/worker/stream/http-requests.ts'
import { HttpWriter } from '../../src/worker/stream/http-writer.ts'
import type { RequestAsker } from '../../src/worker/ports.ts'
import { startStreamServer, type StreamServer } from '../support/stream-server.ts'

/** Requests of this test's stream: one that is still on its way when a test ends must not count in the next. */
let path = '/s0'
let tests = 0
const post = () => ({ method: 'POST', path })

let server: StreamServer
let url: string

beforeAll(async () => {
  server = await startStreamServer()
})
afterAll(() => server.close())
beforeEach(() => {
  tests += 1
  path = `/s${String(tests)}`
  url = server.createStream(path)
})
afterEach(async () => {
  vi.useRealTimers()
  await server.heal()
})

interface WriterOptions extends Partial<StreamSettings> {
  ask?: RequestAsker
  fetch?: typeof fetch
}

function writer({ ask = () => Promise.resolve({ headers: {}, params: {} }), fetch: given, ...change }: WriterOptions = {}): HttpWriter {
  const settings: StreamSettings = {
    url, scope: '', collections: [], live: true, contentType: 'application/json', batching: true,
    backoff: { initialDelay: 5, maxDelay: 20, multiplier: 1.5 }, cache: null, pauseWhenHidden: null, silenceTimeoutMs: 45_000, ...change,
  }
  return new HttpWriter(settings, new HttpRequests(ask, given), undefined)
}

const append = (one: HttpWriter, value: unknown): Promise<void> => one.append(JSON.stringify(value), {})

describe('a server that wants to be left alone', () => {
  test.each([
    ['an hour', 503, () => '3600'],
    ['an hour', 429, () => '3600'],
    ['until a date far ahead', 503, () => new Date(Date.now() + 3_600_000).toUTCString()],
    ['longer than a timer can wait', 503, () => '1e9'],
    ['a little longer than the longest back-off', 503, () => '16'],
  ])('for %s (%i) is not waited for: the append fails at once, and says so', { timeout: 2000 }, async (_, status, value) => {
    const fault = server.faults.respond(status, { match: post(), times: 1, headers: { 'retry-after': value() } })
    const one = writer()
    await expect(append(one, 1)).rejects.toMatchObject({
      code: 'OFFLINE',
      retryable: true,
      status,
      message: expect.stringMatching(/answered (503|429) and wants to be left alone for \d+ s/) as string,
    })
    expect(fault.hits).toBe(1)
    // Nothing is stuck behind it.
    await append(one, 2)
    expect(server.events(path)).toEqual([2])
  })

  test('for no longer than the longest back-off is waited for', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    let posts = 0
    const own: typeof fetch = () => {
      posts += 1
      return Promise.resolve(posts === 1 ? new Response('busy', { status: 503, headers: { 'retry-after': '15' } }) : new Response(null, { status: 204 }))
    }
    const done = append(writer({ fetch: own }), 1)
    await vi.advanceTimersByTimeAsync(14_999)
    expect(posts).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    await done
    expect(posts).toBe(2)
  })

  test('in a way that only the client takes for a date is not left alone for an hour', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    let posts = 0
    const own: typeof fetch = () => {
      posts += 1
      return Promise.resolve(posts === 1 ? new Response('busy', { status: 503, headers: { 'retry-after': '-99999' } }) : new Response(null, { status: 204 }))
    }
    const done = append(writer({ fetch: own }), 1)
    await vi.advanceTimersByTimeAsync(1000)
    await done
    expect(posts).toBe(2)
  })
})

describe('headers and params that nobody gives', () => {
  test('are not waited for longer than a server may be silent, and are not asked for again', { timeout: 2000 }, async () => {
    let asked = 0
    let isSigningIn = true
    const ask: RequestAsker = () => {
      asked += 1
      return isSigningIn ? new Promise(() => undefined) : Promise.resolve({ headers: {}, params: {} })
    }
    const one = writer({ ask, silenceTimeoutMs: 50 })
    await expect(append(one, 1)).rejects.toMatchObject({ code: 'REQUEST_VALUES', retryable: true, message: expect.stringContaining('50 ms') as string })
    expect([asked, server.log.count(post())]).toEqual([1, 0])
    isSigningIn = false
    await append(one, 2)
    expect(server.events(path)).toEqual([2])
  })
})
