import { beforeEach, describe, expect, test } from 'vitest'
import { SidestreamError } from '../../src/shared/errors.ts'
import { movedTo, RESULT_KEY, RESULT_ORDER, resultName, windowOf, type Query } from '../../src/shared/query.ts'
import type { RowData } from '../../src/shared/row.ts'
import { RowDiff } from '../../src/shared/row-diff.ts'
import type { Subset } from '../../src/shared/subset.ts'
import { emptyState } from '../../src/worker/core/materialize.ts'
import { Queries } from '../../src/worker/engine/queries.ts'
import type { QueryEngine, ResultRow } from '../../src/worker/ports.ts'
import { ManualClock } from '../contract/manual-clock.ts'

interface Opened {
  readonly query: Query
  readonly tell: (changes: Record<string, ResultRow | null>, isComplete?: boolean) => void
  readonly fail: (error: Error) => void
  /** The queries to which its window was moved. */
  readonly moves: Query[]
  isClosed: boolean
}

const subsetOf = (name: string): Subset => {
  const query: Query = { kind: 'named', name, params: null }
  return { collection: resultName(query), where: null, first: null, query }
}
const [one, two] = [subsetOf('one'), subsetOf('two')]
/** A window that a run is not moved to. */
const NOWHERE = 666
const part = ({ query }: Subset, offset: number, limit = 10): Subset => {
  const moved = movedTo(query!, { offset, limit })
  return { collection: resultName(moved), where: null, first: null, query: moved }
}
const row = (key: string, order: string | null = null): ResultRow => ({ key, value: { name: key }, order })

let clock: ManualClock
let opened: Opened[]
let rows: Map<string, ReadonlyMap<string, RowData>>
let published: Array<Record<string, string[]>>
let isReady: boolean
let changed: Array<RowDiff | 'replaced'>
beforeEach(() => {
  clock = new ManualClock()
  opened = []
  rows = new Map()
  published = []
  isReady = true
  changed = []
})

const engine: QueryEngine = {
  version: 'v',
  create: () => ({
    open: (query, onChanges, onFailed) => {
      if (query.kind === 'named' && query.name === 'unknown') throw new SidestreamError('INVALID_QUERY', 'unknown')
      const run: Opened = { query, tell: (changes, isComplete = true) => { onChanges(new Map(Object.entries(changes)), isComplete) }, fail: onFailed, moves: [], isClosed: false }
      opened.push(run)
      const move = (moved: Query): void => {
        if (windowOf(moved)?.offset === NOWHERE) throw new SidestreamError('INVALID_QUERY', 'it has no order')
        run.moves.push(moved)
      }
      return { cost: { rows: 1, runMs: 1.26 }, move, close: () => { run.isClosed = true } }
    },
    changed: (diff) => changed.push(diff),
    replaced: () => changed.push('replaced'),
    close: () => undefined,
  }),
}

function make(given: QueryEngine | null = engine): Queries {
  return new Queries({
    clock,
    collections: [],
    engine: given,
    readings: {
      get visible() {
        return { ...emptyState([], ''), rows }
      },
      setResult: (name, result) => {
        if (result) rows.set(name, result)
        else rows.delete(name)
      },
    },
    isReady: () => isReady,
    onResults: (diff) => {
      published.push(Object.fromEntries([...diff.entries()].map(([name, changes]) => [name === one.collection ? 'one' : 'two', [...changes].map(([key, value]) => `${value ? '+' : '-'}${key}`)])))
    },
    onCost: () => undefined,
  })
}

