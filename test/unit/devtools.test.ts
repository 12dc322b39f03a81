// @vitest-environment-options {"own":"unit/devtools"}
import { describe, expect, test } from 'vitest'
import type { DevtoolsDB } from '../../src/devtools/devtools-db.ts'
import { diagnose } from '../../src/devtools/diagnostics.ts'
import { expressionText, hiddenConstant, subsetText } from '../../src/devtools/expression-text.ts'
import { age, bytes, count, percent, plainUrl, short, shortOffset, streamName } from '../../src/devtools/format.ts'
import { Timeline } from '../../src/devtools/timeline.ts'
import type { Expression } from '../../src/shared/expression.ts'
import type { InspectedSubset, Inspection } from '../../src/shared/inspection.ts'
import { INITIAL_TAB_STATUS, type StreamDBStatus } from '../../src/shared/status.ts'
import type { PendingWrite } from '../../src/shared/write.ts'

/** What no report may have in it. */
const SECRET = 'c4nary'

const ref = (...path: string[]): Expression => ({ type: 'ref', path })
const where: Expression = {
  type: 'func',
  name: 'and',
  args: [
    { type: 'func', name: 'eq', args: [ref('user', 'name'), { type: 'val', value: SECRET }] },
    { type: 'func', name: 'or', args: [{ type: 'func', name: 'gt', args: [ref('at'), { type: 'val', value: { date: 0 } }] }, { type: 'func', name: 'isNull', args: [ref('gone')] }] },
  ],
}
const subset: InspectedSubset = { collection: 'users', where, first: { expression: ref('at'), direction: 'desc', rows: 10 }, rows: 1, tabs: 1 }

const noted = (state: Inspection['connections'][number]['state'], at: number): Inspection['connections'][number] => ({ at, state, why: null, error: null })

const inspection: Inspection = {
  epoch: 'e1',
  now: 5000,
  offset: '8',
  seq: 12,
  unstored: 3,
  tabs: [{ isSelf: true, where: 'leader', visible: true, started: true, behind: false, offset: '7', failovers: 0 }],
  connections: [noted('live', 1000), { at: 2000, state: 'offline', why: null, error: { code: 'OFFLINE', message: SECRET, retryable: true, status: 503 } }],
  collections: [{ name: 'users', rows: 2, bytes: 100, stored: null }, { name: SECRET, rows: 0, bytes: 0, stored: null }],
  subsets: [subset],
  indexes: [{ collection: 'users', expression: ref('at'), complete: true }],
  queries: [{ name: SECRET, about: SECRET, rows: 1, runMs: 2, tabs: 1, error: { code: 'INVALID_QUERY', message: SECRET, retryable: false } }],
  quarantined: [{ at: 1, code: 'REFUSED', reason: SECRET, offset: '3', text: `{"key":"${SECRET}"}` }],
  events: [{ number: 1, at: 1, offset: '4', kind: 'change', operation: 'insert', type: SECRET, key: SECRET, text: SECRET }],
}

const store = <T>(value: T): { getSnapshot: () => T; getServerSnapshot: () => T; subscribe: () => () => void; store: never } => ({ getSnapshot: () => value, getServerSnapshot: () => value, subscribe: () => () => undefined, store: undefined as never })

const status: StreamDBStatus = {
  ...INITIAL_TAB_STATUS,
  stale: false,
  fallbacks: { [`http://${SECRET}`]: SECRET },
  queries: { [SECRET]: { rows: 1, runMs: 2, tabs: 1 } },
  quarantined: { count: 1, lastReason: SECRET },
  lastError: { code: 'NEEDS_AUTH', message: `Bearer ${SECRET}`, retryable: true, status: 401 },
}

const parked: PendingWrite = {
  id: SECRET,
  createdAt: 1,
  state: 'parked',
  attempts: 2,
  error: { code: 'STREAM_ERROR', message: SECRET, retryable: false, status: 409 },
  mutations: [{ kind: 'put', collection: 'users', key: SECRET, value: { name: SECRET }, operation: 'insert' }, { kind: 'remove', collection: SECRET, key: SECRET }],
}

const db = (inspect: DevtoolsDB['inspect']): DevtoolsDB => ({
  stream: { url: `https://${SECRET}:${SECRET}@example.com/streams/1?token=${SECRET}#${SECRET}`, append: () => Promise.resolve() },
  status: store(status),
  outbox: { ...store([parked]), retry: () => Promise.resolve(true), discard: () => Promise.resolve(true) },
  collections: { users: { size: 2, status: 'ready' } },
  reconnect: () => undefined,
  clearCache: () => Promise.resolve(),
  inspect,
})

