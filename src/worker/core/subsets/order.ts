import { makeComparator } from '@tanstack/db'
import type { RowData } from '../../../shared/row.ts'
import type { OrderTerm } from '../../../shared/subset.ts'
import { compileValue } from './expression.ts'

/** A row's place in an order. */
export interface Entry {
  readonly value: unknown
  readonly key: string
}

export interface Order {
  readonly valueOf: (row: RowData) => unknown
  /** By TanStack DB's index comparator, which is total: it also orders values of different kinds. */
  readonly compareValues: (a: unknown, b: unknown) => number
  /** By value, then by key: no two rows are equal. */
  readonly compare: (a: Entry, b: Entry) => number
}

export function orderOf(term: OrderTerm): Order {
  const compareValues = comparatorOf(term)
  return { valueOf: compileValue(term.expression), compareValues, compare: (a, b) => compareValues(a.value, b.value) || compareKeys(a.key, b.key) }
}

function comparatorOf({ direction, nulls, stringSort, locale, localeOptions }: OrderTerm): (a: unknown, b: unknown) => number {
  const sign = direction === 'asc' ? 1 : -1
  const compare = makeComparator({
    direction,
    nulls,
    stringSort,
    ...(locale === null ? {} : { locale }),
    ...(localeOptions === null ? {} : { localeOptions: JSON.parse(localeOptions) as object }),
  }, 'index')
  // Most orders are of numbers, and the general comparator checks many cases before it compares two.
  return (a, b) => (isFinite(a) && isFinite(b) ? sign * (a < b ? -1 : a > b ? 1 : 0) : compare(a, b))
}

const isFinite = (value: unknown): value is number => Number.isFinite(value)

const compareKeys = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * The kind of a value. Values of one kind have an order; a number and a string have none. Null for a missing value, which has a
 * place in every order.
 */
export const kindOf = (value: unknown): string | null => (value === null || value === undefined ? null : typeof value)

/** Whether values of these kinds have an order. Objects are compared by identity, which a tab's copies do not share. */
export function areOrdered(kinds: Iterable<string>): boolean {
  const [first, ...others] = kinds
  return others.length === 0 && first !== 'object'
}

/** The first place in a sorted list whose entry does not come before `entry`. */
export function placeOf(entries: ReadonlyArray<Entry>, entry: Entry, compare: Order['compare']): number {
  let [low, high] = [0, entries.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(entries[middle]!, entry) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** The first place in a sorted list whose value comes after `value`. */
export function endOf(entries: ReadonlyArray<Entry>, value: unknown, compareValues: Order['compareValues']): number {
  let [low, high] = [0, entries.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareValues(entries[middle]!.value, value) <= 0) low = middle + 1
    else high = middle
  }
  return low
}
