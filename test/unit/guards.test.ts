import { describe, expect, test } from 'vitest'
import type { DiffBatch } from '../../src/shared/batch.ts'
import { PROTOCOL_VERSION, type Hello } from '../../src/shared/calls.ts'
import { resultName, type Query } from '../../src/shared/query.ts'
import { INITIAL_TAB_STATUS } from '../../src/shared/status.ts'
import { ENGINE_CALLS, isAnswer, isCall, isHello, TAB_CALLS } from '../../src/shared/guards.ts'
import type { Write } from '../../src/shared/write.ts'
import { newTab } from '../support/tab-description.ts'

const hello: Hello = {
  version: PROTOCOL_VERSION,
  client: 'c',
  settings: {
    url: 'https://example.com/s', scope: '', collections: [{ name: 'items', type: 'item', primaryKey: 'id' }], live: true, contentType: null,
    batching: true, backoff: null, cache: { durability: 'relaxed', version: '', keepUnusedMs: null }, pauseWhenHidden: null,
    silenceTimeoutMs: 45_000,
  },
  request: { headers: { a: 'b' }, params: {} },
  wantsEvents: false,
  wantsRejected: false,
  tabLock: null,
  tab: newTab({ have: { branch: 'b', seq: 1, digest: 2, offset: '1', upTo: '2' } }),
}
const batch: DiffBatch = {
  epoch: 'e', from: '-1', to: '1', branch: 'b', seq: 1, digest: 2, last: true, diffs: [{ collection: 'items', rows: [{ id: 'a' }], deleted: ['b'] }], replace: false, replaced: [], served: [], filling: [], isFill: false,
  txids: ['t'], stored: ['w'], ready: true, stale: false, status: INITIAL_TAB_STATUS, events: [], invalid: [],
}

const write: Write = { id: 'w', createdAt: 1, mutations: [{ kind: 'patch', collection: 'items', key: 'a', changes: { gone: undefined } }] }

/** A value with one of its fields, at any depth, made something else. */
function* spoiled(value: unknown): Generator<unknown> {
  if (typeof value !== 'object' || value === null) return
  for (const name of Object.keys(value)) {
    const field = (value as Record<string, unknown>)[name]
    for (const wrong of [undefined, Symbol, { odd: true }]) {
      if (Array.isArray(value)) yield value.map((item: unknown, index) => (String(index) === name ? wrong : item))
      else yield { ...value, [name]: wrong }
    }
    for (const inner of spoiled(field)) yield Array.isArray(value) ? [inner] : { ...value, [name]: inner }
  }
}

describe('a hello', () => {
  test('is taken as tabs send it', () => {
    expect(isHello(structuredClone(hello))).toBe(true)
    expect(isHello({ ...hello, request: null, have: null, tabLock: 'lock' })).toBe(true)
  })

  test('is refused with any field spoiled', () => {
    const taken = [...spoiled(hello)].filter((value) => isHello(value)) as Hello[]
    // What a back-off holds is the client's to judge.
    expect(taken.filter(({ settings }) => settings.backoff === null)).toEqual([])
  })
})

const call = (name: unknown, ...args: unknown[]) => ({ id: '1', type: 'APPLY', path: [name], argumentList: args.map((value) => ({ type: 'RAW', value })) })

