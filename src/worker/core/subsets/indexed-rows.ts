import type { RowData } from '../../../shared/row.ts'
import type { Expression, OrderTerm } from '../../../shared/subset.ts'
import type { Equality } from './expression.ts'
import { orderOf, type Entry } from './order.ts'
import { OrderedIndex } from './ordered-index.ts'

/** The fewest rows for an index: a pass over fewer rows costs less than an index. */
const WORTH_ROWS = 2000
/** How many passes over all rows for the same field it takes to make an index. */
const WORTH_LOOKS = 2
/** Rows that are added to a new index in one task: a few ms. */
const SLICE_ROWS = 4000
/** The most indexes of a collection: a new one replaces the index that has not been used for the longest. */
const MOST_INDEXES = 8

interface IndexState {
  readonly index: OrderedIndex
  /** Rows that are still to be added; null when the index is complete. */
  remaining: Iterator<[string, RowData]> | null
}

/** A collection's rows, and the indexes over them that queries have needed. */
export class IndexedRows {
  rows: ReadonlyMap<string, RowData>
  readonly #schedule: () => void
  /** Key: the order term as JSON. The index that was used last is at the end. */
  readonly #indexes = new Map<string, IndexState>()
  readonly #looks = new Map<string, number>()

  /** @param schedule calls {@link build} some time later, when {@link change} was called for all changes */
  constructor(rows: ReadonlyMap<string, RowData>, schedule: () => void) {
    this.rows = rows
    this.#schedule = schedule
  }

  /** There is an index, complete or not: {@link change} has to be called for every change. */
  get hasIndexes(): boolean {
    return this.#indexes.size > 0
  }

  /** The indexes; the one that was used last is at the end. */
  inspect(): ReadonlyArray<{ readonly expression: Expression; readonly complete: boolean }> {
    return [...this.#indexes].map(([key, { remaining }]) => ({ expression: (JSON.parse(key) as OrderTerm).expression, complete: remaining === null }))
  }

  /** Replaces all rows, and drops the indexes. */
  replace(rows: ReadonlyMap<string, RowData>): void {
    this.rows = rows
    this.#indexes.clear()
    this.#looks.clear()
  }

  change(key: string, before: RowData | null, after: RowData | null): void {
    for (const { index } of this.#indexes.values()) {
      if (before) index.remove(key, before)
      if (after) index.add(key, after)
    }
  }

  /** All rows that meet a condition, and perhaps others. */
  *equal(equality: Equality | null): IterableIterator<readonly [string, RowData]> {
    const index = equality && this.#indexOf(termOf({ type: 'ref', path: equality.path }))
    if (!index) {
      yield* this.rows
      return
    }
    for (const value of equality.values) for (const key of index.equal(value)) {
      const row = this.rows.get(key)
      if (row) yield [key, row]
    }
  }

  /** All rows in an order; null without an index, or where values of different kinds have no order. */
  inOrder(term: OrderTerm): Iterable<Entry> | null {
    const index = this.#indexOf(term)
    return index?.isOrdered ? index.walk(term.direction === 'desc') : null
  }

  /** Adds more rows to the indexes that are not complete. */
  build(): void {
    let more = false
    for (const state of this.#indexes.values()) {
      for (let count = 0; state.remaining !== null && count < SLICE_ROWS; count += 1) {
        const next = state.remaining.next()
        if (next.done) state.remaining = null
        // A row that has changed since the index was made is in it already; adding it again changes nothing.
        else state.index.add(next.value[0], next.value[1])
      }
      more ||= state.remaining !== null
    }
    if (more) this.#schedule()
  }

  #indexOf(term: OrderTerm): OrderedIndex | null {
    const key = JSON.stringify(upwards(term))
    const state = this.#indexes.get(key)
    if (state) {
      this.#indexes.delete(key)
      this.#indexes.set(key, state)
      return state.remaining === null ? state.index : null
    }
    const looks = (this.#looks.get(key) ?? 0) + 1
    this.#looks.set(key, looks)
    if (looks >= WORTH_LOOKS && this.rows.size >= WORTH_ROWS) this.#make(key, term)
    return null
  }

  #make(key: string, term: OrderTerm): void {
    this.#indexes.set(key, { index: new OrderedIndex(orderOf(upwards(term))), remaining: this.rows.entries() })
    const [oldest] = this.#indexes.keys()
    if (this.#indexes.size > MOST_INDEXES) this.#indexes.delete(oldest!)
    this.#schedule()
  }
}

/** The ascending order that, read from its end, is the given one: both share an index. */
const upwards = (term: OrderTerm): OrderTerm =>
  term.direction === 'asc' ? term : { ...term, direction: 'asc', nulls: term.nulls === 'first' ? 'last' : 'first' }

/** An order in which equal values are next to each other. */
const termOf = (expression: Expression): OrderTerm => ({
  expression,
  direction: 'asc',
  nulls: 'last',
  stringSort: 'lexical',
  locale: null,
  localeOptions: null,
})
