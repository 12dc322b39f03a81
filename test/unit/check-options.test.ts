import { DurableStream } from '@durable-streams/client'
import { describe, expect, test } from 'vitest'
import { BACKOFF_OPTIONS, CACHE_OPTIONS, OPTIONS, STREAM_OPTIONS } from '../../src/main/check-options.ts'
import { createStateSchema, createStreamDB, deleteCaches, type CreateStreamDBOptions, type StreamOptions } from '../../src/main/index.ts'
import { exposeStreamDB } from '../../src/worker/index.ts'
import { schema } from '../support/schema.ts'

const URL_ = 'https://example.com/s'
const noop = (): undefined => undefined
const scripted = { postMessage: noop, addEventListener: noop, removeEventListener: noop }

/** Values that an option may have, and others that it can't. */
interface Examples {
  readonly good: ReadonlyArray<unknown>
  readonly bad: ReadonlyArray<unknown>
}
const FLAGS: Examples = { good: [true, false], bad: ['true', 0, null, {}] }
const FUNCTIONS: Examples = { good: [noop], bad: ['f', {}, null, true] }
const TEXTS: Examples = { good: ['', 'text'], bad: [1, null, {}, noop, ['a']] }

const TOP: Record<keyof Omit<CreateStreamDBOptions, 'streamOptions'>, Examples> = {
  stream: { good: [new DurableStream({ url: URL_ })], bad: [{}, URL_, null, { url: URL_ }] },
  state: { good: [schema, {}], bad: [null, [], 'state', 1, { a: null }, { a: {} }, { close: schema.users }] },
  live: { good: [true, false, 'long-poll', 'sse'], bad: ['bogus', 'true', 1, null, 'SSE', {}] },
  actions: { good: [() => ({})], bad: FUNCTIONS.bad },
  onEvent: FUNCTIONS,
  onBeforeBatch: FUNCTIONS,
  onBatch: FUNCTIONS,
  onInvalid: FUNCTIONS,
  onRejected: FUNCTIONS,
  transform: FUNCTIONS,
  send: FUNCTIONS,
  queries: { good: [{}, { all: noop }, { all: { query: noop, every: 0 } }], bad: [null, noop, [], { all: {} }, { all: 1 }, { all: { query: noop, every: -1 } }] },
  worker: { good: [() => scripted, scripted, { port: { ...scripted, start: noop } }], bad: ['worker.js', null, {}, true, { port: {} }] },
  sharedWorker: FLAGS,
  pauseWhenHidden: { good: [false, 0, 1000, Infinity], bad: [true, -1, NaN, '1000', null] },
  silenceTimeoutMs: { good: [1, 45_000], bad: [0, -1, NaN, Infinity, 2 ** 31, '1', null, false] },
  scope: TEXTS,
  cache: {
    good: [true, false, {}, { durability: 'strict', version: '1' }, { keepUnusedMs: false }, { keepUnusedMs: 0 }, { persist: false }],
    bad: ['true', null, 1, [], { durability: 'fast' }, { version: 1 }, { ttl: 1 }, { keepUnusedMs: -1 }, { keepUnusedMs: true }, { persist: 1 }],
  },
}

const STREAM: Record<keyof StreamOptions, Examples> = {
  url: { good: [URL_, new URL(URL_)], bad: [1, null, {}, ['a']] },
  contentType: TEXTS,
  headers: {
    good: [{}, { a: 'b', c: () => 'd', e: undefined, n: 1 }],
    bad: ['a: b', null, [], { a: null }, { a: {} }, { a: 'two\nlines' }, { 'a b': 'c' }, { a: Symbol('s') }],
  },
  params: { good: [{}, { a: 'b', c: () => 'd', e: undefined, n: 1, f: true }], bad: ['a=b', null, [], { a: null }, { a: ['b'] }] },
  signal: { good: [new AbortController().signal], bad: [new AbortController(), null, {}, true] },
  backoffOptions: {
    good: [
      { initialDelay: 1, maxDelay: 2, multiplier: 1.5 },
      { initialDelay: 1, maxDelay: 2, multiplier: 1.5, maxRetries: Infinity, debug: true, onFailedAttempt: noop },
    ],
    bad: [null, 1, [], { initialDelay: '1' }, { maxDelay: NaN }, { multiplier: 0 }, { initialDelay: -1 }, { maxRetries: -1 }, { jitter: 1 }],
  },
  batching: FLAGS,
  fetch: FUNCTIONS,
  onError: FUNCTIONS,
  warnOnHttp: FLAGS,
}

const codeOf = (call: () => { close(): void } | undefined): string => {
  try {
    call()?.close()
    return 'accepted'
  } catch (error) {
    return String((error as { code?: unknown }).code)
  }
}
const make = (options: object): { close(): void } => createStreamDB({ streamOptions: { url: URL_ }, state: schema, ...options })
const cases = (examples: Readonly<Record<string, Examples>>, kind: keyof Examples): Array<readonly [string, unknown]> =>
  Object.entries(examples).flatMap(([name, example]) => example[kind].map((value) => [name, value] as const))

