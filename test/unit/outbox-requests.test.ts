import { DurableStream } from '@durable-streams/client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { SidestreamError } from '../../src/shared/errors.ts'
import type { StreamSettings } from '../../src/shared/settings.ts'
import { type OutboxRequest, type RequestAsker, type Sent } from '../../src/worker/ports.ts'
import { type GivenTransport, HttpSource } from '../../src/worker/stream/http-source.ts'
import { startStreamServer, type StreamServer } from '../support/stream-server.ts'

/** Requests of this test's stream: one that is still on its way when a test ends must not count in the next. */
let path = '/o0'
let tests = 0
const post = () => ({ method: 'POST', path })

let server: StreamServer
let url: string
const said = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) => vi.spyOn(console, name))

beforeAll(async () => {
  server = await startStreamServer()
})
afterAll(() => server.close())
beforeEach(() => {
  tests += 1
  path = `/o${String(tests)}`
  url = server.createStream(path)
})
afterEach(async () => {
  vi.useRealTimers()
  await server.heal()
  for (const spy of said) expect(spy).not.toHaveBeenCalled()
})

interface SourceOptions extends Partial<StreamSettings> {
  readonly ask?: RequestAsker
  readonly given?: GivenTransport
}

function source({ ask = () => Promise.resolve({ headers: {}, params: {} }), given = {}, ...change }: SourceOptions = {}): HttpSource {
  const settings: StreamSettings = {
    url, scope: '', collections: [], live: true, contentType: null, batching: true, backoff: null, cache: null, pauseWhenHidden: null, silenceTimeoutMs: 45_000, ...change,
  }
  return new HttpSource(settings, ask, given)
}

const never = new AbortController().signal
const request = (seq: number, body: string, epoch = 0): OutboxRequest => ({ producerId: 'box', epoch, seq, body, writes: [] })
const send = (seq: number, body: string, epoch = 0, one = source()): Promise<Sent> => one.send(request(seq, body, epoch), never)
const answering = (status: number, headers: Record<string, string> = {}, text: string | null = null): GivenTransport => ({ fetch: () => Promise.resolve(new Response(text, { status, headers })) })
const OFFLINE = { kind: 'undecided', retryAfterMs: 0, error: { code: 'OFFLINE', retryable: true } }

