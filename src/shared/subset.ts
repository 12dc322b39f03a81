import type { ErrorData } from './errors.ts'
import type { Query } from './query.ts'

/**
 * An expression of TanStack DB (`IR.BasicExpression`) as JSON. A constant that JSON does not have is an object with its kind.
 * JavaScript functions cannot cross.
 */
export type Expression =
  | { readonly type: 'ref'; readonly path: ReadonlyArray<string> }
  | { readonly type: 'val'; readonly value: Constant }
  | { readonly type: 'func'; readonly name: string; readonly args: ReadonlyArray<Expression> }

export type Constant =
  | string
  | number
  | boolean
  | null
  | ReadonlyArray<Constant>
  | { readonly undefined: true }
  | { readonly number: 'NaN' | 'Infinity' | '-Infinity' }
  | { readonly bigint: string }
  /** ms since 1970; null for an invalid date */
  | { readonly date: number | null }

/** The most levels of an expression. */
export const MOST_EXPRESSION_LEVELS = 100

/** The first term of an `orderBy`, with TanStack DB's `CompareOptions`. */
export interface OrderTerm {
  readonly expression: Expression
  readonly direction: 'asc' | 'desc'
  readonly nulls: 'first' | 'last'
  readonly stringSort: 'lexical' | 'locale'
  readonly locale: string | null
  /** `Intl.CollatorOptions`, as JSON */
  readonly localeOptions: string | null
}

/**
 * The rows of a collection that a tab wants: those for which `where` holds, or the first ones of these (a prefix). A prefix
 * includes the rows that tie with its last row by the first term of the order, as TanStack DB's `LoadSubsetOptions` demands; so
 * later terms of the order do not matter.
 */
export interface Subset {
  readonly collection: string
  /** Null for all rows. */
  readonly where: Expression | null
  /** The order, and the number of rows without ties; null for all rows. */
  readonly first: null | { readonly order: OrderTerm; readonly rows: number }
  /** The collection is the result of this query: `resultName` is its name. */
  readonly query?: Query
}

/**
 * A subset that a tab holds from now on, or (null) no longer holds. The tab chooses `id`, and may give it another subset later.
 */
export interface SubsetChange {
  readonly id: number
  readonly subset: Subset | null
}

/** A held subset whose rows are in the tab from now on, and where its prefix ends. */
export interface ServedSubset {
  readonly id: number
  /** The number of rows that the prefix was asked for; null for a filter. */
  readonly rows: number | null
  /** Value of the order's term in the last row; null for a filter, and without rows. */
  readonly edge: unknown
  /** The subset has all rows for which `where` holds. */
  readonly whole: boolean
  /** The engine does not run the query. The subset has no rows, and will get none. */
  readonly error?: ErrorData
}

/** A key that is equal for equal subsets. */
export const subsetKey = ({ collection, where, first }: Subset): string => JSON.stringify([collection, where, first])

/** The conditions that an expression joins by `and`. */
export function conjunctsOf(expression: Expression | null): ReadonlyArray<Expression> {
  if (expression === null) return []
  return expression.type === 'func' && expression.name === 'and' ? expression.args.flatMap(conjunctsOf) : [expression]
}
