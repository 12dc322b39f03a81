import type { ErrorData } from './errors.ts'
import type { Expression } from './expression.ts'
import type { Query } from './query.ts'

export { MOST_EXPRESSION_LEVELS, type Constant, type Expression } from './expression.ts'

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
