import { DurableStream } from '@durable-streams/client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { SidestreamError } from '../../src/shared/errors.ts'
import type { StreamBatch } from '../../src/shared/batch.ts'
import type { RequestValues } from '../../src/shared/calls.ts'
import type { LiveMode, StreamSettings } from '../../src/shared/settings.ts'
import { HttpSource, type GivenTransport } from '../../src/worker/stream/http-source.ts'
import { type ReadEnd, type RequestEnd, SourceError } from '../../src/worker/ports.ts'
import { startStreamServer, type StreamServer } from '../support/stream-server.ts'

/** Requests of this test's stream: one that is still on its way when a test ends must not count in the next. */
let path = '/s0'
let get: { readonly method: 'GET'; readonly path: string }
let tests = 0
const post = () => ({ method: 'POST', path })

let server: StreamServer
let url: string
const reads: Read[] = []

beforeAll(async () => {
  server = await startStreamServer({ longPollTimeoutMs: 300 })
})
afterAll(() => server.close())
beforeEach(() => {
  tests += 1
  path = `/s${String(tests)}`
  get = { method: 'GET', path }
  url = server.createStream(path)
})
afterEach(async () => {
  for (const read of reads.splice(0)) read.stop.abort()
  await server.heal()
})

const settings = (change: Partial<StreamSettings> = {}): StreamSettings => ({
  url, scope: '', collections: [], live: true, contentType: 'application/json', batching: true,
  backoff: { initialDelay: 5, maxDelay: 20, multiplier: 1.5 }, cache: null, pauseWhenHidden: null, silenceTimeoutMs: 45_000, ...change,
})

interface ReadOptions {
  live?: LiveMode
  url?: string
  offset?: string
  isFresh?: boolean
  turn?: () => Promise<void>
  onBatch?: (batch: StreamBatch) => Promise<void>
  ask?: () => Promise<RequestValues>
  given?: GivenTransport
}

/** A read under way, and what it has reported. */
class Read {
  readonly batches: StreamBatch[] = []
  /** The items of each beginning of an answer. */
  readonly beginnings: Array<ReadonlyArray<unknown>> = []
  answers = 0
  readonly ends: RequestEnd[] = []
  readonly stop = new AbortController()
  readonly end: Promise<ReadEnd | SourceError>
  isOver = false
  #wake: () => void = () => undefined

  constructor({ live = true, offset = '-1', isFresh = false, url: own = url, onBatch, ask, given, turn = () => Promise.resolve() }: ReadOptions = {}) {
    reads.push(this)
    const source = new HttpSource(settings({ url: own }), ask ?? (() => Promise.resolve({ headers: {}, params: {} })), given)
    this.end = source
      .read({
        offset,
        live,
        isFresh,
        signal: this.stop.signal,
        requests: {
          turn,
          sent: () => undefined,
          heard: () => undefined,
          dropped: () => undefined,
          over: (end) => {
            this.ends.push(end)
            this.#wake()
          },
        },
        onBatch: async (batch) => {
          this.batches.push(batch)
          this.#wake()
          await onBatch?.(batch)
        },
        onAnswer: () => {
          this.answers += 1
          this.#wake()
        },
        onBeginning: (items) => {
          this.beginnings.push([...items])
          this.#wake()
        },
      })
      .catch((error: unknown) => error as SourceError)
      .finally(() => {
        this.isOver = true
        this.#wake()
      })
  }

  get items(): unknown[] {
    return this.batches.flatMap(({ items }) => items)
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.isOver) throw new Error(`the read has ended: ${JSON.stringify(await this.end)}`)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}

const numbers = (count: number, first = 0): Array<{ n: number }> => Array.from({ length: count }, (_, index) => ({ n: first + index }))
const LIVE = [true, 'long-poll', 'sse'] as const

