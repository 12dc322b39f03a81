import { makeComparator } from '@tanstack/db'
import { compareKeys } from '@tanstack/db-ivm'
import type { RowData } from '../../shared/row.ts'
import { Unfit } from './aggregates.ts'
import type { RowDeltas } from './deltas.ts'
import { allOf, evaluatorOf, type Evaluate } from './evaluator.ts'
import type { WindowPlan } from './plan-window.ts'
import { SortedRows, type Compare, type SortedRow } from './sorted-rows.ts'

/** At least so many rows beyond the window are known: so many can leave it before all rows have to be taken again. */
const SPARE = 1000

/** Too many rows have left the window: it has to be given all rows anew. */
export class Exhausted extends Error {}

/** The first rows of an order, for a query that needs no others. TanStack DB has all rows in one sorted list, which is slow when it is long. */
export class Window {
  readonly sourceId: string
  readonly #alias: string
  readonly #matches: (row: Readonly<Record<string, unknown>>) => boolean
  readonly #values: ReadonlyArray<Evaluate>
  readonly #compareValues: Compare
  readonly #compare: Compare
  /** How many first rows the query gets. */
  #most: number
  readonly #withTies: boolean
  readonly #sorted: SortedRows
  /** The rows that the query has. */
  #given = new Map<string, RowData>()
  #isChanged = false
  /** Rows after this one are not known, but counted; null when all rows are known. */
  #horizon: SortedRow | null = null
  /** How many rows are after the horizon. */
  #beyond = 0

  constructor({ first, conditions, terms, rows, withTies }: WindowPlan) {
    this.sourceId = first.sourceId
    this.#alias = first.alias
    this.#matches = allOf(conditions)
    this.#values = terms.map(({ of }) => evaluatorOf(of))
    this.#compareValues = comparatorOf(terms.map(({ compareOptions }) => (compareOptions.stringSort === undefined ? { ...first.collection.compareOptions, ...compareOptions } : compareOptions)))
    this.#most = rows
    this.#withTies = withTies
    this.#compare = (a, b) => this.#compareValues(a, b) || compareKeys(a.key, b.key)
    this.#sorted = new SortedRows(this.#compare)
  }

  /** @throws Unfit when rows have no order */
  take(deltas: RowDeltas): void {
    for (const [[key, row], times] of deltas) {
      const named = { [this.#alias]: row }
      if (this.#matches(named)) this.#change({ key, row, values: this.#values.map((value) => value(named)) }, times)
    }
    const least = this.#most * 2 + SPARE
    // Rows that tie with the last one may be any number.
    if (this.#withTies || this.#sorted.size < 2 * least) return
    this.#beyond += this.#sorted.dropAfter(least)
    this.#horizon = this.#sorted.last
  }

  /** @param rows how many first rows the query gets from now on */
  move(rows: number): void {
    this.#most = rows
    this.#isChanged = true
  }

  #change(row: SortedRow, times: number): void {
    if (this.#horizon && this.#compare(row, this.#horizon) > 0) {
      this.#beyond += times
      if (this.#beyond === 0) this.#horizon = null
      return
    }
    this.#isChanged = true
    if (times > 0) this.#sorted.add(row)
    else if (!this.#sorted.delete(row)) throw new Unfit()
  }

  /**
   * How the rows that the query gets have changed since the last call.
   * @throws Exhausted
   */
  changes(): RowDeltas {
    const deltas: RowDeltas = []
    if (!this.#isChanged) return deltas
    if (this.#sorted.size < this.#most && this.#beyond > 0) throw new Exhausted()
    this.#isChanged = false
    const now = this.#first()
    for (const [key, row] of this.#given) if (now.get(key) !== row) deltas.push([[key, row], -1])
    for (const [key, row] of now) if (this.#given.get(key) !== row) deltas.push([[key, row], 1])
    this.#given = now
    return deltas
  }

  #first(): Map<string, RowData> {
    const first = new Map<string, RowData>()
    let last: SortedRow | null = null
    for (const sorted of this.#sorted) {
      if (first.size >= this.#most && !(this.#withTies && last && this.#compareValues(last, sorted) === 0)) break
      if (first.size < this.#most) last = sorted
      first.set(sorted.key, sorted.row)
    }
    return first
  }
}

function comparatorOf(options: ReadonlyArray<WindowPlan['terms'][number]['compareOptions']>): Compare {
  const comparators = options.map((each) => {
    const compare = makeComparator(each)
    const sign = each.direction === 'asc' ? 1 : -1
    // Most orders are of numbers, and the general comparator checks many cases before it compares two.
    return (a: unknown, b: unknown): number => (Number.isFinite(a) && Number.isFinite(b) ? sign * ((a as number) - (b as number)) : compare(a, b))
  })
  return (a, b) => {
    for (let index = 0; index < comparators.length; index += 1) {
      const result = comparators[index]!(a.values[index], b.values[index])
      if (result !== 0) return result
    }
    return 0
  }
}
