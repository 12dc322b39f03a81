import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { Replica } from '../../src/main/replica.ts'
import type { ErrorData } from '../../src/shared/errors.ts'
import type { StreamBatch } from '../../src/shared/batch.ts'
import type { TabDescription } from '../../src/shared/calls.ts'
import type { Have, Position } from '../../src/shared/position.ts'
import { RowDiff } from '../../src/shared/row-diff.ts'
import type { RowData } from '../../src/shared/row.ts'
import { countRows, sliceRows } from '../../src/shared/row-table.ts'
import { INITIAL_TAB_STATUS } from '../../src/shared/status.ts'
import { emptyState, type State } from '../../src/worker/core/materialize.ts'
import { Removals } from '../../src/worker/core/removals.ts'
import { Subsets } from '../../src/worker/core/subsets/subsets.ts'
import { TabSession, type PendingRows, type Publication } from '../../src/worker/tabs/tab-session.ts'
import { MapSink } from './map-sink.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { ScriptedTab, settled } from './scripted-tab.ts'
import { newTab } from '../support/tab-description.ts'

const SHAPES = [
  { name: 'users', type: 'user', primaryKey: 'id' },
  { name: 'items', type: 'item', primaryKey: 'id' },
]
const events = (count: number, offset = '1'): StreamBatch & { changes: [] } => ({ items: Array.from({ length: count }, () => 0), offset, upToDate: true, streamClosed: false, changes: [] })

let clock: ManualClock
let tab: ScriptedTab
let gone: AbortController
let state: State
let offset: number
let problems: ErrorData[]

beforeEach(() => {
  clock = new ManualClock()
  tab = new ScriptedTab()
  gone = new AbortController()
  state = emptyState(SHAPES, 'reading')
  offset = 0
  problems = []
})

function start(options: { wantsEvents?: boolean; pendingRows?: PendingRows } & Partial<Pick<TabDescription, 'hasRows' | 'have' | 'modes' | 'subsets'>> = {}): TabSession {
  return new TabSession(
    { tab, gone: gone.signal },
    {
      clock,
      epoch: 'e',
      subsets: new Subsets({ later: () => undefined, onMoved: () => undefined }),
      results: { hold: () => undefined, release: () => undefined, refusalOf: () => null },
      pendingRows: options.pendingRows ?? { keysOf: () => [], rowsOf: () => new RowDiff() },
      wantsEvents: options.wantsEvents ?? false,
      tab: newTab({ hasRows: options.hasRows ?? false, have: options.have ?? null, ...(options.modes && { modes: options.modes }), ...(options.subsets && { subsets: options.subsets }) }),
      status: () => INITIAL_TAB_STATUS,
      onResync: (session) => {
        session.resync(state, at(String(offset)))
      },
      onProblem: (error) => problems.push(error),
    },
  )
}

/** Changes rows of the state, as a stream batch does, and publishes them. */
function publish(session: TabSession, changes: Record<string, RowData | null>, rest: Partial<Publication> = {}): void {
  const diff = new RowDiff()
  for (const [key, row] of Object.entries(changes)) {
    if (row) state.rows.get('items')!.set(key, row)
    else state.rows.get('items')!.delete(key)
    diff.set('items', key, row)
  }
  offset += 1
  state.lineage.note(offset, offset)
  session.publish({ state, atEnd: false, to: at(String(offset)), diff, txids: [], events: [], invalid: [], isOfOutbox: false, ready: true, flowing: false, stale: false, ...rest })
}

const at = (to: string): Position => ({ branch: 'reading', seq: Math.max(0, Number(to)), digest: Math.max(0, Number(to)), offset: to })
const row = (id: string, n = 0): RowData => ({ id, n, _seq: n })
const open = (session: TabSession): void => {
  session.open(state, at(String(offset)), [], { ready: true, flowing: false, stale: false })
}

/** A first load is not whole. */
const UNREADY = { ready: false, flowing: false, stale: false } as const
/** Ids of all rows that were sent, in order. */
const sent = (): unknown[] => tab.deliveries.flatMap(({ batch }) => batch.diffs.flatMap(({ rows }) => sliceRows(rows, 0, Infinity).map(({ id }) => id)))

async function acknowledge(): Promise<void> {
  tab.last.answer('applied')
  await settled()
}

