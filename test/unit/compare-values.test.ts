import { makeComparator } from '@tanstack/db'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareValues } from '../../src/main/compare-values.ts'
import type { OrderTerm } from '../../src/shared/subset.ts'

type Term = Omit<OrderTerm, 'expression'>
const NUMBERS: Term = { direction: 'asc', nulls: 'first', stringSort: 'locale', locale: null, localeOptions: null }

const term: fc.Arbitrary<Term> = fc.record({
  direction: fc.constantFrom('asc', 'desc'),
  nulls: fc.constantFrom('first', 'last'),
  stringSort: fc.constantFrom('lexical', 'locale'),
  locale: fc.constantFrom(null, 'de', 'sv'),
  localeOptions: fc.constantFrom(null, JSON.stringify({ numeric: true }), JSON.stringify({ sensitivity: 'base' })),
})
const none = fc.constantFrom(null, undefined)
const pair = fc.oneof(
  ...[fc.string({ unit: fc.constantFrom('a', 'B', 'ä', '1', '10', 'z') }), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean()].map((values) =>
    fc.tuple(fc.oneof({ weight: 4, arbitrary: values }, { weight: 1, arbitrary: none }), fc.oneof({ weight: 4, arbitrary: values }, { weight: 1, arbitrary: none })),
  ),
)

test('two values lie as in TanStack DB’s own order', () => {
  fc.assert(
    fc.property(pair, term, ([a, b], { locale, localeOptions, ...order }) => {
      const theirs = makeComparator({
        ...order,
        ...(locale === null ? {} : { locale }),
        ...(localeOptions === null ? {} : { localeOptions: JSON.parse(localeOptions) as object }),
      } as Parameters<typeof makeComparator>[0])
      expect(Math.sign(compareValues(a, b, { ...order, locale, localeOptions })!) === Math.sign(theirs(a, b))).toBe(true)
    }),
    { numRuns: 1000 },
  )
})

test.each([[1, '1'], [1, true], [{}, 1], [NaN, 1], [1, Infinity], [[1], [1]]])('of values without an order nothing is claimed: %o, %o', (a, b) => {
  expect(compareValues(a, b, NUMBERS)).toBeNull()
})
