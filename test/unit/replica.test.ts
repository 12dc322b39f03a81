import { beforeEach, describe, expect, test } from 'vitest'
import { Replica, yieldToBrowser } from '../../src/main/replica.ts'
import { resultName } from '../../src/shared/query.ts'
import type { DiffBatch } from '../../src/shared/batch.ts'
import type { RowData } from '../../src/shared/row.ts'
import { MapSink } from './map-sink.ts'
import { settled } from './scripted-tab.ts'

let items: MapSink
let users: MapSink
let replica: Replica
let errors: unknown[]
let pauses: Array<() => void>
let isPausing: boolean
let now: number

beforeEach(() => {
  items = new MapSink()
  users = new MapSink()
  errors = []
  pauses = []
  isPausing = false
  now = 0
  replica = new Replica({
    collections: new Map([
      ['items', { primaryKey: 'id', sink: items }],
      ['users', { primaryKey: 'id', sink: users }],
    ]),
    now: () => now,
    pause: () =>
      new Promise((resolve) => {
        pauses.push(resolve)
        if (!isPausing) resolve()
      }),
    onCommitError: (error) => errors.push(error),
    onCommitted: () => undefined,
  })
  replica.follow('e')
})

const rows = (count: number, first = 0, version = 0): RowData[] => Array.from({ length: count }, (_, index) => ({ id: `k${String(first + index)}`, version }))
const keys = (count: number, first = 0): string[] => rows(count, first).map(({ id }) => id as string)
const batch = (from: string, to: string, rest: Partial<DiffBatch> = {}): DiffBatch => ({
  epoch: 'e', from, to, branch: 'branch', seq: 0, digest: 7, last: true, diffs: [], replace: false, replaced: [], served: [], filling: [], isFill: false, txids: [], stored: [], ready: true, stale: false, status: null, events: [], invalid: [], ...rest,
})
const of = (changed: RowData[], deleted: string[] = [], collection = 'items') => ({ diffs: [{ collection, rows: changed, deleted }] })
const shown = (sink: MapSink): string[] => [...sink.rows.keys()].sort()

describe('the sequence of batches', () => {
  test('begins at the start and goes on where the last one ended', async () => {
    expect(replica.offset).toBe('-1')
    expect(await replica.apply(batch('-1', '5', of(rows(2))))).toBe('applied')
    expect(await replica.apply(batch('5', '7', of(rows(1, 9), ['k0'])))).toBe('applied')
    expect(replica.offset).toBe('7')
    expect(shown(items)).toEqual(['k1', 'k9'])
    expect(replica.hasRows).toBe(true)
  })

  test.each([
    ['a gap', batch('6', '9', of(rows(1, 9)))],
    ['a repetition', batch('-1', '5', of(rows(1, 9)))],
    ['another epoch', batch('5', '9', { ...of(rows(1, 9)), epoch: 'other' })],
    ['a replacement of another epoch', batch('5', '9', { ...of(rows(1, 9)), epoch: 'other', replace: true })],
  ])('refuses %s, and takes nothing of it', async (_, wrong) => {
    await replica.apply(batch('-1', '5', of(rows(2))))
    expect(replica.continues(wrong)).toBe(false)
    expect(await replica.apply(wrong)).toBe('resync')
    expect(shown(items)).toEqual(['k0', 'k1'])
    expect(replica.offset).toBe('5')
    expect(await replica.apply(batch('5', '6'))).toBe('applied')
  })

  test('moves only with the last part', async () => {
    expect(await replica.apply(batch('-1', '-1', { ...of(rows(1)), last: false }))).toBe('applied')
    expect(replica.offset).toBe('-1')
    expect(await replica.apply(batch('-1', '5', of(rows(1, 1))))).toBe('applied')
    expect(replica.offset).toBe('5')
    expect(shown(items)).toEqual(['k0', 'k1'])
  })

  test('takes everything once it follows nobody yet', async () => {
    const fresh = new Replica({ collections: new Map(), now: () => 0, pause: () => Promise.resolve(), onCommitError: () => undefined, onCommitted: () => undefined })
    expect(await fresh.apply(batch('-1', '1'))).toBe('resync')
  })

  test('starts anew with another engine, whose first batch replaces the rows', async () => {
    await replica.apply(batch('-1', '5', of(rows(3))))
    replica.follow('f')
    expect(shown(items)).toEqual(['k0', 'k1', 'k2'])
    expect(await replica.apply(batch('-1', '4', { ...of(rows(2, 2, 1)), epoch: 'f', replace: true }))).toBe('applied')
    expect([shown(items), replica.offset]).toEqual([['k2', 'k3'], '4'])
  })

  test('goes on with another engine from where it was, also without a row', async () => {
    expect(replica.have).toBe(null)
    await replica.apply(batch('-1', '5', { seq: 3 }))
    expect(replica.have).toEqual({ branch: 'branch', seq: 3, digest: 7, offset: '5', upTo: '5' })
    replica.follow('f')
    expect(replica.offset).toBe('5')
    expect(await replica.apply(batch('5', '7', { ...of(rows(1)), epoch: 'f', seq: 4 }))).toBe('applied')
    expect(replica.have).toEqual({ branch: 'branch', seq: 4, digest: 7, offset: '7', upTo: '7' })
  })

  test('takes nothing while there is no engine', async () => {
    await replica.apply(batch('-1', '5', of(rows(1))))
    replica.follow(null)
    expect(await replica.apply(batch('5', '7', of(rows(1, 1))))).toBe('resync')
    expect(shown(items)).toEqual(['k0'])
  })

  test('says how new its rows may be when the engine is lost between two parts', async () => {
    await replica.apply(batch('-1', '5', { ...of(rows(1)), seq: 1 }))
    await replica.apply(batch('5', '9', { ...of(rows(1, 1)), seq: 7, last: false }))
    replica.follow(null)
    expect(replica.have).toEqual({ branch: 'branch', seq: 1, digest: 7, offset: '5', upTo: '9' })
  })

  test.each([
    ['in the middle of a replacement', { replace: true, last: false }],
    ['between two parts of another branch', { branch: 'other', last: false }],
  ])('has rows of no position %s', async (_, part) => {
    await replica.apply(batch('-1', '5', of(rows(3))))
    await replica.apply(batch('5', '9', { ...of(rows(1)), ...part }))
    expect(replica.have).toBe(null)
  })

  test('has rows of no position once they are lost', async () => {
    await replica.apply(batch('-1', '5', of(rows(3))))
    replica.lost()
    expect(replica.have).toBe(null)
  })
})