describe('reading', () => {
  test('to the present end gives every event, and then stops', async () => {
    server.append(path, numbers(50), { perMessage: 10 })
    const read = new Read({ live: false })
    expect(await read.end).toBe('caught-up')
    expect(read.items).toEqual(numbers(50))
    expect(read.batches.at(-1)).toMatchObject({ upToDate: true, offset: server.tailOffset(path), streamClosed: false })
    expect(read.answers).toBe(1)
  })

  test('an empty stream gives an empty, up-to-date batch', async () => {
    const read = new Read({ live: false })
    expect(await read.end).toBe('caught-up')
    expect(read.batches).toMatchObject([{ items: [], upToDate: true }])
  })

  test('from an offset gives what follows it', async () => {
    const offset = server.append(path, numbers(3))
    server.append(path, numbers(2, 3))
    const read = new Read({ live: false, offset })
    expect(await read.end).toBe('caught-up')
    expect(read.items).toEqual(numbers(2, 3))
  })

  test.each(LIVE)('live (%s) goes on with what is appended, in order and once', async (live) => {
    server.append(path, numbers(3))
    const read = new Read({ live })
    await read.until(() => read.items.length === 3)
    for (let n = 3; n < 10; n += 1) {
      server.append(path, numbers(1, n))
      await read.until(() => read.items.length > n)
    }
    expect(read.items).toEqual(numbers(10))
    expect(read.batches.at(-1)).toMatchObject({ upToDate: true, offset: server.tailOffset(path) })
    read.stop.abort()
    expect(await read.end).toBe('aborted')
  })

  test.each(LIVE)('live (%s) ends when the stream is closed', async (live) => {
    server.append(path, numbers(3))
    const read = new Read({ live })
    await read.until(() => read.items.length === 3)
    server.closeStream(path)
    expect(await read.end).toBe('ended')
    expect(read.items).toEqual(numbers(3))
  })

  test.each([false, ...LIVE])('(%s) a stream that is closed already ends', async (live) => {
    server.append(path, numbers(3))
    server.closeStream(path)
    const read = new Read({ live })
    expect(await read.end).toBe('ended')
    expect(read.items).toEqual(numbers(3))
    expect(read.batches.at(-1)!.streamClosed).toBe(true)
  })

  test('waits for one batch to be taken before it hands over the next', async () => {
    let release: () => void = () => undefined
    let active = 0
    let most = 0
    const read = new Read({
      onBatch: async () => {
        active += 1
        most = Math.max(most, active)
        await new Promise<void>((resolve) => (release = resolve))
        active -= 1
      },
    })
    await read.until(() => read.batches.length === 1)
    server.append(path, numbers(1))
    const polled = server.log.next({ ...get, where: ({ query }) => query.has('live') })
    expect(read.batches.length).toBe(1)
    release()
    await polled.catch(() => undefined)
    await read.until(() => read.batches.length === 2)
    release()
    expect(most).toBe(1)
  })

  test('hands on items as they are, whatever they are', async () => {
    const odd = [null, 1, 'text', [1], { __proto__x: 1 }, JSON.parse('{"__proto__":{"a":1}}') as object]
    server.append(path, odd)
    const read = new Read({ live: false })
    await read.end
    expect(JSON.stringify(read.items)).toBe(JSON.stringify(odd))
  })
})

