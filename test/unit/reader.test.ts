import { beforeEach, describe, expect, test } from 'vitest'
import type { ErrorData } from '../../src/shared/errors.ts'
import type { ConnectionState } from '../../src/shared/status.ts'
import { anchorOf } from '../../src/worker/core/anchor.ts'
import type { RequestKind } from '../../src/worker/core/request-pace.ts'
import type { ReadingPlace } from '../../src/worker/reader/continuity.ts'
import { StreamReader } from '../../src/worker/reader/stream-reader.ts'
import { SourceError, type ReadEnd, type ReadRequest, type SourceFailure, type StreamSource } from '../../src/worker/ports.ts'
import { HttpSource } from '../../src/worker/stream/http-source.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { NO_OUTBOX } from '../support/origin.ts'
import { scriptedSettings } from './scripted-engine.ts'
import { settled } from './scripted-tab.ts'

const SILENCE_MS = 45_000

/** A source whose requests go out when they may, and are answered when the test says so. */
class Server implements StreamSource {
  requests = 0
  endsAsked = 0
  endSignal: AbortSignal | null = null
  streamEnd: () => Promise<string | null> = () => Promise.resolve(null)
  request: ReadRequest | null = null
  #kind: RequestKind = 'catch-up'
  #end: { resolve: (end: ReadEnd) => void; reject: (error: Error) => void } | null = null

  read(request: ReadRequest): Promise<ReadEnd> {
    return new Promise((resolve, reject) => {
      request.signal.addEventListener('abort', () => { resolve('aborted') }, { once: true })
      this.#end = { resolve, reject }
      void this.#send(request, 'catch-up')
    })
  }

