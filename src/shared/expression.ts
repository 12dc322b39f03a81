/**
 * An expression of TanStack DB (`IR.BasicExpression`) as JSON. A constant that JSON does not have (`undefined`, `NaN`, a bigint, a date) is
 * an object with one field, which names its kind. Objects and functions cannot cross.
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

/** The most levels of an expression that crosses. */
export const MOST_EXPRESSION_LEVELS = 100