describe('a long answer', () => {
  const long = (count: number, first = 0): unknown[] => numbers(count, first).map((item) => ({ ...item, text: 'x'.repeat(1000) }))
  const expectBeginnings = ({ beginnings }: Read, whole: ReadonlyArray<unknown>): void => {
    expect(beginnings.length).toBeGreaterThan(1)
    let before = 0
    for (const items of beginnings) {
      expect(items.length).toBeGreaterThan(before)
      expect(items).toEqual(whole.slice(0, items.length))
      before = items.length
    }
  }

  test.each([false, ...LIVE])('(%s) is told of while it arrives, from the start of the stream, and then handed on whole', async (live) => {
    const events = long(2500)
    server.append(path, events)
    const read = new Read({ live })
    await read.until(() => read.batches.length === 1 || read.isOver)
    expectBeginnings(read, events)
    expect(read.items).toEqual(events)
  })

  test('is not told of from another offset', async () => {
    const offset = server.append(path, numbers(1))
    server.append(path, long(2500))
    const read = new Read({ live: false, offset })
    expect(await read.end).toBe('caught-up')
    expect([read.beginnings.length, read.items.length]).toEqual([0, 2500])
  })

  test('is not told of when it is short', async () => {
    server.append(path, numbers(50))
    const read = new Read({ live: false })
    await read.end
    expect([read.beginnings.length, read.items.length]).toEqual([0, 50])
  })

  test.each([
    ['is refused', 500, { 'stream-next-offset': '1_1' }, 'unreachable'],
    ['is not of a stream', 200, {}, 'refused'],
  ])('that %s is not told of', async (_, status, headers, failure) => {
    server.faults.respond(status, { match: get, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(long(2500)) })
    const read = new Read({ live: false })
    expect(await read.end).toMatchObject({ failure })
    expect(read.beginnings).toEqual([])
  })

  test('that breaks off in the middle is a failed request, and no batch follows what was told of it', async () => {
    const events = long(2500)
    server.append(path, events)
    server.faults.cut(2_000_000, { match: get, times: 1 })
    const read = new Read()
    expect(await read.end).toMatchObject({ failure: 'unreachable' })
    expectBeginnings(read, events)
    expect([read.batches.length, read.answers, read.ends]).toEqual([0, 0, [{ kind: 'catch-up', ok: false, isIdle: false, retryAfterMs: 0 }]])
  })

  test('that turns out to be no JSON is refused', async () => {
    server.faults.respond(200, { match: get, headers: { 'content-type': 'application/json', 'stream-next-offset': '1_1' }, body: `${JSON.stringify(long(2500)).slice(0, -1)},nonsense]` })
    const read = new Read({ live: false })
    expect(await read.end).toMatchObject({ failure: 'refused' })
    expect(read.batches).toEqual([])
  })

  test('is not told of any more when the read is aborted', async () => {
    server.append(path, long(2500))
    server.pace(40)
    const read = new Read()
    await read.until(() => read.beginnings.length === 1)
    read.stop.abort()
    expect(await read.end).toBe('aborted')
    server.pace(null)
    await Promise.all(server.log.open(get).map(({ over }) => over))
    expect([read.beginnings.length, read.batches.length]).toEqual([1, 0])
  })
})

describe('a read that is aborted', () => {
  test('ends at once although the server does not answer, and calls back no more', async () => {
    const hold = server.faults.hold({ match: get })
    const read = new Read()
    await hold.struck
    read.stop.abort()
    expect(await read.end).toBe('aborted')
    const answered = server.log.open(get).map(({ over }) => over)
    hold.release()
    await Promise.all(answered)
    expect([read.batches.length, read.answers]).toEqual([0, 0])
  })

  test('ends at once while it waits to try again', async () => {
    let waits: () => void = () => undefined
    const waiting = new Promise<void>((resolve) => (waits = resolve))
    const read = new Read({
      turn: () => {
        waits()
        return new Promise(() => undefined)
      },
    })
    await waiting
    read.stop.abort()
    expect(await read.end).toBe('aborted')
  })

  test('ends although a batch is being taken, and hands over no other', async () => {
    server.append(path, numbers(2), { perMessage: 1 })
    const read = new Read({ onBatch: () => new Promise(() => undefined) })
    await read.until(() => read.batches.length === 1)
    read.stop.abort()
    expect(await read.end).toBe('aborted')
    expect(read.batches.length).toBe(1)
  })

  test('before it begins ends as well', async () => {
    const stop = new AbortController()
    stop.abort()
    const source = new HttpSource(settings(), () => Promise.resolve({ headers: {}, params: {} }))
    let calls = 0
    const count = (): void => void (calls += 1)
    const requests = { turn: () => Promise.resolve(count()), sent: count, heard: count, dropped: count, over: count }
    expect(await source.read({ offset: '-1', live: true, isFresh: false, signal: stop.signal, requests, onBatch: () => Promise.resolve(count()), onAnswer: count })).toBe('aborted')
    expect(calls).toBe(0)
  })

  test('leaves no request open', async () => {
    const read = new Read()
    await read.until(() => read.batches.length === 1)
    const polling = { ...get, where: ({ query }: { query: URLSearchParams }) => query.has('live') }
    await server.log.until((log) => log.open(polling).length === 1)
    const [poll] = server.log.open(polling)
    read.stop.abort()
    expect((await poll!.over).outcome).toBe('aborted')
    expect(server.log.open(get)).toEqual([])
  })
})

