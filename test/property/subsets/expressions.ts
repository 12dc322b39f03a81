import {
  add, and, coalesce, concat, eq, gt, gte, ilike, inArray, isNull, isUndefined, length, like, lower, lt, lte, not, or, upper,
} from '@tanstack/db'
import fc from 'fast-check'
import { COLOURS, DATES, NUMBERS, PEOPLE, STRINGS } from './events.ts'

/** A filter as data, so that a failure can be read and replayed. */
export type Expression =
  | { readonly op: 'field'; readonly path: string }
  | { readonly op: 'value'; readonly value: unknown }
  | { readonly op: keyof typeof FUNCTIONS; readonly of: ReadonlyArray<Expression> }

type Build = (...operands: any[]) => any
const FUNCTIONS = {
  add, and, coalesce, concat, eq, gt, gte, ilike, in: inArray, isNull, isUndefined, length, like, lower, lt, lte, not, or, upper,
} as unknown as Record<
  'add' | 'and' | 'coalesce' | 'concat' | 'eq' | 'gt' | 'gte' | 'ilike' | 'in' | 'isNull' | 'isUndefined' | 'length' | 'like' | 'lower' | 'lt' | 'lte' | 'not' | 'or' | 'upper',
  Build
>

/** What TanStack DB takes, over the references of one alias. */
export function build(expression: Expression, row: any): any {
  if (expression.op === 'value') return expression.value
  if (expression.op === 'field') return expression.path.split('.').reduce((of, name) => of[name], row)
  return FUNCTIONS[expression.op](...expression.of.map((operand) => build(operand, row)))
}

const field = (...paths: string[]): fc.Arbitrary<Expression> => fc.constantFrom(...paths).map((path) => ({ op: 'field', path }) as const)
const value = <T>(...values: T[]): fc.Arbitrary<Expression> => fc.constantFrom(...values).map((of) => ({ op: 'value', value: of }) as const)
const call = (op: keyof typeof FUNCTIONS, ...of: fc.Arbitrary<Expression>[]): fc.Arbitrary<Expression> => fc.tuple(...of).map((operands) => ({ op, of: operands }))

const numbers = value(...NUMBERS)
const strings = value(...STRINGS)
const patterns = value('a%', '%A%', '_', '%', '', 'a_b', '%0%', 'STRASSE', '5_%')
const numberOf = fc.oneof(
  { weight: 5, arbitrary: field('n', 'rank', 'place.pos.x') },
  { weight: 1, arbitrary: call('length', field('s', 'tags', 'place.city')) },
  { weight: 1, arbitrary: call('coalesce', field('n'), field('place.pos.x'), value(3)) },
  { weight: 1, arbitrary: call('add', field('n'), field('rank')) },
)
const stringOf = fc.oneof(
  { weight: 5, arbitrary: field('s', 'place.city') },
  { weight: 1, arbitrary: call('upper', field('s')) },
  { weight: 1, arbitrary: call('lower', field('place.city')) },
  { weight: 1, arbitrary: call('concat', field('s'), field('place.city')) },
  { weight: 1, arbitrary: call('coalesce', field('s'), value('a')) },
)
const subset = <T>(values: T[]): fc.Arbitrary<Expression> => fc.subarray<T | null>([...values, null]).map((of) => ({ op: 'value', value: of }) as const)

const comparison = fc.constantFrom('eq' as const, 'gt' as const, 'gte' as const, 'lt' as const, 'lte' as const)
const compare = (left: fc.Arbitrary<Expression>, right: fc.Arbitrary<Expression>): fc.Arbitrary<Expression> =>
  fc.tuple(comparison, left, right, fc.boolean()).map(([op, a, b, isTurned]) => ({ op, of: isTurned ? [b, a] : [a, b] }))

const leaf = fc.oneof(
  { weight: 4, arbitrary: compare(numberOf, numbers) },
  { weight: 3, arbitrary: compare(field('rank'), value(20, 100, 500)) },
  { weight: 3, arbitrary: compare(stringOf, strings) },
  { weight: 2, arbitrary: compare(field('at'), value(...DATES)) },
  // An index of TanStack DB 0.8 has another order of values of several types than its comparisons.
  { weight: process.env['SIDESTREAM_TANSTACK_DB'] === '0.8' ? 0 : 2, arbitrary: compare(field('mixed'), value<unknown>(...NUMBERS, ...STRINGS, true, false, null)) },
  { weight: 1, arbitrary: compare(field('n'), field('place.pos.x')) },
  { weight: 1, arbitrary: compare(field('id'), value('k00', 'k10', 'k45', 'zz')) },
  { weight: 2, arbitrary: call('eq', field('owner'), value(...PEOPLE)) },
  { weight: 1, arbitrary: call('eq', field('flag'), value<unknown>(true, false, null)) },
  { weight: 2, arbitrary: call('in', field('n'), subset(NUMBERS)) },
  { weight: 2, arbitrary: call('in', field('s', 'place.city'), subset(STRINGS)) },
  { weight: 1, arbitrary: call('in', value(...COLOURS), field('tags')) },
  { weight: 2, arbitrary: call('like', stringOf, patterns) },
  { weight: 2, arbitrary: call('ilike', stringOf, patterns) },
  { weight: 2, arbitrary: call('isNull', field('n', 's', 'place', 'place.city', 'place.pos.x', 'nowhere')) },
  { weight: 2, arbitrary: call('isUndefined', field('n', 's', 'place', 'place.city', 'place.pos.x', 'nowhere')) },
)

/** A filter over an item. */
export const predicate: fc.Arbitrary<Expression> = fc.letrec<{ tree: Expression }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { weight: 5, arbitrary: leaf },
    { weight: 2, arbitrary: call('and', tie('tree'), tie('tree')) },
    { weight: 2, arbitrary: call('or', tie('tree'), tie('tree')) },
    { weight: 1, arbitrary: call('not', tie('tree')) },
  ),
})).tree
