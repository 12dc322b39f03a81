import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { meaningOf, type Meaning } from '../../src/worker/core/verdict.ts'

interface Given {
  readonly headers?: Readonly<Record<string, string>>
  readonly text?: string
  readonly isRedirected?: boolean
}

const meaning = (status: number, { headers = {}, text = '', isRedirected = false }: Given = {}): Meaning =>
  meaningOf({ status, header: (name) => headers[name] ?? null, text, isRedirected })
const kindOf = (status: number, given?: Given): string => {
  const found = meaning(status, given)
  return found.kind === 'decided' ? found.verdict.kind : found.kind
}

const UNDECIDED = [404, 410, 408, 425, 429]
/** So that the next epoch, up to 2^30 higher, is a safe integer. */
const MOST_EPOCH = 2 ** 53 - 2 ** 31

const value = fc.option(fc.oneof(fc.constantFrom('0', '7', '9007199254740991', String(2 ** 53 - 2 ** 31), '1e999', '-1', 'x', '', ' ', String(2 ** 60), '1.5', '0x10', '5, 5', 'NaN'), fc.string()), { nil: undefined })

describe('an answer to a request of a producer', () => {
  test('has one meaning, for every status and all headers', () => {
    const headers = fc.record({
      'producer-epoch': value, 'producer-seq': value, 'producer-expected-seq': value, 'stream-next-offset': value,
      'stream-closed': fc.constantFrom(undefined, 'true', 'false', 'TRUE'), 'content-type': fc.constantFrom(undefined, 'text/plain', 'text/html; charset=utf-8', 'application/json'),
    })
    for (let status = 100; status <= 599; status += 1) {
      fc.assert(
        fc.property(headers, fc.boolean(), fc.string(), (given, isRedirected, text) => {
          const known = Object.fromEntries(Object.entries(given).flatMap(([name, one]) => (one === undefined ? [] : [[name, one]])))
          const found = kindOf(status, { headers: known, text, isRedirected })
          const epoch = given['producer-epoch'] ?? ''
          const isEpoch = /^\d+$/.test(epoch) && Number(epoch) <= MOST_EPOCH
          const isNameless = status !== 204 && given['stream-next-offset'] === undefined
          const isForeign = given['producer-seq'] === undefined && (isRedirected || isNameless || given['content-type']?.startsWith('text/html') === true)
          if (status >= 200 && status < 300) expect(found).toBe(isForeign ? 'undecided' : 'accepted')
          else if (status === 401 || (status === 403 && !isEpoch)) expect(found).toBe('unauthorized')
          else if (status === 403) expect(found).toBe('fenced')
          else if (status < 400 || status >= 500 || UNDECIDED.includes(status)) expect(found).toBe('undecided')
          else if (status === 409 && given['producer-expected-seq'] !== undefined) expect(found).toBe('forgotten')
          else expect(found).toBe('refused')
        }),
        { numRuns: 20 },
      )
    }
  })

  test.each(['1e999', '-1', 'x', String(2 ** 60), '', '1.5', '0x10', '5, 5', '٣'])('with the epoch %j fences nobody', (epoch) => {
    expect(kindOf(403, { headers: { 'producer-epoch': epoch } })).toBe('unauthorized')
  })

  test('fences with an epoch that a server can have', () => {
    for (const epoch of [0, 7, MOST_EPOCH]) {
      expect(meaning(403, { headers: { 'producer-epoch': String(epoch) } })).toEqual({ kind: 'decided', verdict: { kind: 'fenced', epoch } })
    }
  })

  test('says where the stream ends, or does not', () => {
    expect(meaning(200, { headers: { 'stream-next-offset': '0_5' } })).toEqual({ kind: 'decided', verdict: { kind: 'accepted', offset: '0_5' } })
    expect(meaning(204)).toEqual({ kind: 'decided', verdict: { kind: 'accepted', offset: null } })
  })

  test('that is a login page, or that a redirect has led to, is none, unless it knows the producer', () => {
    const page = { 'content-type': 'text/html' }
    expect([kindOf(200, { headers: page }), kindOf(200, { isRedirected: true })]).toEqual(['undecided', 'undecided'])
    // A redirected read has an offset too.
    expect(kindOf(200, { isRedirected: true, headers: { 'stream-next-offset': '1' } })).toBe('undecided')
    expect([kindOf(200, { headers: { ...page, 'producer-seq': '0' } }), kindOf(200, { isRedirected: true, headers: { 'producer-seq': '0' } })]).toEqual(['accepted', 'accepted'])
  })

  test('that refuses has the status and the reason in words, and says whether all appends are refused', () => {
    expect(meaning(400, { text: ' Invalid JSON ' })).toEqual({
      kind: 'decided',
      verdict: { kind: 'refused', error: { code: 'STREAM_ERROR', message: 'the server answered 400: Invalid JSON', retryable: false, status: 400 }, isOfAll: false },
    })
    expect(meaning(409, { headers: { 'stream-closed': 'true' } })).toMatchObject({ verdict: { kind: 'refused', isOfAll: true, error: { message: 'the server answered 409' } } })
  })

  test('gives no secret of a URL away, also at the end of what is shown, and no more than 300 characters of its text', () => {
    const message = (text: string): string => {
      const found = meaning(422, { text })
      return found.kind === 'decided' && found.verdict.kind === 'refused' ? found.verdict.error.message : ''
    }
    expect(message('see https://user:word@s.test/x?token=secret now')).toBe('the server answered 422: see https://…@s.test/x?… now')
    expect(message(`${'x'.repeat(280)} https://user:word-that-is-longer@s.test/`)).not.toContain('word')
    expect(message('y'.repeat(1_000_000)).length).toBeLessThan(330)
  })

  test('that decides nothing has the code of its cause', () => {
    expect(meaning(404)).toMatchObject({ error: { code: 'STREAM_NOT_FOUND', status: 404 } })
    expect(meaning(410)).toMatchObject({ error: { code: 'STREAM_NOT_FOUND', status: 410 } })
    for (const status of [0, 304, 408, 425, 429, 500, 503, 599]) expect(meaning(status)).toMatchObject({ kind: 'undecided', error: { code: 'OFFLINE', retryable: true, status } })
    expect(meaning(401)).toMatchObject({ kind: 'unauthorized', error: { code: 'NEEDS_AUTH', retryable: true, status: 401 } })
  })
})