describe('a failure', () => {
  const failing: Array<[number, SourceError['failure'], string]> = [
    [401, 'unauthorized', '-1'],
    [403, 'unauthorized', '-1'],
    [404, 'missing', '-1'],
    [410, 'missing', '-1'],
    [400, 'refused', '-1'],
    [409, 'refused', '-1'],
    [418, 'refused', '-1'],
    [400, 'bad-offset', '5_5'],
    [416, 'bad-offset', '5_5'],
    [410, 'missing', '5_5'],
    [401, 'unauthorized', '5_5'],
  ]
  test.each(failing)('%i is %s (from offset %s)', async (status, failure, offset) => {
    server.faults.respond(status, { match: get, body: 'no' })
    const read = new Read({ offset })
    const error = await read.end
    expect(error).toBeInstanceOf(SourceError)
    expect(error).toMatchObject({ failure, status })
    expect(read.batches).toEqual([])
  })

  test('of a stream that was never there is missing', async () => {
    server.deleteStream(path)
    expect(await new Read().end).toMatchObject({ failure: 'missing', status: 404 })
  })

  test('of a stream that disappears while it is read live is missing', async () => {
    const read = new Read()
    await read.until(() => read.batches.length === 1)
    server.deleteStream(path)
    expect(await read.end).toMatchObject({ failure: 'missing' })
  })

  test('of an offset that the server does not know is a bad offset', async () => {
    expect(await new Read({ offset: 'not an offset' }).end).toMatchObject({ failure: 'bad-offset' })
  })

  test.each([500, 502, 503, 429, 408])('%i is unreachable, and is asked once', async (status) => {
    server.append(path, numbers(2))
    server.faults.respond(status, { match: get, times: 1 })
    const read = new Read()
    expect(await read.end).toMatchObject({ failure: 'unreachable', status })
    expect(read.ends).toEqual([{ kind: 'catch-up', ok: false, isIdle: false, retryAfterMs: 0 }])
    expect(server.log.count(get)).toBe(1)
  })

  test.each([
    ['seconds', () => '7', 7000],
    ['a date', () => new Date(Date.now() + 7000).toUTCString(), 7000],
    ['a date that is past', () => new Date(0).toUTCString(), 0],
    ['nonsense', () => 'soon', 0],
    ['a negative number', () => '-5', 0],
  ])('says when the server wants to be asked again: %s', async (_, value, ms) => {
    server.faults.respond(503, { match: get, headers: { 'retry-after': value() } })
    const read = new Read()
    await read.end
    expect(Math.abs(read.ends[0]!.retryAfterMs - ms)).toBeLessThanOrEqual(1000)
  })

  test.each([400, 401, 404, 408, 410, 418, 429, 500])('says so whatever the refusal is: %i', async (status) => {
    server.faults.respond(status, { match: get, retryAfter: 7 })
    const read = new Read({ offset: '5_5' })
    await read.end
    expect(read.ends).toMatchObject([{ ok: false, retryAfterMs: 7000 }])
  })

  test('of the network is unreachable', async () => {
    server.faults.reset({ match: get, times: 1 })
    expect(await new Read().end).toMatchObject({ failure: 'unreachable' })
  })

  test.each([401, 403, 404, 410, 500])('%i ends an event stream that is made again', async (status) => {
    const listening = { match: { ...get, where: ({ query }: { query: URLSearchParams }) => query.get('live') === 'sse' } }
    const control = JSON.stringify({ streamNextOffset: server.append(path, numbers(1)), upToDate: true })
    server.faults.respond(200, { ...listening, times: 1, headers: { 'content-type': 'text/event-stream' }, body: `event: control\ndata: ${control}\n\n` })
    server.faults.respond(status, listening)
    const read = new Read({ live: 'sse' })
    expect(await read.end).toMatchObject({ status, failure: status < 404 ? 'unauthorized' : status < 500 ? 'missing' : 'unreachable' })
  })

  test('to take a batch ends the read although the client is about to connect again', async () => {
    const control = JSON.stringify({ streamNextOffset: server.append(path, numbers(1)), upToDate: true })
    const listening = { ...get, where: ({ query }: { query: URLSearchParams }) => query.get('live') === 'sse' }
    server.faults.respond(200, { match: listening, headers: { 'content-type': 'text/event-stream' }, body: `event: data\ndata: [{"n":9}]\n\nevent: control\ndata: ${control.replace('00', '01')}\n\n` })
    let turns = 0
    let go: () => void = () => undefined
    let asks: () => void = () => undefined
    const asked = new Promise<void>((resolve) => (asks = resolve))
    const read = new Read({
      live: 'sse',
      // The catch-up, the first connection, and the next one, which the client wants before the batch is taken.
      turn: () => {
        if ((turns += 1) < 3) return Promise.resolve()
        asks()
        return new Promise((resolve) => (go = resolve))
      },
      onBatch: async ({ items }) => {
        if (items.length > 1 || (items[0] as { n?: number } | undefined)?.n !== 9) return
        await asked
        throw new SourceError('older', 'the answer is old')
      },
    })
    expect(await read.end).toMatchObject({ failure: 'older' })
    const { length } = read.batches
    go()
    await server.log.until((log) => log.open(get).length === 0)
    await new Read({ live: false }).end
    expect([server.log.count({ ...get, where: ({ query }) => query.get('live') === 'sse' }), read.batches.length]).toEqual([1, length])
  })

  test.each([0, 1, 5, 40, 200])('of a body that is cut after %i bytes hands over nothing by halves', async (bytes) => {
    server.append(path, numbers(100))
    server.faults.cut(bytes, { match: get, times: 1 })
    const read = new Read()
    const over = read.until(() => read.items.length > 0).catch(() => undefined)
    await over
    if (read.items.length > 0) {
      expect(read.items).toEqual(numbers(100))
    } else {
      // Then the engine is told, and begins again.
      expect(await read.end).toMatchObject({ failure: 'unreachable' })
    }
  })

  test('of an answer that is no JSON is told as a refusal', async () => {
    server.faults.respond(200, { match: get, body: '<html>', headers: { 'content-type': 'application/json', 'stream-next-offset': '5_5' } })
    expect(await new Read().end).toMatchObject({ failure: 'refused' })
  })

  test.each([
    ['HTML', '<!doctype html>', 'text/html'],
    ['an ordinary API', '[{"n":1}]', 'application/json'],
  ])('of an address that has %s is told as a refusal', async (_, body, type) => {
    server.faults.respond(200, { match: get, body, headers: { 'content-type': type } })
    expect(await new Read().end).toMatchObject({ failure: 'refused', message: expect.stringContaining('not from a durable stream') as string })
  })

  test.each([
    [401, 'unauthorized', ''],
    [403, 'unauthorized', 'nope'],
    [404, 'missing', ''],
    [410, 'missing', 'nope'],
    [400, 'refused', ''],
  ])('is seen in a %i that calls itself JSON and is not', async (status, failure, body) => {
    server.faults.respond(status, { match: get, body, headers: { 'content-type': 'application/json' } })
    expect(await new Read().end).toMatchObject({ failure, status })
  })

  test.each(LIVE)('while listening (%s) loses and repeats nothing', async (live) => {
    server.append(path, numbers(3))
    let got: unknown[] = []
    let offset = '-1'
    for (let round = 0; round < 4; round += 1) {
      const read: Read = new Read({
        live,
        offset,
        onBatch: (batch) => {
          got = [...got, ...batch.items]
          offset = batch.offset
          return Promise.resolve()
        },
      })
      const expected = 3 + round * 2
      await read.until(() => got.length >= expected).catch(() => undefined)
      server.dropConnections()
      server.append(path, numbers(2, expected))
      await read.until(() => got.length >= expected + 2).catch(() => undefined)
      read.stop.abort()
      await read.end
    }
    const rest = new Read({ live: false, offset })
    await rest.end
    expect([...got, ...rest.items]).toEqual(numbers(11))
    expect(rest.batches.at(-1)!.offset).toBe(server.tailOffset(path))
  })

  test('of whoever takes a batch ends the read with it', async () => {
    server.append(path, numbers(2))
    const own = new SourceError('bad-offset', 'not this stream')
    expect(await new Read({ onBatch: () => Promise.reject(own) }).end).toBe(own)
    await server.log.until((log) => log.open(get).length === 0)
    expect(await new Read({ onBatch: () => Promise.reject(new Error('a bug')) }).end).toMatchObject({ message: 'a bug' })
  })
})