describe('a report', () => {
  const browser = { navigator: { userAgent: 'test', onLine: true, storage: { estimate: () => Promise.resolve({ usage: 1, quota: 2 }), persisted: () => Promise.resolve(true) } }, document: { visibilityState: 'visible' }, isSecureContext: true, crossOriginIsolated: false }
  for (const [name, value] of Object.entries(browser)) if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true })

  test('has no row, key, text of an error, constant, or query of a URL', async () => {
    const report = await diagnose([db(() => Promise.resolve(inspection))])
    const text = JSON.stringify(report)
    expect(text).not.toContain(SECRET)
    expect(report).toMatchObject({
      of: 'sidestream',
      streams: [{
        url: 'https://example.com/streams/1',
        status: { lastError: { code: 'NEEDS_AUTH', retryable: true, status: 401 }, quarantined: 1, fallbacks: 1 },
        outbox: [{ state: 'parked', attempts: 2, error: { code: 'STREAM_ERROR', status: 409 }, mutations: [{ kind: 'put', collection: 'users' }, { kind: 'remove', collection: '?' }] }],
        engine: { subsets: [{ subset: 'user.name = ? and (at > ? or isNull(gone)), first 10 by at ↓' }], queries: [{ isNamed: true, rows: 1, error: { code: 'INVALID_QUERY' } }], quarantined: [{ code: 'REFUSED', offset: '3' }], events: { insert: 1 } },
      }],
    })
  })

  test('has no word that an engine makes up', async () => {
    const odd = { ...inspection, tabs: [{ ...inspection.tabs[0]!, where: `${SECRET}!` as 'leader' }], connections: [{ ...noted('live', 1), state: `at ${SECRET}` as 'live' }] }
    expect(JSON.stringify(await diagnose([db(() => Promise.resolve(odd))]))).not.toContain(SECRET)
  })

  test('is made without an engine, and when the engine rejects', async () => {
    expect(await diagnose([db(() => Promise.resolve(null)), db(() => Promise.reject(new Error(SECRET)))])).toMatchObject({ streams: [{ engine: null }, { engine: null }] })
  })
})

test('the entry can be imported where there is no page', async () => {
  const { sidestreamDevtools } = await import('../../src/devtools/index.ts')
  expect('HTMLElement' in globalThis).toBe(false)
  expect(sidestreamDevtools([])).toMatchObject({ id: 'sidestream', name: 'sidestream' })
})

describe('texts', () => {
  test('of expressions', () => {
    expect(expressionText(where)).toBe(`user.name = "${SECRET}" and (at > 1970-01-01T00:00:00.000Z or isNull(gone))`)
    expect(expressionText({ type: 'func', name: 'eq', args: [ref('at'), { type: 'val', value: { date: 1e99 } }] })).toBe('at = no date')
    expect(expressionText({ type: 'func', name: 'constructor', args: [ref('a'), ref('b')] })).toBe('constructor(a, b)')
    expect(subsetText({ where: null, first: null }, hiddenConstant)).toBe('all rows')
  })

  test('of numbers and times', () => {
    expect([bytes(0), bytes(999), bytes(1500), bytes(123_456_789), bytes(null), bytes(Number.NaN)]).toEqual(['0 B', '999 B', '1.5 kB', '123 MB', '–', '–'])
    expect([count(1_234_567), count(null), percent(1, 3), percent(0, 0), percent(1, 1000), percent(0, 9)]).toEqual(['1\u2009234\u2009567', '–', '33 %', '–', '< 1 %', '0 %'])
    expect([age(-5), age(59_000), age(61_000), age(7_260_000), age(1e9)]).toEqual(['0 s', '59 s', '1 min 1 s', '2 h 1 min', '11 days'])
    expect([shortOffset('0000000000000000_0000000003714814'), shortOffset('-1'), shortOffset('0000')]).toEqual(['0_3714814', '-1', '0'])
    expect(short('a\n  b', 10)).toBe('a b')
    expect(short('abcdef', 4)).toBe('abc…')
  })

  test('of URLs have no user, query or fragment', () => {
    expect([plainUrl('https://u:p@h/a/b?q=1#f'), plainUrl('/a?q=1'), plainUrl('//u@h/a'), streamName('https://h/a/b?q'), streamName('/a')]).toEqual(['https://h/a/b', '/a', '//h/a', '/a/b', '/a'])
  })
})

test('a timeline goes on with the next engine', () => {
  const timeline = new Timeline()
  timeline.take(inspection, 105_000)
  timeline.take({ ...inspection, now: 5900, connections: [...inspection.connections, { ...noted('live', 5500), why: 'application' }] }, 106_000)
  expect(timeline.entries.map(({ at, state, reason }) => [at, state, reason])).toEqual([
    [105_500, 'live', 'reconnect() was called'],
    [102_000, 'offline', `OFFLINE: ${SECRET}`],
    [101_000, 'live', null],
  ])
  timeline.take({ ...inspection, epoch: 'e2', now: 10, connections: [noted('connecting', 5)] }, 200_000)
  expect(timeline.entries.map(({ state }) => state)).toEqual(['connecting', 'another engine', 'live', 'offline', 'live'])
  expect(timeline.entries[0]!.at).toBe(199_995)
})