describe('calls', () => {
  test.each(Object.keys(ENGINE_CALLS))('%s goes to an engine, with what it takes', (name) => {
    const args = { visible: [true], reconnect: ['preload'], subsets: [[{ id: 1, subset: null }]], append: ['{}', {}], write: [write], retryWrite: ['w'], discardWrite: ['w'], clearCache: [true] }[name] ?? []
    expect(isCall(call(name, ...args), ENGINE_CALLS)).toBe(true)
  })

  test('go to a tab, with a batch or a status', () => {
    expect(isCall(call('apply', structuredClone(batch)), TAB_CALLS)).toBe(true)
    expect(isCall(call('status', INITIAL_TAB_STATUS), TAB_CALLS)).toBe(true)
    expect(isCall(call('requestValues'), TAB_CALLS)).toBe(true)
  })

  test('with a spoiled batch go nowhere', () => {
    // Rows may hold anything.
    const plain = { ...batch, status: null, diffs: [{ collection: 'items', rows: [], deleted: ['b'] }] }
    expect([...spoiled(plain)].filter((value) => isCall(call('apply', value), TAB_CALLS))).toEqual([])
  })

  test.each([
    ['nothing', null],
    ['a text', 'hello'],
    ['no call', { id: '1', type: 'GET', path: ['hello'] }],
    ['a write', { id: '1', type: 'SET', path: ['hello'], value: { type: 'RAW', value: 1 } }],
    ['a construction', { id: '1', type: 'CONSTRUCT', path: ['constructor'], argumentList: [] }],
    ['a release', { id: '1', type: 'RELEASE' }],
    ['another endpoint', { id: '1', type: 'ENDPOINT' }],
    ['no id', { ...call('ping'), id: 1 }],
    ['an unknown method', call('explode')],
    ['an inherited method', call('constructor')],
    ['the prototype', call('__proto__')],
    ['a longer path', { ...call('ping'), path: ['ping', 'constructor'] }],
    ['the object itself', { ...call('ping'), path: [] }],
    ['a name that is none', call({ toString: () => 'ping' })],
    ['arguments that are no list', { ...call('ping'), argumentList: { length: 0 } }],
    ['an argument that is a proxy', { ...call('visible'), argumentList: [{ type: 'HANDLER', name: 'proxy', value: {} }] }],
    ['a visibility that is none', call('visible', 'yes')],
    ['a reconnect without a reason', call('reconnect', true)],
    ['a reconnect for a reason that is none', call('reconnect', 'toString')],
    ['an append without a body', call('append', 7, {})],
    ['an append without options', call('append', '{}')],
  ])('%s goes nowhere', (_, message) => {
    expect(isCall(message, ENGINE_CALLS)).toBe(false)
  })
})

test.each([
  [{ id: '1', type: 'RAW', value: 7 }, true],
  [{ id: '1', type: 'HANDLER', name: 'throw', value: {} }, true],
  [{ id: '1', type: 'HANDLER', name: 'proxy', value: {} }, false],
  [{ type: 'RAW', value: 7 }, false],
  ['RAW', false],
  [null, false],
])('an answer: %j is %s', (message, taken) => {
  expect(isAnswer(message)).toBe(taken)
})

describe('a want of a query', () => {
  const named = { kind: 'named', name: 'delays', params: { over: [1, 'a', null, true] } } as const
  const inline = { kind: 'inline', ir: { from: { alias: 'u', collection: 'users' } } } as const
  const want = (query: Query, rest: object = {}) => call('subsets', [{ id: 1, subset: { collection: resultName(query), where: null, first: null, query, ...rest } }])
  const odd = (query: object) => call('subsets', [{ id: 1, subset: { collection: resultName(named), where: null, first: null, query } }])

  test('is taken as tabs send it', () => {
    for (const query of [named, inline]) expect(isCall(structuredClone(want(query)), ENGINE_CALLS)).toBe(true)
  })

  test('is refused under the name of another query, or of a collection', () => {
    for (const collection of [resultName(inline), 'users']) expect(isCall(want(named, { collection }), ENGINE_CALLS)).toBe(false)
  })

  test('is refused as a part of a result', () => {
    expect(isCall(want(named, { where: { type: 'val', value: true } }), ENGINE_CALLS)).toBe(false)
  })

  test('is refused when it is no query', () => {
    let deep: object = {}
    for (let level = 0; level < 2000; level += 1) deep = { deep }
    const queries = [
      { ...named, kind: 'other' }, { ...named, name: 1 }, { ...named, params: Number.NaN }, { ...named, params: { at: new Date() } }, { ...named, params: { none: undefined } },
      { ...named, params: [deep] }, { ...inline, ir: null }, { ...inline, ir: [] }, { ...inline, ir: deep },
    ]
    for (const query of queries) expect(isCall(odd(query), ENGINE_CALLS)).toBe(false)
  })

  test('is one with an equal want, whatever the order of its parameters', () => {
    expect(resultName({ ...named, params: { a: 1, b: { c: 2, d: 3 } } })).toBe(resultName({ ...named, params: { b: { d: 3, c: 2 }, a: 1 } }))
    expect(resultName({ ...named, params: { a: 1 } })).not.toBe(resultName({ ...named, params: { a: 2 } }))
    expect(resultName({ ...named, params: [] })).not.toBe(resultName({ ...named, params: {} }))
  })
})

test('a refusal of a subset is an error', () => {
  const served = (error: unknown) => call('apply', { ...batch, served: [{ id: 1, rows: null, edge: null, whole: false, error }] })
  expect(isCall(served({ code: 'INVALID_QUERY', message: 'no', retryable: false }), TAB_CALLS)).toBe(true)
  for (const error of [null, 'no', { code: 1, message: 'no', retryable: false }]) expect(isCall(served(error), TAB_CALLS)).toBe(false)
})