describe('request values', () => {
  test('are asked for at each request', async () => {
    let asked = 0
    const read = new Read({
      ask: () => {
        asked += 1
        return Promise.resolve({ headers: { authorization: `Bearer ${String(asked)}` }, params: { tenant: `t${String(asked)}` } })
      },
    })
    await read.until(() => read.ends.length === 2)
    const requests = server.log.all(get)
    expect(requests.slice(0, 2).map(({ headers, query }) => [headers.authorization, query.get('tenant')])).toEqual([
      ['Bearer 1', 't1'],
      ['Bearer 2', 't2'],
    ])
  })

  test('of a fresh read pass by what caches keep', async () => {
    await new Read({ live: false }).end
    await new Read({ live: false, isFresh: true }).end
    expect(server.log.all(get).map(({ query }) => query.has('cache-buster'))).toEqual([false, true])
  })

  test('cannot overwrite what belongs to the protocol', async () => {
    server.append(path, numbers(2))
    const read = new Read({ live: false, ask: () => Promise.resolve({ headers: {}, params: { offset: 'now', live: 'sse', cursor: 'x', own: '1' } }) })
    expect(await read.end).toBe('caught-up')
    expect(read.items).toEqual(numbers(2))
    expect(server.log.all(get)[0]!.query.getAll('own')).toEqual(['1'])
  })

  test('that the application cannot say are its own fault', async () => {
    const read = new Read({ ask: () => Promise.reject(new SidestreamError('HOOK_FAILED', 'headers threw: signed out')) })
    expect(await read.end).toMatchObject({ failure: 'application', data: { code: 'HOOK_FAILED', message: 'headers threw: signed out' } })
    expect(server.log.count(get)).toBe(0)
  })

  test('that no tab is left to say make the stream unreachable for now', async () => {
    expect(await new Read({ ask: () => Promise.reject(new SidestreamError('TAB_GONE', 'no tab')) }).end).toMatchObject({ failure: 'unreachable' })
  })

  test('open a stream that asks for a token', async () => {
    server.requireToken('good')
    expect(await new Read().end).toMatchObject({ failure: 'unauthorized', status: 401 })
    const read = new Read({ ask: () => Promise.resolve({ headers: { Authorization: 'Bearer good' }, params: {} }) })
    await read.until(() => read.batches.length === 1)
  })

  test('keep the query that the stream’s own URL has', async () => {
    const own = `${url}?own=1`
    await new Read({ live: false, url: own, ask: () => Promise.resolve({ headers: {}, params: { more: '2' } }) }).end
    const { query } = server.log.all(get)[0]!
    expect([query.get('own'), query.get('more'), query.get('offset')]).toEqual(['1', '2', '-1'])
  })
})