describe('a replacement', () => {
  test('removes what it does not mention, in every collection, by its last part', async () => {
    await replica.apply(batch('-1', '5', { diffs: [...of(rows(4)).diffs, ...of(rows(2), [], 'users').diffs] }))
    await replica.apply(batch('2', '2', { ...of(rows(1, 1, 1)), replace: true, last: false }))
    expect(shown(items)).toEqual(['k0', 'k1', 'k2', 'k3'])
    await replica.apply(batch('2', '9', of(rows(1, 3, 1))))
    expect(shown(items)).toEqual(['k1', 'k3'])
    expect(shown(users)).toEqual([])
    expect(replica.offset).toBe('9')
  })

  test('counts a row as unmentioned that a later part deletes', async () => {
    await replica.apply(batch('-1', '5', of(rows(2))))
    await replica.apply(batch('5', '5', { ...of(rows(2)), replace: true, last: false }))
    await replica.apply(batch('5', '9', of([], ['k0'])))
    expect(shown(items)).toEqual(['k1'])
  })

  test('begins again when another one comes in the middle', async () => {
    await replica.apply(batch('-1', '5', of(rows(3))))
    await replica.apply(batch('5', '5', { ...of(rows(1)), replace: true, last: false }))
    await replica.apply(batch('5', '9', { ...of(rows(1, 2)), replace: true }))
    expect(shown(items)).toEqual(['k2'])
  })

  test('of nothing leaves nothing', async () => {
    await replica.apply(batch('-1', '5', of(rows(1500))))
    await replica.apply(batch('5', '9', { replace: true }))
    expect([shown(items), replica.hasRows, replica.offset]).toEqual([[], false, '9'])
  })
})

describe('rows that were lost', () => {
  test('come back only by a replacement', async () => {
    await replica.apply(batch('-1', '5', of(rows(2))))
    replica.lost()
    items.rows.clear()
    expect(replica.hasRows).toBe(false)
    expect(await replica.apply(batch('5', '6', of(rows(1, 9))))).toBe('resync')
    expect(await replica.apply(batch('5', '6', { ...of(rows(3)), replace: true }))).toBe('applied')
    expect(shown(items)).toEqual(['k0', 'k1', 'k2'])
    expect(await replica.apply(batch('6', '7'))).toBe('applied')
  })
})