describe('a request of the outbox', () => {
  test('is appended once, however often it comes, and its first answer has the end of the stream', async () => {
    const first = await send(0, '{"n":1},{"n":2}')
    expect(first).toEqual({ kind: 'decided', verdict: { kind: 'accepted', offset: server.tailOffset(path) } })
    expect(await send(0, '{"n":1},{"n":2}')).toEqual({ kind: 'decided', verdict: { kind: 'accepted', offset: null } })
    expect(await send(1, '{"n":3}')).toMatchObject({ verdict: { kind: 'accepted' } })
    expect(server.events(path)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
    expect(server.log.all(post()).map(({ headers }) => [headers['content-type'], headers['producer-id'], headers['producer-epoch'], headers['producer-seq']])[0]).toEqual(['application/json', 'box', '0', '0'])
    expect(source().noticesRepetition).toBe(true)
  })

  test('of an older epoch is fenced', async () => {
    await send(0, '1', 5)
    expect(await send(0, '2', 4)).toEqual({ kind: 'decided', verdict: { kind: 'fenced', epoch: 5 } })
    expect(server.events(path)).toEqual([1])
  })

  test('of a producer that the server does not know, or with a gap, is forgotten', async () => {
    expect(await send(3, '1')).toEqual({ kind: 'decided', verdict: { kind: 'forgotten' } })
    await send(0, '1')
    expect(await send(2, '3')).toEqual({ kind: 'decided', verdict: { kind: 'forgotten' } })
    expect(server.events(path)).toEqual([1])
  })

  test('that the server cannot take is refused, with its reason', async () => {
    await send(0, '1')
    expect(await send(1, '2', 1)).toMatchObject({ verdict: { kind: 'refused', isOfAll: false, error: { code: 'STREAM_ERROR', status: 400, retryable: false, message: expect.stringContaining('sequence 0') as string } } })
    expect(await send(1, 'garbage{')).toMatchObject({ verdict: { kind: 'refused', isOfAll: false, error: { status: 400 } } })
    expect(await send(1, '2')).toMatchObject({ verdict: { kind: 'accepted' } })
  })

  test('to a closed stream is refused as all others', async () => {
    server.closeStream(path)
    expect(await send(0, '1')).toMatchObject({ verdict: { kind: 'refused', isOfAll: true, error: { status: 409 } } })
  })

  test('to a stream that is not there is undecided', async () => {
    server.deleteStream(path)
    expect(await send(0, '1')).toMatchObject({ kind: 'undecided', error: { code: 'STREAM_NOT_FOUND', status: 404 } })
  })

  test.each([401, 403])('without the right credentials (%i) is unauthorized', async (status) => {
    server.faults.respond(status, { match: post() })
    expect(await send(0, '1')).toMatchObject({ kind: 'unauthorized', error: { code: 'NEEDS_AUTH', retryable: true, status } })
  })

  test.each([[503, '7', 7000], [429, '3600', 3_600_000], [500, undefined, 0], [408, undefined, 0], [425, '-5', 0]])('that gets %i is not sent again by itself, and has the pause that the server wants', async (status, pause, ms) => {
    const fault = server.faults.respond(status, { match: post(), headers: pause === undefined ? {} : { 'retry-after': pause } })
    expect(await send(0, '1')).toMatchObject({ kind: 'undecided', retryAfterMs: ms, error: { code: 'OFFLINE', status } })
    expect(fault.hits).toBe(1)
  })

  test('has the pause that the server wants when that is a date', async () => {
    server.faults.respond(503, { match: post(), headers: { 'retry-after': new Date(Date.now() + 90_000).toUTCString() } })
    const sent = (await send(0, '1')) as Sent & { kind: 'undecided' }
    expect(Math.abs(sent.retryAfterMs - 90_000)).toBeLessThanOrEqual(2000)
  })

  test('whose answer is lost is undecided, and is in the stream once when it comes again', async () => {
    server.faults.loseAnswer({ match: post(), times: 1 })
    expect(await send(0, '1')).toMatchObject(OFFLINE)
    expect(server.log.count(post())).toBe(1)
    expect(await send(0, '1')).toMatchObject({ verdict: { kind: 'accepted' } })
    expect(server.events(path)).toEqual([1])
  })

  test('to a server that is away is undecided', async () => {
    await server.goOffline()
    expect(await send(0, '1')).toMatchObject(OFFLINE)
  })

  test('without an answer in time is undecided', async () => {
    server.faults.hang({ match: post() })
    const sent = await send(0, '1', 0, source({ silenceTimeoutMs: 50 }))
    expect(sent).toMatchObject({ ...OFFLINE, error: { message: expect.stringContaining('50 ms') as string } })
    await server.log.until((log) => log.open(post()).length === 0)
  })

  test('whose answer never ends is undecided in time', async () => {
    const given: GivenTransport = { fetch: () => Promise.resolve(new Response(new ReadableStream(), { status: 400 })) }
    expect(await send(0, '1', 0, source({ given, silenceTimeoutMs: 50 }))).toMatchObject(OFFLINE)
  })

  test.each([['304', answering(304)], ['an opaque answer', { fetch: () => Promise.resolve(Response.error()) }], ['a login page', answering(200, { 'content-type': 'text/html' }, '<p>')], ['nothing', { fetch: () => Promise.resolve(undefined as unknown as Response) }]])('that gets %s is undecided', async (_, given) => {
    expect(await send(0, '1', 0, source({ given }))).toMatchObject({ kind: 'undecided', error: { code: 'OFFLINE' } })
  })

  test('that is led elsewhere as it is counts; one that a redirect has made a read of does not', async () => {
    server.faults.respond(307, { match: post(), times: 1, headers: { location: url } })
    expect(await send(0, '1')).toMatchObject({ verdict: { kind: 'accepted' } })
    server.faults.respond(302, { match: post(), times: 1, headers: { location: `${url}?offset=-1` } })
    expect(await send(1, '2')).toMatchObject({ kind: 'undecided', error: { code: 'OFFLINE' } })
    expect(server.events(path)).toEqual([1])
  })
})

describe('giving a request up', () => {
  test('ends it at once, and its connection', async () => {
    server.faults.hang({ match: post() })
    const stop = new AbortController()
    const sent = source().send(request(0, '1'), stop.signal)
    await server.log.until((log) => log.open(post()).length === 1)
    stop.abort(new SidestreamError('CLOSED', 'closed'))
    expect(await sent).toMatchObject(OFFLINE)
    await server.log.until((log) => log.open(post()).length === 0)
  })

  test('before it goes out sends nothing', async () => {
    const stop = new AbortController()
    stop.abort()
    expect(await source().send(request(0, '1'), stop.signal)).toMatchObject(OFFLINE)
    const later = new AbortController()
    let give: (values: Awaited<ReturnType<RequestAsker>>) => void = () => undefined
    const sent = source({ ask: () => new Promise((resolve) => (give = resolve)) }).send(request(0, '1'), later.signal)
    later.abort()
    expect(await sent).toMatchObject(OFFLINE)
    give({ headers: {}, params: {} })
    await send(0, '1')
    expect(server.log.count(post())).toBe(1)
  })

  test('ends it also when the fetch of the application does not hear of it', async () => {
    const stop = new AbortController()
    const sent = source({ given: { fetch: () => new Promise(() => undefined) } }).send(request(0, '1'), stop.signal)
    stop.abort()
    expect(await sent).toMatchObject(OFFLINE)
  })
})

describe('headers and params of the application', () => {
  test('go with the request; those of a producer are the outbox\'s own', async () => {
    const ask: RequestAsker = () => Promise.resolve({ headers: { authorization: 'Bearer t', 'producer-SEQ': '0', 'Producer-Id': 'mine' }, params: { tenant: 'a' } })
    const one = source({ ask, contentType: 'application/json; charset=utf-8' })
    await send(0, '1', 0, one)
    await send(1, '2', 0, one)
    expect(server.events(path)).toEqual([1, 2])
    const sent = server.log.all(post()).map(({ headers, url: to }) => [headers['authorization'], headers['content-type'], headers['producer-id'], headers['producer-seq'], to.includes('tenant=a')])
    expect(sent).toEqual(['0', '1'].map((seq) => ['Bearer t', 'application/json; charset=utf-8', 'box', seq, true]))
  })

  test('that fail are the error, and nothing is sent', async () => {
    const ask: RequestAsker = () => Promise.reject(new SidestreamError('REQUEST_VALUES', 'headers threw'))
    await expect(send(0, '1', 0, source({ ask }))).rejects.toMatchObject({ name: 'SidestreamError', code: 'REQUEST_VALUES', message: 'headers threw' })
    expect(server.log.count(post())).toBe(0)
  })

  test('that nobody gives in time are the error', async () => {
    await expect(send(0, '1', 0, source({ ask: () => new Promise(() => undefined), silenceTimeoutMs: 50 }))).rejects.toMatchObject({ code: 'REQUEST_VALUES', retryable: true })
  })

  test('for which no tab is left leave the request undecided', async () => {
    expect(await send(0, '1', 0, source({ ask: () => Promise.reject(new SidestreamError('TAB_GONE', 'gone')) }))).toMatchObject(OFFLINE)
  })
})

describe('the stream object of an application', () => {
  const given = (change: Partial<ConstructorParameters<typeof DurableStream>[0]> = {}): GivenTransport => ({ stream: new DurableStream({ url, warnOnHttp: false, ...change }) })

  test('appends the request, and notices no repetition', async () => {
    const one = source({ given: given() })
    expect(await send(0, '{"n":1},{"n":2}', 0, one)).toEqual({ kind: 'decided', verdict: { kind: 'accepted', offset: null } })
    expect([server.events(path), one.noticesRepetition]).toEqual([[{ n: 1 }, { n: 2 }], false])
  })

  test.each([
    [401, {}, { kind: 'unauthorized', error: { code: 'NEEDS_AUTH', status: 401 } }],
    [403, {}, { kind: 'unauthorized' }],
    [403, { 'producer-epoch': '4' }, { verdict: { kind: 'fenced', epoch: 4 } }],
    [409, { 'producer-expected-seq': '0' }, { verdict: { kind: 'forgotten' } }],
    [409, { 'stream-closed': 'true' }, { verdict: { kind: 'refused', isOfAll: true } }],
    [400, {}, { verdict: { kind: 'refused', isOfAll: false, error: { code: 'STREAM_ERROR', status: 400, message: 'the server answered 400: why' } } }],
    [404, {}, { kind: 'undecided', error: { code: 'STREAM_NOT_FOUND' } }],
    [408, { 'retry-after': '2' }, { kind: 'undecided', retryAfterMs: 2000, error: { code: 'OFFLINE' } }],
  ])('tells what %i with %j means', async (status, headers, expected) => {
    const one = source({ given: given({ fetch: () => Promise.resolve(new Response('why', { status, headers: headers as Record<string, string> })) }) })
    expect(await send(0, '1', 0, one)).toMatchObject(expected)
  })

  test('that fails otherwise, or that does not answer in time, leaves it undecided, and tries no longer', async () => {
    const failing = { append: () => Promise.reject(new Error('odd')), contentType: undefined } as unknown as DurableStream
    expect(await send(0, '1', 0, source({ given: { stream: failing } }))).toMatchObject({ ...OFFLINE, error: { message: 'odd' } })
    const signals: Array<AbortSignal | null | undefined> = []
    const busy: typeof fetch = (_, init) => {
      signals.push(init?.signal)
      return Promise.resolve(new Response(null, { status: 503 }))
    }
    const one = source({ given: given({ fetch: busy, backoffOptions: { initialDelay: 1, maxDelay: 1, multiplier: 1 } }), silenceTimeoutMs: 50 })
    expect(await send(0, '1', 0, one)).toMatchObject(OFFLINE)
    expect(signals.map((signal) => signal?.aborted)).toEqual(signals.map(() => true))
  })

  test('is told when the request is given up', async () => {
    server.faults.hang({ match: post() })
    const stop = new AbortController()
    const sent = source({ given: given() }).send(request(0, '1'), stop.signal)
    await server.log.until((log) => log.open(post()).length === 1)
    stop.abort()
    expect(await sent).toMatchObject(OFFLINE)
    await server.log.until((log) => log.open(post()).length === 0)
  })
})
