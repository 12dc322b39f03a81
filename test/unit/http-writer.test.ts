// @vitest-environment-options {"own":"unit/http-writer"}
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

test('an append that gets no answer in time is given up together with its request', { timeout: 2000 }, async () => {
  server.faults.hang({ match: post() })
  await expect(append(writer({ silenceTimeoutMs: 50 }), 1)).rejects.toMatchObject({ code: 'OFFLINE', message: expect.stringContaining('may have carried') as string })
  await server.log.until((log) => log.open(post()).length === 0)
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

describe('appends that go out together', () => {
  /** The bodies of this stream's requests to append, as they came. */
  const bodies = (fetched: typeof fetch = fetch): { sent: string[]; fetch: typeof fetch } => {
    const sent: string[] = []
    return {
      sent,
      fetch: (input, init) => {
        sent.push(String(init?.body))
        return fetched(input, init)
      },
    }
  }
  const outcomes = async (work: ReadonlyArray<Promise<void>>): Promise<string[]> =>
    (await Promise.allSettled(work)).map((one) => (one.status === 'fulfilled' ? 'ok' : (one.reason as { code: string; status: number }).code + String((one.reason as { status?: number }).status ?? '')))

  test('do not fail with one that is refused: each is sent once more, alone and in order', async () => {
    const { sent, fetch: own } = bodies()
    const one = writer({ fetch: own })
    const texts = ['{"n":1}', '{"n":2}', 'garbage{', '{"n":3}', 'more{', '{"n":4}']
    expect(await outcomes(texts.map((text) => one.append(text, {})))).toEqual(['ok', 'ok', 'STREAM_ERROR400', 'ok', 'STREAM_ERROR400', 'ok'])
    expect(server.events(path)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }])
    expect(sent).toEqual([...texts.slice(0, 1), texts.slice(1).join(','), ...texts.slice(1)].map((text) => `[${text}]`))
  })

  test('wait behind those that are sent once more', async () => {
    const one = writer()
    const first = ['1', '2', 'garbage{', '3'].map((text) => one.append(text, {}))
    const done = outcomes(first)
    await first[1]
    expect(await outcomes([one.append('4', {})])).toEqual(['ok'])
    expect(await done).toEqual(['ok', 'ok', 'STREAM_ERROR400', 'ok'])
    expect(server.events(path)).toEqual([1, 2, 3, 4])
  })

  test('do not fail with one that was sent before them and is refused, and that one is not sent again', async () => {
    const { sent, fetch: own } = bodies()
    const one = writer({ fetch: own })
    expect(await outcomes(['garbage{', '1', '2'].map((text) => one.append(text, {})))).toEqual(['STREAM_ERROR400', 'ok', 'ok'])
    expect(sent).toEqual(['[garbage{]', '[1,2]'])
  })

  test.each([
    [401, 'NEEDS_AUTH401'],
    [403, 'NEEDS_AUTH403'],
    [404, 'STREAM_NOT_FOUND404'],
    [410, 'STREAM_NOT_FOUND410'],
    [408, 'OFFLINE408'],
    [429, 'OFFLINE429'],
    [503, 'OFFLINE503'],
  ])('fail together with what concerns all of them (%i)', async (status, code) => {
    server.faults.respond(status, { match: post() })
    const { sent, fetch: own } = bodies()
    const one = writer({ fetch: own })
    expect(await outcomes(['1', '2', '3'].map((text) => one.append(text, {})))).toEqual([code, code, code])
    expect(new Set(sent)).toEqual(new Set(['[1]']))
  })

  test('fail together when that comes while they are sent once more', async () => {
    const answers = [204, 400, 204, 401]
    const { sent, fetch: own } = bodies(() => Promise.resolve(new Response(null, { status: answers.shift()! })))
    const one = writer({ fetch: own })
    expect(await outcomes(['1', '2', '3', '4'].map((text) => one.append(text, {})))).toEqual(['ok', 'ok', 'NEEDS_AUTH401', 'NEEDS_AUTH401'])
    expect(sent).toEqual(['[1]', '[2,3,4]', '[2]', '[3]'])
  })

  test('to a stream that is closed are refused together', async () => {
    server.closeStream(path)
    const { sent, fetch: own } = bodies()
    const one = writer({ fetch: own })
    expect(await outcomes(['1', '2', '3'].map((text) => one.append(text, {})))).toEqual(['STREAM_ERROR409', 'STREAM_ERROR409', 'STREAM_ERROR409'])
    expect(sent.length).toBeLessThanOrEqual(2)
  })

  test('are of one content type, and of text and bytes as they come', async () => {
    const seen: Array<[string | null, string]> = []
    const own: typeof fetch = async (_, init) => {
      seen.push([new Headers(init?.headers).get('content-type'), await new Response(init?.body).text()])
      return new Response(null, { status: 204 })
    }
    const plain = { contentType: 'text/plain' }
    const one = writer({ fetch: own })
    await Promise.all([
      one.append('1', {}), one.append('2', { contentType: 'application/json; charset=utf-8' }), one.append(new TextEncoder().encode('3'), { contentType: 'application/json; charset=utf-8' }),
      one.append('a', plain), one.append(new TextEncoder().encode('ü'), plain), one.append('b', plain), one.append('4', {}),
    ])
    expect(seen).toEqual([
      ['application/json', '[1]'], ['application/json; charset=utf-8', '[2,3]'], ['text/plain', 'aüb'], ['application/json', '[4]'],
    ])
  })

  test('have the sequence number of the last', async () => {
    const seen: Array<string | null> = []
    const own: typeof fetch = (_, init) => {
      seen.push(new Headers(init?.headers).get('stream-seq'))
      return Promise.resolve(new Response(null, { status: 204 }))
    }
    const one = writer({ fetch: own })
    await Promise.all([one.append('1', { seq: 'a' }), one.append('2', { seq: 'b' }), one.append('3', { seq: 'c' }), one.append('4', {})])
    expect(seen).toEqual(['a', 'c'])
  })

  test('go out each by itself, and at once, without batching', async () => {
    const { sent, fetch: own } = bodies(() => Promise.resolve(new Response(null, { status: 204 })))
    const one = writer({ fetch: own, batching: false })
    await Promise.all([one.append('1', {}), one.append('2', {})])
    expect(sent).toEqual(['[1]', '[2]'])
  })
})