describe('what an application brings', () => {
  test('its own fetch does the requests', async () => {
    const seen: string[] = []
    const own: typeof fetch = (input, init) => {
      seen.push(String(input))
      return fetch(input, init)
    }
    expect(await new Read({ live: false, given: { fetch: own } }).end).toBe('caught-up')
    expect(seen[0]).toContain(url)
  })

  test('its own stream object is read through', async () => {
    server.append(path, numbers(2))
    const read = new Read({ live: false, given: { stream: new DurableStream({ url, contentType: 'application/json', warnOnHttp: false }) } })
    expect(await read.end).toBe('caught-up')
    expect(read.items).toEqual(numbers(2))
  })
})

describe('writing', () => {
  const source = (change: Partial<StreamSettings> = {}): HttpSource => new HttpSource({ ...settings(), ...change }, () => Promise.resolve({ headers: { authorization: 'Bearer good' }, params: {} }))
  const append = (value: unknown, writer = source()): Promise<void> => writer.append(JSON.stringify(value), {})

  test('appends, and several at once in order', async () => {
    const writer = source()
    await Promise.all([1, 2, 3].map((n) => append({ n }, writer)))
    expect(server.events(path)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
  })

  test('appends bytes; one call is one event, as with the client, also when it is a list', async () => {
    await source().append(new TextEncoder().encode('{"n":1}'), {})
    await source().append('[{"n":2},{"n":3}]', {})
    expect(server.events(path)).toEqual([{ n: 1 }, [{ n: 2 }, { n: 3 }]])
  })

  test.each([
    [401, 'NEEDS_AUTH', true],
    [403, 'NEEDS_AUTH', true],
    [404, 'STREAM_NOT_FOUND', false],
    [410, 'STREAM_NOT_FOUND', false],
    [409, 'STREAM_ERROR', false],
    [400, 'STREAM_ERROR', false],
    [413, 'STREAM_ERROR', false],
    [500, 'OFFLINE', true],
    [503, 'OFFLINE', true],
    [429, 'OFFLINE', true],
  ] as const)('that the server answers with %i fails with %s', async (status, code, retryable) => {
    const fault = server.faults.respond(status, { match: post(), retryAfter: 0 })
    await expect(append(1)).rejects.toMatchObject({ name: 'SidestreamError', code, retryable, status })
    expect(fault.hits).toBeLessThan(10)
    expect(server.events(path)).toEqual([])
  })

  test('to a server that is away fails after a few tries', async () => {
    server.faults.reset({ match: post() })
    await expect(append(1)).rejects.toMatchObject({ code: 'OFFLINE', retryable: true })
  })

  test('that is swallowed is given up, and not sent again', async () => {
    const hold = server.faults.hold({ match: post() })
    await expect(append(1, source({ silenceTimeoutMs: 50 }))).rejects.toMatchObject({ code: 'OFFLINE', retryable: true })
    expect(server.log.count(post())).toBe(1)
    hold.release()
  })

  test('to a server that is away for a moment succeeds', async () => {
    server.faults.respond(503, { match: post(), times: 2, retryAfter: 0 })
    await append(1)
    expect(server.events(path)).toEqual([1])
  })

  test('sends the values of the moment', async () => {
    server.requireToken('good')
    await append(1)
    expect(server.log.all(post())[0]!.headers.authorization).toBe('Bearer good')
  })
})

describe('the end of a stream', () => {
  const end = (change: Partial<StreamSettings> = {}, given: GivenTransport = {}): Promise<string | null> =>
    new HttpSource({ ...settings(), ...change }, () => Promise.resolve({ headers: { authorization: 'Bearer good' }, params: {} }), given).end()
  const head = () => ({ method: 'HEAD', path })

  test('is what the server says, asked with the values of the moment', async () => {
    server.requireToken('good')
    const offset = server.append(path, numbers(2))
    expect(await end()).toBe(offset)
    expect(server.log.count(head())).toBe(1)
  })

  test('is asked of a stream object that is given', async () => {
    const offset = server.append(path, numbers(2))
    const stream = new DurableStream({ url: server.streamUrl(path), warnOnHttp: false })
    expect(await end({}, { stream })).toBe(offset)
  })

  test('is not waited for any more when the asker gives up', async () => {
    const hang = server.faults.hang({ match: head() })
    const giveUp = new AbortController()
    const asked = new HttpSource(settings(), () => Promise.resolve({ headers: {}, params: {} })).end(giveUp.signal)
    await hang.struck
    giveUp.abort()
    await expect(asked).rejects.toMatchObject({ code: 'OFFLINE' })
    await server.log.until((log) => log.open(head()).length === 0)
  })

  test('of a stream that is not there is not known', async () => {
    server.faults.respond(404, { match: head() })
    expect(await end()).toBeNull()
  })

  test.each([
    [401, 'NEEDS_AUTH'],
    [503, 'OFFLINE'],
  ] as const)('is asked once: %i fails with %s', async (status, code) => {
    const fault = server.faults.respond(status, { match: head() })
    await expect(end()).rejects.toMatchObject({ code, status })
    expect(fault.hits).toBe(1)
  })

  test('is not waited for longer than a server may be silent', async () => {
    server.faults.hang({ match: head() })
    await expect(end({ silenceTimeoutMs: 50 })).rejects.toMatchObject({ code: 'OFFLINE' })
  })
})