describe('options of createStreamDB', () => {
  test.each(cases(TOP, 'good'))('%s may be %o', (name, value) => {
    expect(codeOf(() => make({ [name]: value }))).toBe('accepted')
  })

  test.each(cases(TOP, 'bad'))('%s cannot be %o', (name, value) => {
    expect(codeOf(() => make({ [name]: value }))).toBe('INVALID_OPTIONS')
  })

  test.each(cases(STREAM, 'good'))('streamOptions.%s may be %o', (name, value) => {
    expect(codeOf(() => make({ streamOptions: { url: URL_, [name]: value } }))).toBe('accepted')
  })

  test.each(cases(STREAM, 'bad'))('streamOptions.%s cannot be %o', (name, value) => {
    expect(codeOf(() => make({ streamOptions: { url: URL_, [name]: value } }))).toBe('INVALID_OPTIONS')
  })

  test.each(Object.keys(OPTIONS).filter((name) => !['state', 'streamOptions'].includes(name)))('%s may be undefined', (name) => {
    expect(codeOf(() => make({ [name]: undefined }))).toBe('accepted')
  })

  test.each(Object.keys(STREAM_OPTIONS).filter((name) => name !== 'url'))('streamOptions.%s may be undefined', (name) => {
    expect(codeOf(() => make({ streamOptions: { url: URL_, [name]: undefined } }))).toBe('accepted')
  })

  test.each([
    [undefined],
    [null],
    [1],
    [{}],
    [{ state: schema }],
    [{ streamOptions: { url: URL_ } }],
    [{ state: schema, streamOptions: {} }],
    [{ state: schema, streamOptions: null }],
  ])('have to say which stream and which collections: %o', (options) => {
    expect(codeOf(() => createStreamDB(options as never))).toBe('INVALID_OPTIONS')
  })

  test.each([
    [{ pauseWhenHiden: 1 }, 'there is no option `pauseWhenHiden`; did you mean `pauseWhenHidden`?'],
    [{ streamOptions: { url: URL_, header: {} } }, 'there is no option `streamOptions.header`; did you mean `streamOptions.headers`?'],
    [{ streamOptions: { url: URL_, backoffOptions: { delay: 1 } } }, 'there is no option `streamOptions.backoffOptions.delay`'],
    [{ cache: { maxAge: 1 } }, 'there is no option `cache.maxAge`; there are durability, version, keepUnusedMs'],
    [{ live: 'bogus' }, "`live` has to be true, false, 'long-poll', 'sse'; it is 'bogus'"],
    [{ streamOptions: { url: URL_, headers: { a: null } } }, 'streamOptions.headers.a is neither a string nor a function'],
  ])('that are wrong are named: %o', (options, message) => {
    expect(() => make(options)).toThrow(message)
  })

  test('have an example of each here', () => {
    expect(Object.keys(TOP).concat('streamOptions').sort()).toEqual(Object.keys(OPTIONS).sort())
    expect(Object.keys(STREAM).sort()).toEqual(Object.keys(STREAM_OPTIONS).sort())
    expect(Object.keys(BACKOFF_OPTIONS).length + Object.keys(CACHE_OPTIONS).length).toBe(10)
  })
})

describe('definitions of collections', () => {
  const { users } = schema
  test.each<[string, object]>([
    ['_seq as primary key', { a: { ...users, primaryKey: '_seq' } }],
    ['a primary key that is no string', { a: { ...users, primaryKey: 7 } }],
    ['a type that is no string', { a: { ...users, type: 7 } }],
    ['no schema', { a: { ...users, schema: undefined } }],
    ['a schema of no standard', { a: { ...users, schema: { parse: noop } } }],
    ['no definition', { a: null }],
    ['an unknown sync mode', { a: { ...users, syncMode: 'lazy' } }],
    ['a misspelled field', { a: { ...users, syncmode: 'on-demand' } }],
    ['a type that two have', { a: users, b: users }],
    ['a reserved name', { utils: users }],
  ])('cannot have %s, wherever they are handed over', (_, state) => {
    expect(codeOf(() => (createStateSchema(state as never), undefined))).toBe('INVALID_OPTIONS')
    expect(codeOf(() => make({ state }))).toBe('INVALID_OPTIONS')
    expect(codeOf(() => (exposeStreamDB({ state: state as never }), undefined))).toBe('INVALID_OPTIONS')
  })

  test('may have data of the application', () => {
    expect(codeOf(() => make({ state: createStateSchema({ a: { ...users, label: 'Users' } as typeof users }) }))).toBe('accepted')
  })
})

describe('options of exposeStreamDB', () => {
  test.each<[object | null]>([[null], [{}], [{ state: schema, transform: 1 }], [{ state: schema, transforms: noop }]])('cannot be %o', (options) => {
    expect(codeOf(() => (exposeStreamDB(options as never), undefined))).toBe('INVALID_OPTIONS')
  })
})

describe('arguments of calls', () => {
  test.each<[object | null]>([
    [null],
    [{ seq: 1 }],
    [{ producerEpoch: NaN }],
    [{ producerSeq: 1.5 }],
    [{ signal: {} }],
  ])('append cannot have options %o', async (options) => {
    const db = createStreamDB({ streamOptions: { url: URL_ }, state: schema })
    await expect(db.stream.append('{}', options as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    db.close()
  })

  test.each<[unknown, unknown]>([[undefined, 1], [7, 1], ['t', NaN], ['t', '5']])('awaitTxId cannot have %o and %o', async (txid, timeout) => {
    const db = createStreamDB({ streamOptions: { url: URL_ }, state: schema })
    await expect(db.utils.awaitTxId(txid as string, timeout as number)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    db.close()
  })

  test.each([[null], ['scope'], [{ scope: 'user' }]])('deleteCaches cannot have %o', async (filter) => {
    await expect(deleteCaches(filter as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})