  async #send(request: ReadRequest, kind: RequestKind): Promise<void> {
    await request.requests.turn()
    if (request.signal.aborted) return
    request.requests.sent(kind)
    this.request = request
    this.#kind = kind
    this.requests += 1
  }

  append(): Promise<void> {
    return Promise.resolve()
  }

  readonly send = NO_OUTBOX.send
  readonly noticesRepetition = NO_OUTBOX.noticesRepetition

  end(signal?: AbortSignal): Promise<string | null> {
    this.endsAsked += 1
    this.endSignal = signal ?? null
    return this.streamEnd()
  }

  get isAsked(): boolean {
    return this.request !== null && !this.request.signal.aborted
  }

  /** The answer to the request under way; the next one waits for news. */
  async answer(items: ReadonlyArray<unknown>, offset: string, upToDate = true): Promise<void> {
    const request = this.request!
    this.request = null
    request.requests.over({ kind: this.#kind, ok: true, isIdle: this.#kind === 'live' && items.length === 0, retryAfterMs: 0 })
    request.onAnswer()
    try {
      await request.onBatch({ items, offset, upToDate, streamClosed: false })
      void this.#send(request, upToDate ? 'live' : 'catch-up')
    } catch (error) {
      this.#end!.reject(error as Error)
    }
    await settled()
  }

  async fail(failure: SourceFailure, status?: number): Promise<void> {
    const request = this.request!
    this.request = null
    request.requests.over({ kind: this.#kind, ok: failure === 'interrupted', isIdle: false, retryAfterMs: 0 })
    this.#end!.reject(new SourceError(failure, failure, { status }))
    await settled()
  }
}

let clock: ManualClock
let server: Server
let reader: StreamReader
let place: ReadingPlace
let events: string[]
let readEnds: number
let connections: ConnectionState[]
let failures: ErrorData[]
/** Settles when the place is certain. */
let certain: Promise<void>

beforeEach(() => {
  clock = new ManualClock()
  server = new Server()
  place = { offset: '-1', anchor: null, hasRows: false, isReplacing: false, olderLeftMs: null }
  events = []
  readEnds = 0
  connections = []
  failures = []
  certain = Promise.resolve()
  reader = new StreamReader({
    env: { clock, random: () => 0.5 },
    source: server,
    settings: { live: true, backoff: null, silenceTimeoutMs: SILENCE_MS },
    place: () => place,
    onBatch: ({ items, offset, upToDate }) => {
      const from = place.offset
      place = { ...place, offset, hasRows: true, ...(items.length === 0 ? {} : { anchor: anchorOf(from, offset, items) }) }
      events.push(`${String(items.length)} at ${offset}`)
      if (upToDate) reader.upToDate()
      return Promise.resolve()
    },
    settled: () => certain,
    onBeginning: (items) => events.push(`${String(items.length)} begun`),
    onReadEnd: () => {
      readEnds += 1
    },
    onSame: () => undefined,
    onOther: () => {
      events.push('other')
      place = { offset: '-1', anchor: null, hasRows: true, isReplacing: true, olderLeftMs: null }
    },
    onMissing: () => {
      events.push('missing')
      place = { offset: '-1', anchor: null, hasRows: false, isReplacing: false, olderLeftMs: null }
    },
    onConnection: (connection) => connections.push(connection),
    onFailure: (error) => failures.push(error),
  })
  void reader.run()
})

const last = (): ConnectionState | undefined => connections.at(-1)

async function wait(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    clock.advance(100)
    await settled()
  }
}

/** Live, at offset 2, with the events `a` and `b`. */
async function live(): Promise<void> {
  await server.answer(['a', 'b'], '2')
  await wait(100)
  expect([last(), server.isAsked]).toEqual(['live', true])
  events.length = 0
}

describe('a read that begins before its place is certain', () => {
  let settle: () => void
  beforeEach(async () => {
    await live()
    certain = new Promise((resolve) => { settle = resolve })
    reader.askAgain()
    await wait(100)
    expect(server.isAsked).toBe(true)
  })

  test('has its answer believed when the place is as it was', async () => {
    // The anchor's events first.
    void server.answer(['a', 'b', 'c'], '3')
    await settled()
    expect(events).toEqual([])
    settle()
    await settled()
    expect([events, last()]).toEqual([['1 at 3'], 'live'])
  })

  test('is made again from the right place, and its answer is not believed', async () => {
    void server.answer(['a', 'b', 'c'], '3')
    await settled()
    // What the cache has cannot be used in the end.
    place = { offset: '-1', anchor: null, hasRows: false, isReplacing: false, olderLeftMs: null }
    settle()
    await wait(100)
    expect([events, server.request?.offset]).toEqual([[], '-1'])
  })

  test.each<SourceFailure>(['missing', 'bad-offset', 'unauthorized', 'unreachable'])('has a failure (%s) believed only then', async (failure) => {
    const before = [...connections]
    await server.fail(failure)
    await wait(500)
    expect([events, failures, connections]).toEqual([[], [], before])
    settle()
    await settled()
    expect(failures).toHaveLength(1)
  })
})

describe('an answer that is arriving', () => {
  test('is told of, and the read that had it ends once', async () => {
    const { onBeginning } = server.request!
    onBeginning?.(['a'])
    onBeginning?.(['a', 'b'])
    expect([events, readEnds]).toEqual([['1 begun', '2 begun'], 0])
    await server.answer(['a', 'b', 'c'], '3')
    expect([events.at(-1), readEnds]).toEqual(['3 at 3', 0])
    reader.halt('hide')
    await settled()
    expect(readEnds).toBe(1)
  })

  test.each([
    ['has failed', () => server.fail('unreachable')],
    ['was given up for another', async () => { reader.askAgain(); await settled() }],
    ['was halted', async () => { reader.halt('hide'); await settled() }],
    ['was halted because the cache was cleared', async () => { reader.halt('forget'); await settled() }],
    ['was closed', async () => { reader.close(); await settled() }],
  ])('is told of no more when its read %s, which is told once', async (_, end) => {
    const { onBeginning } = server.request!
    onBeginning?.(['a'])
    await end()
    onBeginning?.(['a', 'b'])
    expect([events, readEnds]).toEqual([['1 begun'], 1])
  })

  test('and is silent is given up', async () => {
    server.request!.onBeginning?.(['a'])
    await wait(SILENCE_MS + 100)
    expect([readEnds, last()]).toEqual([1, 'offline'])
  })
})

describe('silence', () => {
  test('ends a live request after its limit, and the next one is asked at once: nobody notices', async () => {
    await live()
    const { requests } = server
    await wait(SILENCE_MS - 200)
    expect(server.requests).toBe(requests)
    await wait(300)
    expect(server.requests).toBe(requests + 1)
    await server.answer(['a', 'b', 'c'], '3')
    expect([events, last(), failures]).toEqual([['1 at 3'], 'live', []])
  })

  test('of the request that follows it is told: connecting, then offline, and it goes on asking', async () => {
    await live()
    await wait(SILENCE_MS + 1100)
    expect(last()).toBe('connecting')
    await wait(SILENCE_MS)
    expect([last(), failures.at(-1)]).toMatchObject(['offline', { code: 'OFFLINE', retryable: true }])
    await wait(1000)
    await server.answer(['a', 'b', 'c'], '3')
    expect([events, last()]).toEqual([['1 at 3'], 'live'])
  })

  test('is judged by how long the server took before', async () => {
    await live()
    await wait(20_000)
    await server.answer([], '2')
    await wait(100)
    const { requests } = server
    await wait(29_800)
    expect(server.requests).toBe(requests)
    await wait(400)
    expect(server.requests).toBe(requests + 1)
  })

  test('is over with any byte', async () => {
    await live()
    const { requests } = server
    for (let times = 0; times < 5; times += 1) {
      await wait(SILENCE_MS - 1000)
      server.request!.requests.heard()
    }
    expect(server.requests).toBe(requests)
  })

  test('of a moment ends at once for who is in a hurry; a request that has just gone out stays', async () => {
    await live()
    const { requests } = server
    reader.reconnect('online')
    await settled()
    expect(server.requests).toBe(requests)
    await wait(1000)
    reader.reconnect('online')
    await wait(100)
    expect(server.requests).toBe(requests + 1)
  })

  test('is not ended by preload(), however often it is called: the silence limit watches over the request', async () => {
    for (let component = 0; component < 30; component += 1) {
      await wait(1100)
      reader.reconnect('preload')
    }
    expect([server.requests, server.isAsked]).toEqual([1, true])
    await wait(SILENCE_MS)
    expect(failures.at(-1)).toMatchObject({ code: 'OFFLINE' })
  })

  describe('of a live request, when a tab is opened or shown', () => {
    async function hurried(streamEnd: Server['streamEnd']): Promise<number> {
      await live()
      server.streamEnd = streamEnd
      const { requests } = server
      await wait(900)
      reader.hurry()
      expect(server.endsAsked).toBe(0)
      await wait(100)
      reader.hurry()
      reader.hurry()
      expect(server.endsAsked).toBe(1)
      await wait(3100)
      return server.requests - requests
    }

    test('is taken for a quiet stream when the stream ends at what is shown: ten tabs cost what one does', async () => {
      expect(await hurried(() => Promise.resolve('2'))).toBe(0)
      for (let tab = 0; tab < 10; tab += 1) {
        reader.hurry()
        await wait(1000)
      }
      expect(server.endsAsked).toBeLessThanOrEqual(4)
    })

    test.each<[string, Server['streamEnd']]>([
      ['when there is news', () => Promise.resolve('3')],
      ['when the stream ends before what is shown: it may have been made again', () => Promise.resolve('1')],
      ['when the server does not say where the stream ends', () => Promise.resolve(null)],
      ['when it cannot be reached', () => Promise.reject(new SourceError('unreachable', 'no'))],
      ['when it says nothing', () => new Promise(() => undefined)],
    ])('ends %s', async (_, streamEnd) => {
      expect(await hurried(streamEnd)).toBe(1)
    })

    test('ends when there is news, also for a tab that is shown a moment after the last question', async () => {
      await live()
      server.streamEnd = () => Promise.resolve('2')
      const { requests } = server
      await wait(1000)
      reader.hurry()
      await wait(500)
      server.streamEnd = () => Promise.resolve('3')
      reader.hurry()
      await wait(4000)
      expect([server.requests, server.endsAsked]).toEqual([requests, 1])
      await wait(1000)
      expect([server.requests, server.endsAsked]).toEqual([requests + 1, 2])
    })

    test('gives a question up that is not answered: they do not pile up', async () => {
      await live()
      await wait(1000)
      server.streamEnd = () => new Promise(() => undefined)
      reader.hurry()
      await wait(2900)
      expect(server.endSignal!.aborted).toBe(false)
      await wait(200)
      expect(server.endSignal!.aborted).toBe(true)
    })

    test('ends by itself when news come while the server is asked', async () => {
      await live()
      await wait(1000)
      let answer: (end: string) => void = () => undefined
      server.streamEnd = () => new Promise((resolve) => (answer = resolve))
      reader.hurry()
      await server.answer(['c'], '3')
      const { requests } = server
      answer('3')
      await wait(500)
      expect(server.requests).toBe(requests)
    })
  })

  test('of a slow server lasts longer for each request that was given up in a hurry: it gets to answer', async () => {
    const sent: number[] = []
    for (let passedMs = 0; passedMs < 600_000; passedMs += 500) {
      if (server.requests > sent.length) sent.push(clock.now())
      reader.reconnect('online')
      await wait(500)
      if (clock.now() - sent.at(-1)! > 20_000) return
    }
    expect.unreachable('every request was given up within 20 s')
  })

  test('a slow first answer is not begun again by everyone who is in a hurry', async () => {
    for (let tab = 0; tab < 60; tab += 1) {
      reader.reconnect('online')
      await wait(1000)
    }
    expect(server.requests).toBeLessThanOrEqual(10)
  })
})

test('preload() ends a back-off', async () => {
  for (let times = 0; times < 4; times += 1) {
    while (!server.isAsked) await wait(100)
    await server.fail('unreachable')
  }
  await settled()
  expect([server.isAsked, last()]).toEqual([false, 'offline'])
  reader.reconnect('preload')
  await wait(100)
  expect(server.isAsked).toBe(true)
})

describe('an answer that goes backwards', () => {
  test.each([
    ['to an earlier offset', '1'],
    ['to the same offset, with events', '2'],
  ])('%s is not folded; after a pause a fresh one is asked for', async (_, offset) => {
    await live()
    await server.answer(['a'], offset)
    expect([events, last(), failures.at(-1)]).toMatchObject([[], 'offline', { code: 'STREAM_ERROR', retryable: true }])
    const { requests } = server
    await wait(900)
    expect(server.requests).toBe(requests)
    await wait(400)
    expect([server.requests, server.request!.isFresh]).toEqual([requests + 1, true])
    await server.answer(['a', 'b', 'c'], '3')
    expect([events, last()]).toEqual([['1 at 3'], 'live'])
    await wait(1000)
    expect(server.request!.isFresh).toBe(true)
    await server.fail('interrupted')
    await wait(1000)
    expect(server.request!.isFresh).toBe(false)
  })

  test('however often within a minute does not make it another stream', async () => {
    await live()
    for (let times = 0; times < 10; times += 1) {
      await server.answer(['a', 'b', 'x'], '1')
      await wait(5900)
    }
    expect(events).toEqual([])
  })

  test('for longer than a minute makes the stream be read from its start: the offset that is held may never have been the stream’s', async () => {
    await live()
    for (let times = 0; times < 4; times += 1) {
      await server.answer(['a'], '1')
      await wait(25_000)
    }
    expect(events[0]).toBe('other')
  })

  test('of a stream whose end is known to be in doubt is not believed before the engine believes it', async () => {
    await live()
    place = { ...place, olderLeftMs: 1 }
    for (let times = 0; times < 4; times += 1) {
      await server.answer(['a'], '1')
      await wait(25_000)
    }
    expect(events).toEqual([])
    place = { ...place, olderLeftMs: 0 }
    await server.answer(['a'], '1')
    expect(events).toEqual(['other'])
  })
})

describe('one answer drops nothing', () => {
  test.each<[SourceFailure, number, string]>([['missing', 404, 'missing'], ['missing', 410, 'missing'], ['bad-offset', 400, 'other']])('%s %i takes three in a row, with pauses', async (failure, status, outcome) => {
    await live()
    const begin = clock.now()
    await server.fail(failure, status)
    expect([events, last()]).toEqual([[], 'offline'])
    while (!server.isAsked) await wait(100)
    await server.fail(failure, status)
    while (!server.isAsked) await wait(100)
    expect(events).toEqual([])
    await server.fail(failure, status)
    expect(events).toEqual([outcome])
    expect(clock.now() - begin).toBeGreaterThanOrEqual(2000)
  })

  test('backends that contradict each other drop nothing', async () => {
    await live()
    for (let round = 0; round < 30; round += 1) {
      for (const answer of ['no', 'no', 'yes', 'yes']) {
        while (!server.isAsked) await wait(1000)
        if (answer === 'no') await server.fail('missing', 404)
        else await server.answer(['a', 'b'].slice(server.request!.offset === '-1' ? 0 : 2), '2')
      }
    }
    expect(events.filter((event) => event === 'missing' || event === 'other')).toEqual([])
  })

  test.each<[SourceFailure, number]>([['missing', 404], ['missing', 410], ['bad-offset', 400]])('nor is the whole stream asked for because one backend of two answers %s %i', async (failure, status) => {
    place = { ...place, offset: '90', anchor: anchorOf('80', '90', Array.from({ length: 900 }, (_, index) => index)), hasRows: true }
    reader.askAgain()
    const asked: string[] = []
    for (let round = 0; round < 10; round += 1) {
      for (const answer of ['no', 'no', 'yes', 'yes']) {
        while (!server.isAsked) await wait(1000)
        asked.push(server.request!.offset)
        if (answer === 'no') await server.fail(failure, status)
        else await server.answer(Array.from({ length: 900 }, (_, index) => index), '90')
      }
    }
    expect(new Set(asked)).toEqual(new Set(['80']))
  })

  test('where there are no rows a missing stream is told at once', async () => {
    await server.fail('missing', 404)
    expect([events, last()]).toEqual([['missing'], 'not-found'])
  })
})

describe('an application that cannot say its headers', () => {
  test('is told so with its own error, and asked again later', async () => {
    server.request!.requests.over({ kind: 'catch-up', ok: false, isIdle: false, retryAfterMs: 0 })
    await server.fail('application')
    expect(last()).toBe('failed')
    await wait(2000)
    expect(server.isAsked).toBe(true)
  })
})

describe('an anchor that takes several answers', () => {
  const anchored = async (): Promise<void> => {
    await settled()
    place = { ...place, offset: '90', anchor: anchorOf('0', '90', Array.from({ length: 900 }, (_, index) => index)), hasRows: true }
    reader.askAgain()
    await wait(3000)
  }

  test('is compared without a pause while the answers move on', async () => {
    await anchored()
    const { requests } = server
    for (let page = 1; page <= 5; page += 1) {
      await server.answer(Array.from({ length: 10 }, (_, index) => index), String(page), false)
      await wait(20)
    }
    expect(server.requests).toBe(requests + 5)
  })

  test('is compared ever more slowly with a server that gives the same answer to each request', async () => {
    await anchored()
    const { requests } = server
    for (let times = 0; times < 600; times += 1) {
      if (server.isAsked) await server.answer(Array.from({ length: 10 }, (_, index) => index), '1', false)
      await wait(100)
    }
    expect(server.requests - requests).toBeLessThanOrEqual(20)
  })
})

test('with a stream object of the application, bad times do not make the reader slow for good', async () => {
  reader.close()
  const stream = { isSwallowed: true, sessions: 0 }
  const given = {
    stream: ({ signal }: { signal: AbortSignal }): Promise<unknown> => {
      stream.sessions += 1
      if (stream.isSwallowed) return new Promise((_, reject) => { signal.addEventListener('abort', () => { reject(new Error('aborted')) }) })
      return Promise.resolve({
        streamClosed: false, upToDate: true, offset: '5', closed: new Promise(() => undefined),
        subscribeJson: (take: (batch: unknown) => Promise<void>) => { void take({ items: [], offset: '5', upToDate: true, streamClosed: false }) },
      })
    },
  }
  const source = new HttpSource(scriptedSettings(), () => Promise.resolve({ headers: {}, params: {} }), { stream: given as never })
  const own = new StreamReader({
    env: { clock, random: () => 0.5 }, source, settings: { live: true, backoff: null, silenceTimeoutMs: SILENCE_MS }, place: () => place,
    onBatch: ({ offset }) => {
      place = { ...place, offset }
      own.upToDate()
      return Promise.resolve()
    },
    settled: () => Promise.resolve(), onBeginning: () => undefined, onReadEnd: () => undefined, onSame: () => undefined, onOther: () => undefined, onMissing: () => undefined, onConnection: () => undefined, onFailure: () => undefined,
  })
  void own.run()
  for (let times = 0; times < 60; times += 1) {
    await wait(1000)
    own.reconnect('online')
  }
  stream.isSwallowed = false
  await wait(120_000)
  expect(place.offset).toBe('5')
  const { sessions } = stream
  while (stream.sessions === sessions) await wait(100)
  // The request that listens is silent from now on, and is given up by itself after 45 s.
  await wait(5000)
  own.reconnect('online')
  await wait(2000)
  expect(stream.sessions).toBe(sessions + 2)
  own.close()
})