describe('appends of a producer', () => {
  const by = (producerSeq: number, producerEpoch = 0) => ({ producerId: 'form', producerEpoch, producerSeq })
  const triples = () => server.log.all(post()).map(({ headers }) => [headers['producer-id'], headers['producer-epoch'], headers['producer-seq']])

  test('are written once, however often they are repeated', async () => {
    const one = writer()
    await one.append('1', by(0))
    await one.append('1', by(0))
    await one.append('2', by(1))
    expect(server.events(path)).toEqual([1, 2])
    expect(triples()).toEqual([['form', '0', '0'], ['form', '0', '0'], ['form', '0', '1']])
  })

  test('are written once although the answer is lost and the request repeated', async () => {
    server.faults.loseAnswer({ match: post(), times: 1 })
    await writer().append('1', by(0))
    expect([server.log.count(post()), server.events(path)]).toEqual([2, [1]])
  })

  test('have a request each, in their order among the others', async () => {
    const one = writer()
    await Promise.all([one.append('1', {}), one.append('2', by(0)), one.append('3', by(1)), one.append('4', {}), one.append('5', {})])
    expect(server.events(path)).toEqual([1, 2, 3, 4, 5])
    const none = [undefined, undefined, undefined]
    expect(triples()).toEqual([none, ['form', '0', '0'], ['form', '0', '1'], none])
  })

  test('keep their order without batching too', async () => {
    const one = writer({ batching: false })
    await Promise.all([0, 1, 2, 3].map((seq) => one.append(String(seq), by(seq))))
    expect(server.events(path)).toEqual([0, 1, 2, 3])
  })

  test('of an older epoch are fenced off, which is no matter of credentials, and fails no other append', async () => {
    const one = writer()
    await one.append('1', by(0, 1))
    const fenced = one.append('2', by(1, 0))
    const other = one.append('3', {})
    await expect(fenced).rejects.toMatchObject({ code: 'STREAM_ERROR', retryable: false, status: 403, message: expect.stringMatching(/fenced off.* epoch 1/) as string })
    await other
    expect(server.events(path)).toEqual([1, 3])
  })

  test('that leave one out are refused, with the number that the server expects', async () => {
    const one = writer()
    await one.append('1', by(0))
    await expect(one.append('3', by(2))).rejects.toMatchObject({ code: 'STREAM_ERROR', retryable: false, status: 409, message: expect.stringMatching(/expects 1/) as string })
    await one.append('2', by(1))
    expect(server.events(path)).toEqual([1, 2])
  })

  test('need credentials like any other', async () => {
    server.faults.respond(403, { match: post() })
    await expect(writer().append('1', by(0))).rejects.toMatchObject({ code: 'NEEDS_AUTH', retryable: true, status: 403 })
  })
})
