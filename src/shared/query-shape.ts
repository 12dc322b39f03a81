import type { Constant } from './expression.ts'

/*
 * A query of TanStack DB (`IR.QueryIR`) as JSON. It has everything but JavaScript functions and comparators of one's own.
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
  readonly single?: true
}

export type JoinType = 'left' | 'right' | 'inner' | 'outer' | 'full' | 'cross'

/** One source, several side by side (`sources`), or the results of several queries (`queries`). */
export type FromData = SourceData | { readonly sources: ReadonlyArray<SourceData> } | { readonly queries: ReadonlyArray<QueryData> }

/** A collection or a query, under a name. References name it by its number too: an inner query may use the name again. */
export type SourceData = { readonly alias: string; readonly id?: number } & ({ readonly collection: string } | { readonly query: QueryData })

export interface RefData {
  readonly type: 'ref'
  readonly path: ReadonlyArray<string>
  /** The source, if the path begins with its name. */
  readonly alias?: string
  /** The source’s number. */
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
