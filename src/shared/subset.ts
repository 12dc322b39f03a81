/**
 * An expression of TanStack DB's (`IR.BasicExpression`) as JSON: constants are tagged where JSON has no words for them.
 * Functions cannot cross.
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
  /** ms since 1970; null for an invalid one */
  | { readonly date: number | null }

/** Levels of an expression at most. */
export const MOST_LEVELS = 100

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
 * The rows that a tab wants of a collection: those that `where` holds for, or of these the first ones. A prefix is whole in
 * TanStack DB's sense (`LoadSubsetOptions`): rows that tie with its last one by the first term of the order are in it too.
 * That is why no other term matters.
 */
export interface Subset {
  readonly collection: string
  /** Null for all rows. */
  readonly where: Expression | null
  /** Null when all are wanted. */
  readonly first: null | { readonly order: OrderTerm; readonly rows: number }
}

/** A subset that a tab holds from now on, or (null) does no more. `id` is the tab's own; a held one may be given another subset. */
export interface SubsetChange {
  readonly id: number
  readonly subset: Subset | null
}

/** The held subset whose rows are in the tab from now on, and where a prefix of them ends. */
export interface ServedSubset {
  readonly id: number
  /** Of a prefix, how many rows were asked for; null when all were. */
  readonly rows: number | null
  /** Value of the order's term in the last row; null where there is none, or no prefix. */
  readonly edge: unknown
  /** It is all that `where` holds for. */
  readonly whole: boolean
}

/** Equal for equal subsets. */
export const subsetKey = ({ collection, where, first }: Subset): string => JSON.stringify([collection, where, first])

/** Conjuncts of an expression: what it demands at once. */
export function conjunctsOf(expression: Expression | null): ReadonlyArray<Expression> {
  if (expression === null) return []
  return expression.type === 'func' && expression.name === 'and' ? expression.args.flatMap(conjunctsOf) : [expression]
}
