import { beforeEach, describe, expect, test } from 'vitest'
import type { ErrorData } from '../../src/shared/errors.ts'
import { resultName, type Query } from '../../src/shared/query.ts'
import type { RowData } from '../../src/shared/row.ts'
import { RowDiff } from '../../src/shared/row-diff.ts'
import type { Subset } from '../../src/shared/subset.ts'
import { emptyState, type VisibleState } from '../../src/worker/core/materialize.ts'
import { ResultView } from '../../src/worker/tabs/result-view.ts'

const query: Query = { kind: 'named', name: 'delays', params: { over: 15 } }
const name = resultName(query)
const subset: Subset = { collection: name, where: null, first: null, query }
const REFUSAL: ErrorData = { code: 'INVALID_QUERY', message: 'no', retryable: false }

let pending: RowDiff
let holds: string[]
let refusal: ErrorData | null
let view: ResultView
beforeEach(() => {
  pending = new RowDiff()
  holds = []
  refusal = null
  view = new ResultView(
    {
      hold: ({ collection }) => holds.push(`hold ${collection}`),
      release: ({ collection }) => holds.push(`release ${collection}`),
      refusalOf: () => refusal,
    },
    pending,
  )
})

const row = (id: string): RowData => ({ id })
const rowsOf = (...ids: string[]): Map<string, RowData> => new Map(ids.map((id) => [id, row(id)]))
const state = (rows?: ReadonlyMap<string, RowData>): VisibleState => ({ ...emptyState([], ''), rows: new Map(rows ? [[name, rows]] : []) })
const sent = (): string[] => pending.drain(Infinity).flatMap(({ rows, deleted }) => [...rows.map(({ id }) => `+${String(id)}`), ...deleted.map((key) => `-${key}`)])

describe('a wanted result', () => {
  test('is sent whole once it is in the state, and is served when its rows have gone', () => {
    view.want(1, subset)
    view.attach(state())
    expect(view.hasNews).toBe(false)
    view.attach(state(rowsOf('a', 'b')))
    expect(view.serve()).toEqual([])
    expect(view.takeBegun()).toEqual([name])
    expect(sent()).toEqual(['+a', '+b'])
    expect(view.hasNews).toBe(true)
    expect(view.serve()).toEqual([{ id: 1, rows: null, edge: null, whole: true }])
    expect(view.hasNews).toBe(false)
    expect([view.serve(), view.takeBegun()]).toEqual([[], []])
  })

  test('is followed from then on, and no other is', () => {
    view.fold(name, new Map([['x', row('x')]]))
    view.want(1, subset)
    view.fold(name, new Map([['y', row('y')]]))
    view.attach(state(rowsOf('a')))
    view.fold(name, new Map([['a', null], ['b', row('b')]]))
    expect(sent()).toEqual(['+b', '-a'])
  })

  test('is let go with what has not been sent, once no want has it', () => {
    view.want(1, subset)
    view.want(2, subset)
    view.attach(state(rowsOf('a')))
    view.release(1)
    expect(pending.has(name)).toBe(true)
    view.release(2)
    view.release(2)
    expect(pending.has(name)).toBe(false)
    expect(view.names).toEqual([])
    expect(holds).toEqual([`hold ${name}`, `hold ${name}`, `release ${name}`, `release ${name}`])
  })

  test('is sent anew when the tab has lost its rows, and replaces what it had', () => {
    view.want(1, subset)
    view.attach(state(rowsOf('a', 'b')))
    sent()
    view.serve()
    view.takeBegun()
    pending.clear()
    view.again(state(rowsOf('b')))
    expect(view.takeBegun()).toEqual([name])
    expect(sent()).toEqual(['+b'])
    expect(view.serve()).toMatchObject([{ id: 1, whole: true }])
  })

  test('is kept in the tab by another engine until it is known again', () => {
    view.want(1, subset)
    view.again(state())
    expect([view.takeBegun(), view.serve(), sent()]).toEqual([[], [], []])
  })
})

test('a preview is shown first, and replaced by the result', () => {
  view.want(1, subset)
  view.preview(() => ({ rows: [...rowsOf('old', 'a')], edge: null, whole: true }))
  expect(view.early).toEqual([name])
  view.preview(() => ({ rows: [...rowsOf('never')], edge: null, whole: true }))
  expect(sent()).toEqual(['+old', '+a'])
  expect(view.serve()).toMatchObject([{ id: 1, whole: true }])
  view.attach(state(rowsOf('a')))
  expect(view.early).toEqual([])
  expect(view.takeBegun()).toEqual([name])
  expect(sent()).toEqual(['+a'])
})

test('a tab that shows a preview shows old rows, until it has the result or a refusal', () => {
  view.want(1, subset)
  expect(view.isOld).toBe(false)
  view.preview(() => ({ rows: [...rowsOf('old')], edge: null, whole: true }))
  expect(view.isOld).toBe(true)
  refusal = REFUSAL
  expect(view.isOld).toBe(false)
  refusal = null
  view.attach(state(rowsOf('a')))
  expect(view.isOld).toBe(false)
})

test('rows of a preview that have not gone do not follow the result', () => {
  view.want(1, subset)
  view.preview(() => ({ rows: [...rowsOf('old')], edge: null, whole: true }))
  view.attach(state(rowsOf('a')))
  expect(sent()).toEqual(['+a'])
})

test('a refusal is told once, also after the rows were served', () => {
  view.want(1, subset)
  view.attach(state(rowsOf('a')))
  sent()
  view.takeBegun()
  view.serve()
  refusal = REFUSAL
  expect(view.hasNews).toBe(true)
  expect(view.serve()).toEqual([{ id: 1, rows: null, edge: null, whole: false, error: REFUSAL }])
  expect([view.hasNews, view.serve()]).toEqual([false, []])
})

test('a tab that is gone lets go of everything', () => {
  view.want(1, subset)
  view.close()
  expect(holds).toEqual([`hold ${name}`, `release ${name}`])
})