describe('the work on a batch', () => {
  test('is one commit per collection and one task, up to 1,000 rows', async () => {
    isPausing = true
    void replica.apply(batch('-1', '5', { diffs: [...of(rows(600)).diffs, ...of(rows(300), keys(100), 'users').diffs] }))
    // Promises settle within the task.
    await settled()
    expect([items.sizes, users.sizes, pauses.length]).toEqual([[600], [400], 0])
  })

  test('is cut into slices above that, with a pause after each', async () => {
    items.onWrite = () => (now += 8)
    await replica.apply(batch('-1', '5', of(rows(1001))))
    expect(items.sizes.length).toBeGreaterThan(1)
    expect(pauses.length).toBe(items.sizes.length)
    expect(items.sizes.reduce((sum, size) => sum + size, 0)).toBe(1001)
  })

  test('goes on while the time of a slice is not spent, over collections as well', async () => {
    items.onWrite = users.onWrite = () => (now += 2)
    await replica.apply(batch('-1', '5', { diffs: [...of(rows(600)).diffs, ...of(rows(600), [], 'users').diffs] }))
    expect(items.sizes.length + users.sizes.length).toBeGreaterThan(3)
    expect(pauses.length).toBe(1)
  })

  test.each([
    { costMs: 0.1, isObserved: false, sliceMs: 8 },
    { costMs: 0.032, isObserved: false, sliceMs: 8 },
    { costMs: 0.1, isObserved: true, sliceMs: 25 },
  ])('takes about $sliceMs ms a slice at $costMs ms a row (observed: $isObserved)', async ({ costMs, isObserved, sliceMs }) => {
    items.onWrite = (size) => (now += size * costMs)
    items.isObserved = isObserved
    await replica.apply(batch('-1', '5', of(rows(20_000))))
    expect((items.sizes.at(-2)! * costMs) / sliceMs).toBeCloseTo(1, 1)
    expect(Math.max(...items.sizes) * costMs).toBeLessThan(50)
    expect(pauses.length).toBe(items.sizes.length)
    expect(items.rows.size).toBe(20_000)
  })

  test.each([0.00001, 5])('keeps slices within reason, at %f ms a row', async (costMs) => {
    items.onWrite = (size) => (now += size * costMs)
    await replica.apply(batch('-1', '5', of(rows(20_000))))
    // From 512 rows a commit, a collection sorts all its keys anew.
    expect(Math.max(...items.sizes)).toBeLessThan(512)
    expect(Math.min(...items.sizes.slice(0, -1))).toBeGreaterThanOrEqual(50)
    expect(items.rows.size).toBe(20_000)
  })

  test('slices deletions as well, in one go with the rows', async () => {
    await replica.apply(batch('-1', '5', of(rows(3000))))
    items.sizes.length = 0
    await replica.apply(batch('5', '6', of(rows(700, 5000), keys(2500))))
    expect(items.sizes.reduce((sum, size) => sum + size, 0)).toBe(3200)
    expect(items.sizes.length).toBeGreaterThan(1)
    expect(items.rows.size).toBe(500 + 700)
  })

  test('slices the removal of many unmentioned rows', async () => {
    await replica.apply(batch('-1', '5', of(rows(3000))))
    items.sizes.length = 0
    await replica.apply(batch('5', '6', { ...of(rows(1)), replace: true }))
    expect(Math.max(...items.sizes)).toBeLessThanOrEqual(2000)
    expect(shown(items)).toEqual(['k0'])
  })

  test('is not undone by a subscriber that throws', async () => {
    items.onWrite = () => {
      throw new Error('a live query failed')
    }
    expect(await replica.apply(batch('-1', '5', { diffs: [...of(rows(1)).diffs, ...of(rows(1), [], 'users').diffs] }))).toBe('applied')
    expect(errors).toEqual([new Error('a live query failed')])
    expect(shown(users)).toEqual(['k0'])
    expect(replica.offset).toBe('5')
  })

  test('is acknowledged for a part when it begins, and for the last part when all of it is done', async () => {
    isPausing = true
    items.onWrite = () => (now += 8)
    expect(await replica.apply(batch('-1', '-1', { ...of(rows(1500)), last: false }))).toBe('applied')
    expect(items.rows.size).toBeLessThan(1500)
    let ack: string | null = null
    const last = replica.apply(batch('-1', '5', of(rows(1500, 1500)))).then((answer) => (ack = answer))
    await settled()
    // The second part waits for the first.
    expect([ack, shown(items).includes('k1500'), replica.offset]).toEqual([null, false, '-1'])
    isPausing = false
    while (pauses.length > 0) {
      pauses.shift()!()
      await settled()
    }
    await last
    expect([ack, items.rows.size, replica.offset]).toEqual(['applied', 3000, '5'])
  })

  test('leaves out a collection that it does not know', async () => {
    expect(await replica.apply(batch('-1', '5', of(rows(1), [], 'unknown')))).toBe('applied')
    expect(replica.hasRows).toBe(false)
  })

  test('ends when another engine is followed in the middle of it: nothing of the old one is written over the new', async () => {
    isPausing = true
    const old = replica.apply(batch('-1', '5', of(rows(2000, 0, 1))))
    replica.follow('f')
    const fresh = replica.apply(batch('-1', '9', { ...of(rows(900, 0, 2)), epoch: 'f', replace: true }))
    isPausing = false
    while (pauses.length > 0) {
      pauses.shift()!()
      await settled()
    }
    await Promise.all([old, fresh])
    expect(replica.offset).toBe('9')
    expect([...items.rows.values()].filter(({ version }) => version !== 2)).toEqual([])
    expect(items.rows.size).toBe(900)
  })

  test('is not called applied when the rows were lost in the middle of it', async () => {
    isPausing = true
    const applying = replica.apply(batch('-1', '5', of(rows(2000))))
    items.rows.clear()
    replica.lost()
    isPausing = false
    while (pauses.length > 0) {
      pauses.shift()!()
      await settled()
    }
    expect(await applying).toBe('resync')
  })
})

