import type { RowData } from '../../../shared/row.ts'
import type { Expression, OrderTerm } from '../../../shared/subset.ts'
import type { Equality } from './expression.ts'
import { orderOf, type Entry } from './order.ts'
import { OrderedIndex } from './ordered-index.ts'

/** Fewer rows are looked through faster than an index is worth. */
const WORTH_ROWS = 2000
/** Looks through all rows for the same reason before an index is made. */
const WORTH_LOOKS = 2
/** Rows that are taken into a new index at once: a few ms. */
const SLICE_ROWS = 4000
/** Indexes of a collection: the one that has not been used for the longest makes room. */
const MOST_INDEXES = 8

interface IndexState {
  readonly index: OrderedIndex
  /** Rows that are still to be taken in; null when it is of use. */
  remaining: Iterator<[string, RowData]> | null
}

/** A collection's rows, and the indexes over them that have turned out to be needed. */
export class IndexedRows {
  rows: ReadonlyMap<string, RowData>
  readonly #schedule: () => void
  /** By what they order, the one used last at the end. */
  readonly #indexes = new Map<string, IndexState>()
  readonly #looks = new Map<string, number>()

  /** @param schedule has {@link build} called some time later, when all changes have been told */
  constructor(rows: ReadonlyMap<string, RowData>, schedule: () => void) {
    this.rows = rows
    this.#schedule = schedule
  }

  /** There is an index, finished or not: it has to be told of every change, with the row as it was before. */
  get hasIndexes(): boolean {
    return this.#indexes.size > 0
  }

  /** The rows are others. */
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

  /** Rows among which all those are that meet a condition. */
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

  /** All rows in an order; null without an index, or where values of different kinds have none. */
  inOrder(term: OrderTerm): Iterable<Entry> | null {
    const index = this.#indexOf(term)
    return index?.isOrdered ? index.walk(term.direction === 'desc') : null
  }

  /** Takes more rows into indexes that are being made. */
  build(): void {
    let more = false
    for (const state of this.#indexes.values()) {
      for (let count = 0; state.remaining !== null && count < SLICE_ROWS; count += 1) {
        const next = state.remaining.next()
        if (next.done) state.remaining = null
        // A row that was changed since the beginning is in it already, and comes twice.
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

/** The same order read from its other end. */
const upwards = (term: OrderTerm): OrderTerm =>
  term.direction === 'asc' ? term : { ...term, direction: 'asc', nulls: term.nulls === 'first' ? 'last' : 'first' }

/** An order in which equal values stand together. */
const termOf = (expression: Expression): OrderTerm => ({
  expression,
  direction: 'asc',
  nulls: 'last',
  stringSort: 'lexical',
  locale: null,
  localeOptions: null,
})
