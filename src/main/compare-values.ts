import type { OrderTerm } from '../shared/subset.ts'

/**
 * Compares two values as an order of TanStack DB does; null for values without an order (of different kinds, or objects).
 * TanStack DB exports its own comparator only in releases that few adapters use.
 * @returns less than 0, 0, more than 0, or null
 */
export function compareValues(a: unknown, b: unknown, { direction, nulls, stringSort, locale, localeOptions }: Omit<OrderTerm, 'expression'>): number | null {
  const [hasNone, otherHasNone] = [isNone(a), isNone(b)]
  if (hasNone || otherHasNone) return hasNone === otherHasNone ? 0 : hasNone === (nulls === 'first') ? -1 : 1
  const sign = direction === 'asc' ? 1 : -1
  if (typeof a === 'string' && typeof b === 'string') {
    if (stringSort !== 'locale') return sign * compareAsIs(a, b)
    return sign * a.localeCompare(b, locale ?? undefined, localeOptions === null ? undefined : (JSON.parse(localeOptions) as Intl.CollatorOptions))
  }
  if ((Number.isFinite(a) && Number.isFinite(b)) || (typeof a === 'boolean' && typeof b === 'boolean')) return sign * compareAsIs(a as number, b as number)
  return null
}

const isNone = (value: unknown): boolean => value === null || value === undefined

const compareAsIs = <T extends string | number>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0)
