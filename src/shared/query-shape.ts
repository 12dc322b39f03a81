import type { Constant } from './expression.ts'

/*
 * A query of TanStack DB (`IR.QueryIR`) as JSON. A query with a JavaScript function or a comparator of its own has no such form.
 */

export interface QueryData {
  readonly from: FromData
  readonly joins?: ReadonlyArray<{ readonly source: SourceData; readonly type: JoinType; readonly on: ExpressionData }>
  readonly where?: ReadonlyArray<WhereData>
  readonly select?: SelectData
  readonly groupBy?: ReadonlyArray<ExpressionData>
  readonly having?: ReadonlyArray<WhereData>
  readonly orderBy?: ReadonlyArray<OrderData>
  readonly limit?: number
  readonly offset?: number
  readonly distinct?: true
  /** The result is one row (`findOne()`). */
  readonly single?: true
}

export type JoinType = 'left' | 'right' | 'inner' | 'outer' | 'full' | 'cross'

/** One source, several side by side (`sources`), or the results of several queries (`queries`). */
export type FromData = SourceData | { readonly sources: ReadonlyArray<SourceData> } | { readonly queries: ReadonlyArray<QueryData> }

/** A collection or a query, with its name in the query (`alias`). References have its number (`id`) too: an inner query may use the name again. */
export type SourceData = { readonly alias: string; readonly id?: number } & ({ readonly collection: string } | { readonly query: QueryData })

export interface RefData {
  readonly type: 'ref'
  readonly path: ReadonlyArray<string>
  /** The source’s name, if the path begins with it. */
  readonly alias?: string
  /** The source’s number, its `id`. */
  readonly of?: number
}

export type ExpressionData =
  | RefData
  | { readonly type: 'val'; readonly value: Constant }
  | { readonly type: 'func' | 'agg'; readonly name: string; readonly args: ReadonlyArray<ExpressionData> }

/** `residual`: the condition is to be applied after the joins. */
export interface WhereData {
  readonly expression: ExpressionData
  readonly residual?: true
}

export interface OrderData {
  readonly expression: ExpressionData
  readonly direction: 'asc' | 'desc'
  readonly nulls: 'first' | 'last'
  readonly stringSort?: 'lexical' | 'locale'
  readonly locale?: string
  /** `Intl.CollatorOptions`, as JSON */
  readonly localeOptions?: string
}

export type SelectData =
  | ExpressionData
  | { readonly type: 'fields'; readonly fields: ReadonlyArray<readonly [name: string, value: SelectData]> }
  | { readonly type: 'cases'; readonly branches: ReadonlyArray<readonly [condition: ExpressionData, value: SelectData]>; readonly otherwise?: SelectData }
  | IncludeData

/** A child query, whose rows become a field of the parent row. A child collection becomes a list: a collection cannot cross. */
export interface IncludeData {
  readonly type: 'include'
  readonly query: QueryData
  readonly parent: RefData
  readonly child: RefData
  readonly field: string
  readonly filters?: ReadonlyArray<WhereData>
  readonly projection?: ReadonlyArray<RefData>
  readonly as: 'array' | 'singleton' | 'concat'
  readonly scalar?: string
}
