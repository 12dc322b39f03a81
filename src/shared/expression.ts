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