describe('a query that tabs want', () => {
  test('is run once the state is ready, once for all of them, in a task of its own', () => {
    isReady = false
    const queries = make()
    queries.hold(one)
    queries.hold(one)
    clock.advance(0)
    expect(opened).toEqual([])
    isReady = true
    queries.onRows(new RowDiff())
    expect(opened).toEqual([])
    clock.advance(0)
    expect(opened.map(({ query }) => query)).toEqual([one.query])
    expect(queries.status([one.collection, two.collection])).toEqual({ [one.collection]: { rows: 1, runMs: 1.3, tabs: 2 } })
  })

  test('is told to a panel: its name and parameters, or the collections that it reads, and why it does not run', () => {
    const queries = make()
    const named: Query = { kind: 'named', name: 'unknown', params: { over: 30 } }
    const ir = { from: { alias: 'f', collection: 'flights' }, joins: [{ source: { alias: 'g', query: { from: { alias: 'a', collection: 'air"ports' } } } }] } as unknown as Extract<Query, { kind: 'inline' }>['ir']
    for (const query of [named, { kind: 'inline', ir } as const]) queries.hold({ collection: resultName(query), where: null, first: null, query })
    expect(queries.inspect()).toMatchObject([{ name: 'unknown', about: '{"over":30}', rows: 0, runMs: null, tabs: 1, error: null }, { name: null, runMs: null }])
    clock.advance(0)
    expect(queries.inspect()).toMatchObject([{ runMs: null, error: { code: 'INVALID_QUERY' } }, { about: 'flights, air\\"ports', rows: 1, runMs: 1.26, error: null }])
  })

  test('is among the rows that tabs see when it is complete, with key and place as fields', () => {
    const queries = make()
    queries.hold(one)
    clock.advance(0)
    opened[0]!.tell({ a: row('a', 'a0') }, false)
    expect([rows.size, published]).toEqual([0, []])
    opened[0]!.tell({ b: row('b', 'a1') })
    expect([...rows.get(one.collection)!.values()]).toEqual([
      { name: 'a', [RESULT_KEY]: 'a', [RESULT_ORDER]: 'a0' },
      { name: 'b', [RESULT_KEY]: 'b', [RESULT_ORDER]: 'a1' },
    ])
    // Sessions see that it is there, and take it from the state.
    expect(published).toEqual([{}])
    opened[0]!.tell({ a: null, c: row('c') })
    expect(published[1]).toEqual({ one: ['-a', '+c'] })
    expect([...rows.get(one.collection)!.keys()]).toEqual(['b', 'c'])
  })

  test('is never shown in part: changes wait until the result is complete again', () => {
    const queries = make()
    queries.hold(one)
    clock.advance(0)
    opened[0]!.tell({ a: row('a') })
    opened[0]!.tell({ a: null }, false)
    expect([...rows.get(one.collection)!.keys()]).toEqual(['a'])
    opened[0]!.tell({ b: row('b') })
    expect(published.at(-1)).toEqual({ one: ['-a', '+b'] })
  })

  test('runs on for two seconds after it was let go, and then is gone', () => {
    const queries = make()
    queries.hold(one)
    clock.advance(0)
    opened[0]!.tell({ a: row('a') })
    queries.release(one)
    clock.advance(1999)
    queries.hold(one)
    clock.advance(5000)
    expect(opened[0]!.isClosed).toBe(false)
    queries.release(one)
    clock.advance(2000)
    expect(opened[0]!.isClosed).toBe(true)
    expect(rows.size).toBe(0)
    queries.hold(one)
    clock.advance(0)
    expect(opened.length).toBe(2)
    opened[0]!.tell({ late: row('late') })
    expect(rows.size).toBe(0)
  })

  test('hears of changed rows, and of another state', () => {
    const queries = make()
    queries.onRows(new RowDiff())
    queries.hold(one)
    clock.advance(0)
    const diff = new RowDiff()
    queries.onRows(diff)
    queries.onRows(null)
    expect(changed).toEqual([diff, 'replaced'])
  })
})

describe('a refusal', () => {
  test('is at once where queries are not run', () => {
    const queries = make(null)
    queries.hold(one)
    expect(queries.refusalOf(one.collection)).toMatchObject({ code: 'NO_QUERY_ENGINE' })
    expect(queries.keyOf(one)).toBeNull()
  })

  test('comes when the query cannot be opened, and does not stop the others', () => {
    const queries = make()
    const unknown = subsetOf('unknown')
    queries.hold(unknown)
    queries.hold(two)
    clock.advance(0)
    expect(queries.refusalOf(unknown.collection)).toMatchObject({ code: 'INVALID_QUERY' })
    expect(queries.refusalOf(two.collection)).toBeNull()
    expect([opened.length, published]).toEqual([1, [{}]])
  })

  test('comes when a run fails later', () => {
    const queries = make()
    queries.hold(one)
    clock.advance(0)
    opened[0]!.tell({ a: row('a') })
    opened[0]!.fail(new Error('it threw'))
    expect(queries.refusalOf(one.collection)).toMatchObject({ code: 'INVALID_QUERY', message: 'it threw' })
    expect([opened[0]!.isClosed, published]).toEqual([true, [{}, {}]])
    queries.onRows(null)
    clock.advance(0)
    expect(opened.length).toBe(1)
  })
})