describe('a tab that brings rows along', () => {
  const have = (offset: number, rest: Partial<Have> = {}): Have => ({ branch: 'reading', seq: offset, digest: offset, offset: String(offset), upTo: String(offset), ...rest })

  test('gets only what it lacks', () => {
    state.rows.get('items')!.set('old', row('old', 1)).set('new', row('new', 3))
    state.removals.note(2, 'items', 'gone')
    state.lineage.note(4, 4)
    const session = start({ have: have(2), hasRows: true })
    session.open(state, at('4'), [], { ready: true, flowing: false, stale: false })
    expect(tab.last.batch).toMatchObject({ from: '2', to: '4', replace: false, last: true, diffs: [{ collection: 'items', rows: [row('new', 3)], deleted: ['gone'] }] })
  })

  test('keeps its row while the cache is read: the acknowledgement of a write whose row may follow waits for the row', async () => {
    const session = start({ have: have(2), hasRows: true })
    session.open(state, at('-1'), [], { ready: false, flowing: true, stale: false })
    // The first has been in the stream for a while. The second changes only a part of its row.
    for (const [id, kind] of [['w1', 'put'], ['w2', 'patch']] as const) session.acknowledge({ id, createdAt: 0, mutations: [kind === 'put' ? { kind, collection: 'items', key: id, value: row(id, 3), operation: 'insert' } : { kind, collection: 'items', key: id, changes: { n: 3 } }] })
    publish(session, { other: row('other', 1) }, { ready: false, flowing: true })
    expect(tab.deliveries).toEqual([])
    publish(session, { w1: row('w1', 3), w2: row('w2', 3) }, { ready: true })
    expect(tab.last.batch).toMatchObject({ last: true, stored: ['w1', 'w2'] })
    expect(tab.deliveries.flatMap(({ batch }) => batch.diffs.flatMap(({ deleted }) => deleted))).toEqual([])
  })

  test('gets nothing of rows when it has them all', () => {
    state.rows.get('items')!.set('old', row('old', 1))
    state.lineage.note(2, 2)
    start({ have: have(2), hasRows: true }).open(state, at('2'), [], { ready: true, flowing: false, stale: false })
    expect(tab.last.batch).toMatchObject({ from: '2', to: '2', replace: false, last: true, diffs: [] })
  })

  test('is told which of its rows have changed before they were compared: the next engine has to compare them', async () => {
    const session = start({ have: have(2, { upTo: '4' }), hasRows: true })
    session.open(state, at('1'), [], { ready: true, flowing: false, stale: true })
    session.acknowledge({ id: 'w', createdAt: 0, mutations: [{ kind: 'remove', collection: 'items', key: 'a' }] })
    publish(session, { a: null }, { to: at('1'), isOfOutbox: true })
    expect(tab.last.batch).toMatchObject({ last: false, stored: ['w'], diffs: [{ collection: 'items', deleted: ['a'], pending: ['a'] }] })
    await acknowledge()
    // The write is discarded. This engine may not have the row yet, which the tab had.
    publish(session, { a: null }, { to: at('1'), isOfOutbox: true })
    expect(tab.last.batch).toMatchObject({ last: false, diffs: [{ collection: 'items', deleted: ['a'], pending: ['a'] }] })
  })

  test.each([
    ['it has lost its rows', { have: have(2) }, true],
    ['it cannot say which rows it has', { hasRows: true }, false],
  ])('is told which rows pending changes remove, when all rows are replaced because %s', async (_, tabs, restarts) => {
    state.rows.get('items')!.set('a', row('a', 1))
    state.lineage.note(2, 2)
    offset = 2
    const removed = new RowDiff()
    removed.set('items', 'gone', null)
    const session = start({ ...tabs, pendingRows: { keysOf: ({ deleted }) => deleted, rowsOf: () => removed } })
    session.open(state, at('2'), [], { ready: true, flowing: false, stale: false })
    if (restarts) {
      await acknowledge()
      session.restart()
    }
    expect(tab.last.batch).toMatchObject({ replace: true, diffs: [{ collection: 'items', rows: [row('a', 1)], deleted: ['gone'], pending: ['gone'] }] })
  })

  test('is not taken back: it waits until the engine is as far', async () => {
    state.rows.get('items')!.set('old', row('old', 1))
    const session = start({ have: have(2, { upTo: '4' }), hasRows: true })
    session.open(state, at('1'), ['t'], { ready: true, flowing: false, stale: true })
    offset = 2
    publish(session, { b: row('b', 2) })
    await settled()
    expect(tab.deliveries).toEqual([])
    publish(session, { c: row('c', 3) })
    expect(tab.last.batch).toMatchObject({ from: '2', to: '4', replace: false, last: true, txids: ['t'], diffs: [{ collection: 'items', rows: [row('b', 2), row('c', 3)], deleted: [] }] })
    await acknowledge()
    publish(session, { d: row('d', 4) })
    expect(tab.last.batch).toMatchObject({ from: '4', to: '5', diffs: [{ collection: 'items', rows: [row('d', 4)], deleted: [] }] })
  })

  test('is handed no event twice', async () => {
    const session = start({ have: have(5), hasRows: true, wantsEvents: true })
    session.open(state, at('3'), [], { ready: true, flowing: false, stale: true })
    offset = 3
    publish(session, {}, { events: [events(1, '4')] })
    publish(session, {}, { events: [events(2, '5')] })
    await acknowledge()
    publish(session, {}, { events: [events(3, '6')] })
    expect(tab.deliveries.flatMap(({ batch }) => batch.events.map((event) => event.offset))).toEqual(['6'])
  })

  test.each([
    ['of another reading', {}, { branch: 'other' }],
    ['from longer ago than removals are known', { floor: 3 }, {}],
  ])('%s: they are replaced', (_, log, rest) => {
    state = { ...state, removals: new Removals({ floor: 0, entries: [], ...log }) }
    state.rows.get('items')!.set('a', row('a', 1))
    start({ have: have(2, rest), hasRows: true }).open(state, at('4'), [], { ready: true, flowing: false, stale: false })
    expect(tab.last.batch).toMatchObject({ from: '2', to: '4', replace: true, last: true, diffs: [{ collection: 'items', rows: [row('a', 1)], deleted: [] }] })
  })

  test('while it waits, and the stream turns out to be another one: they are replaced', () => {
    const session = start({ have: have(9), hasRows: true })
    session.open(state, at('1'), [], { ready: true, flowing: false, stale: true })
    const other = emptyState(SHAPES, 'other')
    other.rows.get('items')!.set('n', row('n'))
    session.publish({ state: other, atEnd: true, to: { branch: 'other', seq: 1, digest: 1, offset: '2' }, diff: new RowDiff(), txids: [], events: [], invalid: [], isOfOutbox: false, ready: true, flowing: false, stale: false })
    expect(tab.last.batch).toMatchObject({ replace: true, to: '2', diffs: [{ collection: 'items', rows: [row('n')], deleted: [] }] })
  })

  test('further on than the stream: they are replaced, once its end is certain', () => {
    const session = start({ have: have(9), hasRows: true })
    session.open(state, at('1'), [], { ready: true, flowing: false, stale: true })
    offset = 1
    publish(session, { a: row('a', 1) })
    expect(tab.deliveries).toEqual([])
    publish(session, {}, { atEnd: true })
    expect(tab.last.batch).toMatchObject({ from: '9', to: '3', replace: true, diffs: [{ collection: 'items', rows: [row('a', 1)], deleted: [] }] })
  })

  test('waits for a cache that is still being read', () => {
    const session = start({ have: have(2), hasRows: true })
    session.open(state, at('-1'), [], { ready: true, flowing: true, stale: true })
    publish(session, { a: row('a', 0) }, { to: at('-1'), flowing: true })
    expect(tab.deliveries).toEqual([])
    publish(session, { b: row('b', 2) }, { to: at('3') })
    expect(tab.last.batch).toMatchObject({ from: '2', to: '3', replace: false, diffs: [{ collection: 'items', rows: [row('b', 2)], deleted: [] }] })
  })
})