test('the browser gets its turn', async () => {
  let turns = 0
  const other = new Promise<void>((resolve) => {
    setImmediate(() => {
      turns += 1
      resolve()
    })
  })
  await yieldToBrowser()
  await other
  expect(turns).toBe(1)
})

test('knows which of its rows show pending changes, also of a batch that it has not finished', async () => {
  isPausing = true
  await replica.apply(batch('-1', '5', { diffs: [{ collection: 'items', rows: rows(2), deleted: [], pending: ['k0', 'k1'] }] }))
  expect(replica.pendingKeys).toEqual({ items: ['k0', 'k1'] })
  const applied = replica.apply(batch('5', '7', { diffs: [{ collection: 'items', rows: rows(2000), deleted: [], pending: ['k1999'] }] }))
  await settled()
  expect(replica.pendingKeys).toEqual({ items: ['k1999'] })
  isPausing = false
  for (const resume of pauses.splice(0)) resume()
  expect(await applied).toBe('applied')
  expect(await replica.apply(batch('9', '10', { diffs: [{ collection: 'items', rows: [], deleted: ['k9'], pending: ['k9'] }] }))).toBe('resync')
  expect(replica.pendingKeys).toEqual({ items: ['k1999'] })
  replica.removeAll()
  expect(replica.pendingKeys).toEqual({})
})

describe('results of queries', () => {
  const name = resultName({ kind: 'named', name: 'q', params: null })
  const own = (changed: RowData[], collection: string) => ({ collection, rows: changed, deleted: [] })
  let result: MapSink
  beforeEach(() => {
    result = new MapSink()
    replica = new Replica({
      collections: new Map([['items', { primaryKey: 'id', sink: items }], [name, { primaryKey: 'id', sink: result }]]),
      now: () => now,
      pause: () => Promise.resolve(),
      onCommitError: (error) => errors.push(error),
      onCommitted: () => undefined,
    })
    replica.follow('e')
  })

  test('stay when all rows are replaced, until they are replaced themselves', async () => {
    await replica.apply(batch('-1', '1', { diffs: [own(rows(2), 'items'), own(rows(2), name)], replaced: [name] }))
    await replica.apply(batch('1', '2', { diffs: [own(rows(1), 'items')], replace: true }))
    expect([shown(items), shown(result)]).toEqual([['k0'], ['k0', 'k1']])
    await replica.apply(batch('2', '2', { diffs: [own(rows(1, 1), name)], replaced: [name] }))
    expect([shown(items), shown(result)]).toEqual([['k0'], ['k1']])
  })

  test('may begin in the middle of a diff that replaces other rows', async () => {
    await replica.apply(batch('-1', '1', { diffs: [own(rows(3), 'items'), own(rows(2), name)] }))
    await replica.apply(batch('1', '1', { diffs: [own(rows(1), 'items')], replace: true, last: false }))
    await replica.apply(batch('1', '1', { diffs: [own(rows(1), name)], replaced: [name], last: false }))
    await replica.apply(batch('1', '2', { diffs: [own(rows(1, 1), 'items')] }))
    expect([shown(items), shown(result)]).toEqual([['k0', 'k1'], ['k0']])
  })

  test('are not rows by which a tab is known', async () => {
    await replica.apply(batch('-1', '1', { diffs: [own(rows(1), name)] }))
    expect(replica.hasRows).toBe(false)
  })

  test('are rows that a tab shows, and loses when its user signs out', async () => {
    expect(replica.isEmpty).toBe(true)
    await replica.apply(batch('-1', '1', { diffs: [own(rows(1), name)] }))
    expect(replica.isEmpty).toBe(false)
    replica.removeAll()
    await replica.apply(batch('1', '2'))
    expect([replica.isEmpty, shown(result)]).toEqual([true, []])
  })
})