describe('a window that moves', () => {
  const shownOf = (subset: Subset): string[] => [...(rows.get(subset.collection)?.keys() ?? [])]
  const move = (queries: Queries, from: Subset, to: Subset): void => {
    queries.hold(to)
    queries.release(from)
    clock.advance(0)
  }

  test('takes the run along, and is shown when the run has told what changes', () => {
    const queries = make()
    queries.hold(one)
    clock.advance(0)
    opened[0]!.tell({ a: row('a'), b: row('b') })
    move(queries, one, part(one, 1))
    expect([opened.length, opened[0]!.moves, opened[0]!.isClosed]).toEqual([1, [part(one, 1).query], false])
    expect([shownOf(one), shownOf(part(one, 1))]).toEqual([[], []])
    opened[0]!.tell({ a: null, c: row('c') })
    expect(shownOf(part(one, 1))).toEqual(['b', 'c'])
    opened[0]!.tell({ d: row('d') })
    expect(shownOf(part(one, 1))).toEqual(['b', 'c', 'd'])
    move(queries, part(one, 1), one)
    opened[0]!.tell({ a: row('a'), c: null, d: null })
    expect(shownOf(one)).toEqual(['b', 'a'])
    clock.advance(10_000)
    expect([opened.length, shownOf(one)]).toEqual([1, ['b', 'a']])
    queries.release(one)
    clock.advance(2000)
    expect([opened[0]!.isClosed, rows.size]).toEqual([true, 0])
  })

  test('has a run of its own while another tab wants the former one', () => {
    const queries = make()
    queries.hold(one)
    queries.hold(one)
    clock.advance(0)
    opened[0]!.tell({ a: row('a') })
    move(queries, one, part(one, 1))
    opened[1]!.tell({ b: row('b') })
    opened[0]!.tell({ c: row('c') })
    expect([opened.map(({ moves }) => moves), shownOf(one), shownOf(part(one, 1))]).toEqual([[[], []], ['a', 'c'], ['b']])
  })

  test('takes along what a run has told of a result that is not complete', () => {
    const queries = make()
    queries.hold(one)
    clock.advance(0)
    opened[0]!.tell({ a: row('a') }, false)
    move(queries, one, part(one, 1))
    opened[0]!.tell({ b: row('b') })
    expect(shownOf(part(one, 1))).toEqual(['a', 'b'])
  })

  test('that cannot be moved is a query of its own', () => {
    const queries = make()
    queries.hold(one)
    clock.advance(0)
    opened[0]!.tell({ a: row('a') })
    move(queries, one, part(one, NOWHERE))
    expect(opened.length).toBe(2)
    clock.advance(2000)
    expect(opened.map(({ isClosed }) => isClosed)).toEqual([true, false])
  })

  test('is of no other query', () => {
    const queries = make()
    queries.hold(one)
    clock.advance(0)
    move(queries, one, part(two, 1))
    expect([opened.length, opened[0]!.moves]).toEqual([2, []])
  })
})

test('after a clear no row of a result is shown, and the queries run anew', () => {
  const queries = make()
  queries.hold(one)
  clock.advance(0)
  opened[0]!.tell({ a: row('a') })
  expect([...queries.clear().entries()]).toEqual([[one.collection, new Map([['a', null]])]])
  opened[0]!.tell({ late: row('late') })
  expect(rows.get(one.collection)!.size).toBe(0)
  clock.advance(0)
  opened[1]!.tell({ b: row('b') })
  expect(published.at(-1)).toEqual({ one: ['+b'] })
})

test('what is stored of results are the newest that are complete, up to a number of rows', () => {
  const queries = make()
  for (const subset of [one, two, subsetOf('three')]) queries.hold(subset)
  clock.advance(0)
  opened[0]!.tell({ a: row('a') })
  opened[1]!.tell(Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`k${String(n)}`, row(`k${String(n)}`)])))
  expect(queries.working().map(({ key, rows: { length } }) => [key, length])).toEqual([[queries.keyOf(two), 5000]])
  expect(queries.keyOf(two)).toContain(':v')
})

test('when it ends, no query runs on', () => {
  const queries = make()
  queries.hold(one)
  clock.advance(0)
  queries.hold(two)
  queries.close()
  clock.advance(10_000)
  expect([opened.length, opened[0]!.isClosed]).toEqual([1, true])
})