describe('a tab session', () => {
  test('sends nothing before it is opened', async () => {
    const session = start()
    publish(session, { a: row('a') })
    await settled()
    expect(tab.deliveries).toEqual([])
  })

  test('opens with the whole state', async () => {
    state.rows.get('items')!.set('a', row('a')).set('b', row('b'))
    state.rows.get('users')!.set('u', row('u'))
    const session = start()
    session.open(state, at('7'), ['t'], { ready: true, flowing: false, stale: true })
    expect(tab.last.batch).toMatchObject({ epoch: 'e', from: '-1', to: '7', last: true, replace: false, txids: ['t'], ready: true, stale: true, status: INITIAL_TAB_STATUS })
    expect(tab.last.batch.diffs).toEqual([
      { collection: 'users', rows: [row('u')], deleted: [] },
      { collection: 'items', rows: [row('a'), row('b')], deleted: [] },
    ])
  })

  test('tells a tab whose stream is empty that it is ready', () => {
    start().open(state, at('-1'), [], { ready: true, flowing: false, stale: false })
    expect(tab.last.batch).toMatchObject({ diffs: [], ready: true, last: true })
  })

  test('has one batch in flight, and folds what comes meanwhile per row', async () => {
    const session = start()
    open(session)
    for (let n = 1; n <= 500; n += 1) publish(session, { a: row('a', n), [`k${String(n % 3)}`]: n % 2 ? row(`k${String(n % 3)}`, n) : null })
    await settled()
    expect(tab.deliveries.length).toBe(1)
    await acknowledge()
    expect(tab.deliveries.length).toBe(2)
    const { batch } = tab.last
    expect(batch).toMatchObject({ from: '0', to: '500', last: true, replace: false })
    const [diff] = batch.diffs
    expect(countRows(diff!.rows) + diff!.deleted.length).toBe(4)
    expect(diff!.rows).toContainEqual(row('a', 500))
    await acknowledge()
    expect(tab.deliveries.length).toBe(2)
  })

  test('sends a large diff in parts and in order of keys, of which only the last moves the tab', async () => {
    const session = start()
    open(session)
    await acknowledge()
    const names = Array.from({ length: 9000 }, (_, n) => `k${String((n * 7919) % 9000)}`)
    publish(session, Object.fromEntries(names.map((name) => [name, row(name)])), { txids: ['t'] })
    while (!tab.last.batch.last) await acknowledge()
    const parts = tab.deliveries.slice(1).map(({ batch }) => batch)
    const last = parts.pop()!
    expect(parts.length).toBeGreaterThan(1)
    for (const part of parts) expect(part).toMatchObject({ from: '0', to: '1', last: false, txids: [], status: null })
    expect(last).toMatchObject({ from: '0', to: '1', last: true, txids: ['t'], status: INITIAL_TAB_STATUS })
    const sizes = [...parts, last].map(({ diffs }) => diffs.reduce((sum, { rows }) => sum + countRows(rows), 0))
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4000)
    const sent = [...parts, last].flatMap(({ diffs }) => diffs.flatMap(({ rows }) => sliceRows(rows, 0, Infinity).map(({ id }) => id)))
    expect(sent).toEqual([...names].sort())
  })

  test('takes in what changes while it sends a large diff', async () => {
    const session = start()
    open(session)
    await acknowledge()
    const names = Array.from({ length: 5000 }, (_, n) => `k${String(n)}`)
    publish(session, Object.fromEntries(names.map((name) => [name, row(name, 1)])))
    publish(session, Object.fromEntries(names.map((name, n) => [name, n % 2 ? row(name, 2) : null])))
    while (!tab.last.batch.last) await acknowledge()
    expect(tab.last.batch).toMatchObject({ from: '0', to: '2' })
    const rows = new Map<string, RowData>()
    for (const { batch } of tab.deliveries) {
      for (const diff of batch.diffs) {
        for (const sent of sliceRows(diff.rows, 0, Infinity)) rows.set(sent['id'] as string, sent)
        for (const key of diff.deleted) rows.delete(key)
      }
    }
    expect(new Map([...rows].sort())).toEqual(new Map([...state.rows.get('items')!].sort()))
  })

  test('of a first load lets rows go whose keys rise, and holds others back until they are worth showing, but not what the application wants to hear of', async () => {
    const session = start({ wantsEvents: true })
    session.open(state, at('-1'), [], { ready: false, flowing: false, stale: false })
    publish(session, { a: row('a', 1), c: row('c', 1) }, { ...UNREADY, txids: ['t'] })
    expect(tab.last.batch).toMatchObject({ from: '-1', last: false, ready: false, status: null, txids: [], diffs: [{ collection: 'items', rows: [row('a', 1), row('c', 1)], deleted: [] }] })
    await acknowledge()
    publish(session, { a: row('a', 2), b: row('b', 2) }, UNREADY)
    expect(tab.deliveries.length).toBe(1)
    const invalid = { code: 'MALFORMED', reason: 'r', offset: '1', event: null } as const
    publish(session, { b: row('b', 3) }, { ...UNREADY, events: [events(1)], invalid: [invalid] })
    expect(tab.last.batch).toMatchObject({ from: '-1', last: false, diffs: [], txids: [], ready: false, invalid: [invalid] })
    expect(tab.last.batch.events.length).toBe(1)
    await acknowledge()
    publish(session, {}, { ready: true })
    expect(tab.last.batch).toMatchObject({ from: '-1', to: '4', last: true, ready: true, txids: ['t'], diffs: [{ collection: 'items', rows: [row('a', 2), row('b', 3)], deleted: [] }] })
  })

  test('sends what has risen before the rest, and the diff ends only when both are sent', async () => {
    const session = start()
    session.open(state, at('-1'), [], UNREADY)
    const names = Array.from({ length: 6000 }, (_, n) => `k${String(10_000 + n)}`)
    publish(session, Object.fromEntries(names.map((name) => [name, row(name, 1)])), UNREADY)
    publish(session, Object.fromEntries([...names].reverse().map((name) => [`a${name}`, row(`a${name}`, 2)])), { ready: true })
    while (!tab.last.batch.last) await acknowledge()
    const parts = tab.deliveries.map(({ batch }) => batch)
    expect(parts.length).toBeGreaterThan(5)
    expect(parts.filter(({ last, ready }) => last || ready)).toEqual([parts.at(-1)])
    for (const { diffs } of parts) expect(diffs.reduce((sum, { rows }) => sum + countRows(rows), 0)).toBeLessThanOrEqual(2000)
    expect(sent()).toEqual([...names, ...names.map((name) => `a${name}`)])
    expect(session.isBehind).toBe(true)
    await acknowledge()
    expect(session.isBehind).toBe(false)
  })

  test('lets no row rise that its users have written, and no row go that was written over', async () => {
    const session = start()
    session.open(state, at('-1'), [], UNREADY)
    publish(session, { zz: row('zz', 9) }, { ...UNREADY, isOfOutbox: true })
    await acknowledge()
    const before = tab.deliveries.length
    publish(session, { a: row('a', 1) }, UNREADY)
    // In flight: what follows waits for the answer.
    publish(session, { b: row('b', 1), c: row('c', 1) }, UNREADY)
    publish(session, { b: row('b', 2) }, { ...UNREADY, isOfOutbox: true })
    await acknowledge()
    await acknowledge()
    publish(session, {}, { ready: true })
    await acknowledge()
    const rows = tab.deliveries.slice(before).flatMap(({ batch }) => batch.diffs.flatMap((diff) => sliceRows(diff.rows, 0, Infinity)))
    // The row that goes early with its write is sent once more in its turn.
    expect(rows).toEqual([row('a', 1), row('c', 1), row('b', 2), row('zz', 9), row('b', 2)])
  })

  test('that is opened while a first load arrives gets the rows so far, as far as their keys rise', async () => {
    for (const key of ['b', 'a', 'c']) state.rows.get('items')!.set(key, row(key, 1))
    const session = start()
    session.open(state, at('-1'), [], UNREADY)
    expect(tab.last.batch).toMatchObject({ last: false, ready: false, diffs: [{ rows: [row('b', 1), row('c', 1)] }] })
    await acknowledge()
    publish(session, { d: row('d', 2) }, UNREADY)
    await acknowledge()
    publish(session, {}, { ready: true })
    expect(sent()).toEqual(['b', 'c', 'd', 'a'])
  })

  test('that is opened with unsent writes lets only later rows rise: the key of a write may be the highest', () => {
    for (const key of ['a', 'zz']) state.rows.get('items')!.set(key, row(key, 1))
    const laid = new RowDiff()
    laid.set('items', 'zz', row('zz', 1))
    const session = start({ pendingRows: { keysOf: () => [], rowsOf: () => laid } })
    session.open(state, at('-1'), [], UNREADY)
    expect(tab.deliveries).toEqual([])
    publish(session, { b: row('b', 2) }, UNREADY)
    expect(sent()).toEqual(['b'])
  })

  test.each([
    ['has rows that it cannot place', { hasRows: true }],
    ['has rows of an earlier engine', { hasRows: true, have: { branch: 'other', seq: 5, digest: 5, offset: '5', upTo: '5' } }],
  ])('of a tab that %s sends nothing of a load before it is whole', (_, brought) => {
    const session = start(brought)
    session.open(state, at('-1'), [], UNREADY)
    publish(session, { a: row('a', 1) }, UNREADY)
    expect(tab.deliveries).toEqual([])
    publish(session, {}, { ready: true, atEnd: true })
    expect(tab.last.batch).toMatchObject({ replace: true, last: true, diffs: [{ rows: [row('a', 1)] }] })
  })

  test('of a tab that has lost its rows drops what has risen: all rows so far follow when the load is whole', async () => {
    const session = start()
    session.open(state, at('-1'), [], UNREADY)
    publish(session, { a: row('a', 1) }, UNREADY)
    publish(session, { b: row('b', 1) }, UNREADY)
    session.restart()
    await acknowledge()
    expect(tab.last.batch).toMatchObject({ replace: true, last: false, diffs: [] })
    await acknowledge()
    publish(session, { c: row('c', 1) }, UNREADY)
    expect(tab.last.batch).toMatchObject({ replace: false, diffs: [{ rows: [row('c', 1)] }] })
    await acknowledge()
    publish(session, {}, { ready: true })
    expect(tab.last.batch).toMatchObject({ replace: false, last: true, diffs: [{ rows: [row('a', 1), row('b', 1)] }] })
  })

  test('lets rows flow before they are worth showing when more follows at once, without calling them ready', async () => {
    const session = start()
    session.open(state, at('-1'), [], { ready: false, flowing: true, stale: false })
    publish(session, { a: row('a', 1) }, { ready: false, flowing: true, txids: ['t'] })
    expect(tab.last.batch).toMatchObject({ from: '-1', to: '1', last: false, ready: false, txids: [], diffs: [{ collection: 'items', rows: [row('a', 1)], deleted: [] }] })
    await acknowledge()
    publish(session, { b: row('b', 2) }, { ready: true })
    expect(tab.last.batch).toMatchObject({ from: '-1', to: '2', last: true, ready: true, txids: ['t'], diffs: [{ collection: 'items', rows: [row('b', 2)], deleted: [] }] })
  })

  test('replaces what a tab shows of an earlier engine', () => {
    const session = start({ hasRows: true })
    open(session)
    expect(tab.last.batch.replace).toBe(true)
  })

  test.each([
    ['refuses', (): void => { tab.last.answer('resync') }],
    ['fails', (): void => { tab.last.fail(new Error('gone wrong')) }],
  ] as const)('sends everything again to a tab that %s, with what else the batch carried', async (_, refuse) => {
    const session = start({ wantsEvents: true })
    open(session)
    await acknowledge()
    const invalid = { code: 'MALFORMED', reason: 'r', offset: '1', event: null } as const
    publish(session, { a: row('a', 1) }, { txids: ['t1'], events: [events(1)], invalid: [invalid] })
    publish(session, { b: row('b', 2) }, { txids: ['t2'] })
    refuse()
    await settled()
    const { batch } = tab.last
    expect(batch).toMatchObject({ replace: true, to: '2', last: true, txids: ['t1', 't2'], invalid: [invalid] })
    expect(batch.events.length).toBe(1)
    expect(batch.diffs).toEqual([{ collection: 'items', rows: [row('a', 1), row('b', 2)], deleted: [] }])
    await acknowledge()
    expect(tab.deliveries.length).toBe(3)
  })

  test('reports a tab that fails', async () => {
    open(start())
    tab.last.fail(new Error('gone wrong'))
    await settled()
    expect(problems).toEqual([expect.objectContaining({ code: 'TAB_GONE', message: 'gone wrong' })])
  })

  test('gives a tab time that refuses three times, whatever is published: each answer to a refusal is the whole state', async () => {
    const session = start()
    open(session)
    const refuse = async (): Promise<void> => {
      tab.last.answer('resync')
      await settled()
    }
    for (let refusal = 0; refusal < 3; refusal += 1) await refuse()
    expect(tab.deliveries.length).toBe(3)
    publish(session, { a: row('a') })
    clock.advance(999)
    await settled()
    expect(tab.deliveries.length).toBe(3)
    clock.advance(1)
    expect(tab.deliveries.length).toBe(4)
    expect(tab.last.batch).toMatchObject({ replace: true, to: '1', diffs: [{ rows: [row('a')] }] })
    for (let second = 0; second < 600; second += 1) {
      if (tab.deliveries.length > second) await refuse()
      publish(session, { a: row('a', second) })
      clock.advance(1000)
    }
    expect(tab.deliveries.length).toBeLessThanOrEqual(20)
  })

  test('gives a tab no time that asks for something itself, or that takes a batch again', async () => {
    const session = start()
    open(session)
    for (let refusal = 0; refusal < 3; refusal += 1) {
      tab.last.answer('resync')
      await settled()
    }
    session.restart()
    expect(tab.deliveries.length).toBe(4)
    await acknowledge()
    publish(session, { a: row('a') })
    for (let refusal = 0; refusal < 2; refusal += 1) {
      tab.last.answer('resync')
      await settled()
    }
    expect(tab.deliveries.length).toBe(7)
  })

  test('sends a tab that does not answer one message, however often the status changes; then the latest', async () => {
    const session = start()
    for (let change = 0; change < 100; change += 1) {
      session.status()
      await settled()
    }
    expect(tab.statuses.length).toBe(100)
    tab.holdsStatus = true
    for (let change = 0; change < 100; change += 1) session.status()
    open(session)
    publish(session, { a: row('a') })
    expect([tab.statuses.length, tab.deliveries.length]).toEqual([101, 0])
    tab.answerStatus()
    await settled()
    expect([tab.statuses.length, tab.deliveries.length]).toEqual([102, 1])
    expect(tab.last.batch.status).not.toBeNull()
  })

  test('sends stored rows before a status, and owes them until the tab has answered', async () => {
    const wanted = { id: 1, subset: { collection: 'items', where: null, first: null } }
    const session = start({ modes: { users: 'eager', items: 'on-demand' }, subsets: [wanted] })
    expect(session.owesPreview).toBe(false)
    tab.holdsStatus = true
    session.status()
    session.status()
    session.preview(() => ({ rows: [['a', row('a')]], edge: null, whole: true }))
    expect([tab.statuses.length, tab.deliveries.length, session.owesPreview]).toEqual([1, 0, true])
    tab.answerStatus()
    await settled()
    expect([tab.statuses.length, tab.deliveries.length, session.owesPreview]).toEqual([1, 1, true])
    expect(tab.last.batch).toMatchObject({ last: false, stale: true, diffs: [{ collection: 'items', rows: [row('a')] }] })
    tab.last.answer('applied')
    await settled()
    expect([tab.statuses.length, session.owesPreview]).toEqual([2, false])
  })

  test('owes no stored rows to a tab that is gone', () => {
    const session = start({ modes: { users: 'eager', items: 'on-demand' }, subsets: [{ id: 1, subset: { collection: 'items', where: null, first: null } }] })
    session.preview(() => ({ rows: [['a', row('a')]], edge: null, whole: true }))
    expect(session.owesPreview).toBe(true)
    gone.abort()
    expect(session.owesPreview).toBe(false)
  })

  test('tells the status between the parts of a long load', async () => {
    const session = start()
    open(session)
    await acknowledge()
    publish(session, Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${String(index)}`, row(`k${String(index)}`)])))
    session.status()
    const told = tab.statuses.length
    expect(tab.last.batch).toMatchObject({ last: false, status: null })
    await acknowledge()
    expect(tab.statuses.length).toBe(told + 1)
    expect(tab.last.batch).toMatchObject({ last: false, status: null })
  })

  test('sends everything again to a tab that has lost its rows, also while a batch is in flight', async () => {
    const session = start()
    open(session)
    publish(session, { a: row('a') })
    session.restart()
    expect(tab.deliveries.length).toBe(1)
    await acknowledge()
    expect(tab.last.batch).toMatchObject({ replace: true, to: '1', diffs: [{ collection: 'items', rows: [row('a')] }] })
    await acknowledge()
    session.restart()
    expect(tab.last.batch).toMatchObject({ replace: true, from: '1', to: '1' })
  })

  test('that is opened after its tab has lost its rows sends the state of that moment, without rows that are gone since', async () => {
    const session = start()
    publish(session, { a: row('a'), b: row('b') })
    session.restart()
    publish(session, { a: null })
    open(session)
    while (!tab.last.batch.last) await acknowledge()
    expect(tab.deliveries.flatMap(({ batch }) => batch.diffs.flatMap(({ rows }) => sliceRows(rows, 0, Infinity)))).toEqual([row('b')])
  })

  test('tells of becoming ready and fresh although no row changed', async () => {
    const session = start()
    session.open(state, at('5'), [], { ready: true, flowing: false, stale: true })
    await acknowledge()
    session.publish({ state, atEnd: false, to: at('5'), diff: new RowDiff(), txids: [], events: [], invalid: [], isOfOutbox: false, ready: true, flowing: false, stale: false })
    expect(tab.last.batch).toMatchObject({ from: '5', to: '5', diffs: [], stale: false })
    await acknowledge()
    session.publish({ state, atEnd: false, to: at('5'), diff: new RowDiff(), txids: [], events: [], invalid: [], isOfOutbox: false, ready: true, flowing: false, stale: false })
    expect(tab.deliveries.length).toBe(2)
  })

  test('is told no txids of a reading that was replaced before it was shown', async () => {
    const session = start()
    open(session)
    publish(session, { a: row('a') }, { txids: ['t1'] })
    publish(session, { b: row('b') }, { txids: ['t2'] })
    session.publish({ state, atEnd: true, to: { branch: 'other', seq: 1, digest: 1, offset: '1' }, diff: new RowDiff(), txids: ['t3'], events: [], invalid: [], isOfOutbox: false, ready: true, flowing: false, stale: false })
    await acknowledge()
    expect(tab.last.batch.txids).toEqual(['t3'])
  })

  test('waits for nothing once the tab is gone', async () => {
    const session = start({ wantsEvents: true })
    open(session)
    publish(session, {}, { events: [events(30_000)] })
    const room = session.room()
    gone.abort()
    await room
    await settled()
    publish(session, { a: row('a') })
    session.status()
    session.restart()
    await session.room()
    expect(tab.deliveries.length).toBe(1)
    expect(tab.statuses.length).toBe(1)
    expect(problems).toEqual([])
  })

  test('holds the stream back for a tab that wants more events than it takes', async () => {
    const session = start({ wantsEvents: true })
    open(session)
    publish(session, {}, { events: [events(10_000)] })
    await session.room()
    publish(session, {}, { events: [events(10_000)] })
    let hasRoom = false
    const room = session.room().then(() => (hasRoom = true))
    await settled()
    expect(hasRoom).toBe(false)
    await acknowledge()
    await room
    expect(tab.last.batch.events.map(({ items }) => items.length)).toEqual([10_000, 10_000])
  })

  test('is not waited for without end: it goes without raw events until it answers, which is told', async () => {
    const session = start({ wantsEvents: true })
    open(session)
    publish(session, { a: row('a') }, { events: [events(1)] })
    publish(session, { b: row('b') }, { events: [events(30_000)] })
    const room = session.room()
    session.miss()
    await room
    publish(session, { c: row('c') }, { events: [events(30_000)] })
    await session.room()
    expect(problems).toEqual([])
    await acknowledge()
    expect(problems).toMatchObject([{ code: 'TAB_GONE', message: expect.stringContaining('missed 60001 raw events') as string }])
    expect(tab.last.batch).toMatchObject({ events: [], diffs: [{ rows: [row('a'), row('b'), row('c')] }] })
    publish(session, {}, { events: [events(2)] })
    await acknowledge()
    expect(tab.last.batch.events.map(({ items }) => items.length)).toEqual([2])
    expect(problems.length).toBe(1)
  })

  test('gives room again when the tab refuses', async () => {
    const session = start({ wantsEvents: true })
    open(session)
    publish(session, {}, { events: [events(30_000)] })
    const room = session.room()
    tab.last.answer('resync')
    await room
  })

  test('keeps no events for a tab that does not want them', async () => {
    const session = start()
    open(session)
    publish(session, {}, { events: [events(30_000)] })
    await session.room()
    await acknowledge()
    expect(tab.last.batch.events).toEqual([])
  })

  test('keeps little for a tab that does not answer: what it lacks follows the changed rows, never the events', async () => {
    const session = start()
    open(session)
    for (let n = 0; n < 20_000; n += 1) {
      publish(session, { a: row('a', n) }, { txids: [`t${String(n)}`], invalid: [{ code: 'MALFORMED', reason: 'r', offset: '1', event: n }] })
    }
    await acknowledge()
    const { batch } = tab.last
    expect(batch.diffs).toEqual([{ collection: 'items', rows: [row('a', 19_999)], deleted: [] }])
    expect(batch.invalid.length).toBeLessThanOrEqual(1000)
    expect(batch.txids.length).toBeLessThanOrEqual(5000)
    expect(batch.txids.at(-1)).toBe('t19999')
  })

  test('knows whether the tab is behind', async () => {
    const session = start()
    expect(session.isBehind).toBe(false)
    open(session)
    expect(session.isBehind).toBe(true)
    await acknowledge()
    expect(session.isBehind).toBe(false)
  })
})

describe('a tab session with a replica', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
  const action = fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('publish' as const), changes: fc.dictionary(key, fc.boolean(), { maxKeys: 4 }) }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('take' as const, 'refuse' as const, 'fail' as const, 'lose' as const, 'answer-lost' as const) }) },
  )

  test('ends with the engine’s rows after any refusal, failure or loss; batches are contiguous', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), fc.boolean(), async (actions, hasRows) => {
        clock = new ManualClock()
        tab = new ScriptedTab()
        gone = new AbortController()
        state = emptyState(SHAPES, 'reading')
        offset = 0
        const sink = new MapSink()
        const replica = new Replica({
          collections: new Map([['items', { primaryKey: 'id', sink }], ['users', { primaryKey: 'id', sink: new MapSink() }]]),
          now: () => 0,
          pause: () => Promise.resolve(),
          onCommitError: () => undefined,
          onCommitted: () => undefined,
        })
        replica.follow('e')
        if (hasRows) await replica.apply({ epoch: 'e', from: '-1', to: '-1', branch: 'old', seq: 0, digest: 0, last: true, diffs: [{ collection: 'items', rows: [row('stray')], deleted: [] }], replace: false, replaced: [], served: [], filling: [], isFill: false, txids: [], stored: [], ready: true, stale: true, status: null, events: [], invalid: [] })
        const session = start({ hasRows })
        open(session)
        const seen = new Set<string>()
        const published = new Set<string>()
        let taken = 0
        const take = async (lastWord: 'applied' | 'fail' = 'applied'): Promise<void> => {
          const delivery = tab.deliveries[taken]
          if (!delivery) return
          taken += 1
          const ack = await replica.apply(delivery.batch)
          if (ack === 'applied') for (const txid of delivery.batch.txids) seen.add(txid)
          if (lastWord === 'fail') delivery.fail(new Error('the answer was lost'))
          else delivery.answer(ack)
          await settled()
        }
        let version = 0
        for (const item of actions) {
          switch (item.kind) {
            case 'publish': {
              version += 1
              published.add(`t${String(version)}`)
              publish(session, Object.fromEntries(Object.entries(item.changes).map(([id, gone]) => [id, gone ? null : row(id, version)])), { txids: [`t${String(version)}`] })
              break
            }
            case 'take':
              await take()
              break
            case 'answer-lost':
              await take('fail')
              break
            case 'refuse':
            case 'fail':
              if (!tab.deliveries[taken]) break
              if (item.kind === 'refuse') tab.deliveries[taken]!.answer('resync')
              else tab.deliveries[taken]!.fail(new Error('failed'))
              taken += 1
              await settled()
              break
            case 'lose':
              sink.rows.clear()
              replica.lost()
              session.restart()
              break
          }
        }
        publish(session, {}, {})
        // A tab that was given time is tried again.
        clock.advance(60_000)
        while (tab.deliveries[taken]) await take()
        expect(new Map([...sink.rows].sort())).toEqual(new Map([...state.rows.get('items')!].sort()))
        expect(replica.offset).toBe(String(offset))
        expect(seen).toEqual(published)
        expect(session.isBehind).toBe(false)
      }),
      { numRuns: 300 },
    )
  })
})

describe('a position that brings no rows', () => {
  test('is told at once after a pause, and then four times a second at most; a row that comes takes it along', async () => {
    const session = start()
    open(session)
    await acknowledge()
    clock.advance(1000)
    publish(session, {})
    await settled()
    expect(tab.last.batch).toMatchObject({ to: '1', diffs: [] })
    await acknowledge()
    const before = tab.deliveries.length
    for (let index = 0; index < 10; index += 1) publish(session, {})
    clock.advance(200)
    await settled()
    expect(tab.deliveries.length).toBe(before)
    publish(session, { a: row('a') })
    await settled()
    expect(tab.last.batch).toMatchObject({ from: '1', to: '12' })
    await acknowledge()
    publish(session, {})
    clock.advance(249)
    await settled()
    expect(tab.last.batch.to).toBe('12')
    clock.advance(1)
    await settled()
    expect(tab.last.batch).toMatchObject({ to: '13', diffs: [] })
  })

  test('is not told to a tab that has gone', async () => {
    const session = start()
    open(session)
    await acknowledge()
    publish(session, {})
    gone.abort()
    const before = tab.deliveries.length
    clock.advance(1000)
    await settled()
    expect(tab.deliveries.length).toBe(before)
  })
})
