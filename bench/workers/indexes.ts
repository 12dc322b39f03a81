import type { RowData } from '../../src/shared/row.ts'
import type { Expression, Subset } from '../../src/shared/subset.ts'
import { emptyState, type State } from '../../src/worker/core/materialize.ts'
import { Subsets, type Holder } from '../../src/worker/core/subsets/subsets.ts'
import type { IndexesVisit } from '../pages/visit.ts'
import { rowAt } from '../server/rows.mjs'

const COLLECTION = 'rows'

/** What was asked or done, each time, ms. */
export interface Timing {
  readonly layout: 'scan' | 'index'
  readonly metric: 'topMs' | 'equalMs' | 'changeMs'
  readonly runs: readonly number[]
}

const points: Expression = { type: 'ref', path: ['points'] }

/** Another question each time, that the same index answers: the first rows below a number of points, and some rows by points. */
const top = (below: number): Subset => ({
  collection: COLLECTION,
  where: { type: 'func', name: 'lt', args: [points, { type: 'val', value: below }] },
  first: { order: { expression: points, direction: 'desc', nulls: 'first', stringSort: 'lexical', locale: null, localeOptions: null }, rows: 50 },
})
const equal = (value: number): Subset => ({ collection: COLLECTION, where: { type: 'func', name: 'eq', args: [points, { type: 'val', value }] }, first: null })

const holder: Holder = { moved: () => undefined }

function timed(run: () => void): number {
  const from = performance.now()
  run()
  return performance.now() - from
}

/** Questions of one kind, each let go again, in an engine that has been asked nothing before. */
function ask(state: State, question: (run: number) => Subset, count: number): Timing['runs'][] {
  const tasks: Array<() => void> = []
  const subsets = new Subsets({ later: (task) => tasks.push(task), onMoved: () => undefined })
  const once = (run: number): number => {
    const subset = question(run)
    return timed(() => { subsets.release(subsets.hold(subset, holder, state), holder) })
  }
  const scans = [once(0), once(1)]
  for (let task = tasks.shift(); task; task = tasks.shift()) task()
  return [scans, Array.from({ length: count }, (_, run) => once(run + 2))]
}

/** A change of any row, with a hundred subsets held that ask for one value each, and the first rows. */
function change(state: State, count: number): Timing['runs'] {
  const subsets = new Subsets({ later: () => undefined, onMoved: () => undefined })
  const rows = state.rows.get(COLLECTION)!
  const keys = [...rows.keys()]
  subsets.hold(top(2_000_000), holder, state)
  for (let held = 0; held < 100; held += 1) subsets.hold(equal(rows.get(keys[held]!)!['points'] as number), holder, state)
  return Array.from({ length: count }, (_, run) => {
    const key = keys[(run * 7919) % keys.length]!
    return timed(() => {
      subsets.note(COLLECTION, key, rows.get(key)!)
      rows.set(key, { ...rows.get(key)!, points: (run * 31) % 1_000_000 })
      subsets.settle()
    })
  })
}

addEventListener('message', ({ data: { rows: count, runs } }: MessageEvent<IndexesVisit>) => {
  const state = emptyState([{ name: COLLECTION, type: 'row', primaryKey: 'id' }], 'reading')
  const rows = new Map<string, RowData>()
  for (let index = 0; index < count; index += 1) {
    const row = { ...rowAt(index), _seq: index } as unknown as RowData
    rows.set(row['id'] as string, row)
  }
  state.rows.set(COLLECTION, rows)
  const some = [...rows.values()].slice(0, runs + 2).map((row) => row['points'] as number)
  const [topScan, topIndex] = ask(state, (run) => top(1_000_000 - run), runs)
  const [equalScan, equalIndex] = ask(state, (run) => equal(some[run]!), runs)
  const timings: Timing[] = [
    { layout: 'scan', metric: 'topMs', runs: topScan! },
    { layout: 'index', metric: 'topMs', runs: topIndex! },
    { layout: 'scan', metric: 'equalMs', runs: equalScan! },
    { layout: 'index', metric: 'equalMs', runs: equalIndex! },
    { layout: 'index', metric: 'changeMs', runs: change(state, runs * 20) },
  ]
  postMessage(timings)
})
