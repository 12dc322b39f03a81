import type { Collection, Context, GetResult, InitialQueryBuilder, NonSingleResult, QueryBuilder, SingleResult } from '@tanstack/db'
import { digest } from './digest.ts'
import { isFunction, isNumber, isRecord, type Rule } from './rules.ts'
import type { CollectionDefinition, StreamStateDefinition } from './state-schema.ts'

/** The collections that a named query reads: collection name → collection, for `from` and joins. */
export type QuerySources<TDef extends StreamStateDefinition> = {
  readonly [K in keyof TDef]: Collection<(TDef[K] extends CollectionDefinition<infer U> ? U : unknown) & object, string>
}

/* eslint-disable @typescript-eslint/no-explicit-any -- a query's context and parameters are inferred from its function */

/**
 * Makes a query of TanStack DB from parameters, which are data that JSON has. It must depend on nothing else: the same parameters
 * mean the same query.
 */
export type NamedQuery<TDef extends StreamStateDefinition = any> = (q: InitialQueryBuilder, collections: QuerySources<TDef>, params: any) => QueryBuilder<any>

/** A named query, or one with `every`: the shortest time between two of its runs, ms. */
export type NamedQueryOption<TDef extends StreamStateDefinition = any> = NamedQuery<TDef> | { readonly query: NamedQuery<TDef>; readonly every?: number }

/** Name → query. */
export type NamedQueries<TDef extends StreamStateDefinition = any> = Readonly<Record<string, NamedQueryOption<TDef>>>

/** The type of the queries of a StreamDB that was given none. */
export type NoQueries = Readonly<Record<never, NamedQueryOption>>

type FunctionOf<T> = T extends (...args: any) => any ? T : T extends { readonly query: infer F extends (...args: any) => any } ? F : never

/** The arguments of `db.query` after the name: the parameters, if the query has any. */
export type QueryParams<T> = Parameters<FunctionOf<T>> extends [any, any, infer P] ? [params: P] : []

/** `utils` of a result's collection, as a live query's collection has them: `useLiveInfiniteQuery` uses them. */
export interface ResultUtils {
  /**
   * Moves the window of a query with `orderBy()`.
   * @param options what is left out stays as it was; the limit `Infinity` shows all rows from the offset on
   * @returns true, or a promise that resolves when the rows are there
   * @throws SidestreamError `INVALID_QUERY`: the query has no order, or the page does not have the function of a named query.
   *   `INVALID_ARGUMENT`: a number is negative or not whole. When the collection is not used yet, its `preload()` rejects with that instead
   */
  readonly setWindow: (options: { readonly offset?: number; readonly limit?: number }) => true | Promise<void>
  /** The window whose rows are shown; undefined where {@link setWindow} throws `INVALID_QUERY`. */
  readonly getWindow: () => { readonly offset: number; readonly limit: number } | undefined
}

type ResultOf<TContext extends Context> = Collection<GetResult<TContext> & object, string, ResultUtils> & (TContext extends SingleResult ? SingleResult : NonSingleResult)

/** The collection of a query's result. */
export type QueryResultCollection<TBuilder> = TBuilder extends QueryBuilder<infer TContext> ? ResultOf<TContext> : never

/** The collection of a named query's result. */
export type NamedResultCollection<T> = QueryResultCollection<ReturnType<FunctionOf<T>>>

/* eslint-enable @typescript-eslint/no-explicit-any */

/**
 * Named queries, with the types of their collections. Give them to `exposeStreamDB` in the worker file, which runs them, and to
 * `createStreamDB` in the page, which knows their types, and runs them itself where the worker cannot.
 *
 * @example
 * ```ts
 * export const queries = defineQueries(schema, {
 *   longFlights: (q, { flights }, { miles }: { miles: number }) => q.from({ f: flights }).where(({ f }) => gt(f.distance, miles)),
 * })
 * ```
 */
export function defineQueries<TDef extends StreamStateDefinition, TQueries extends NamedQueries<TDef>>(_state: TDef, queries: TQueries): TQueries {
  return queries
}

const isOption = (value: unknown): boolean =>
  isFunction(value) || (isRecord(value) && isFunction(value['query']) && (value['every'] === undefined || isNumber(value['every'], 0)))

export const namedQueries: Rule = {
  is: 'an object of queries: functions, or `{ query, every }`',
  check: (value) => isRecord(value) && Object.values(value).every(isOption),
}

/** Differs when a function differs. What a function uses of the code around it is not seen. */
export const versionOf = (queries: NamedQueries): string => digest(JSON.stringify(Object.keys(queries).map((name) => [name, String(functionOf(queries, name))])))

/** The function of a named query; null when there is none of that name. */
export function functionOf(queries: NamedQueries | undefined, name: string): NamedQuery | null {
  const option = queries && Object.hasOwn(queries, name) ? queries[name]! : null
  return typeof option === 'function' ? option : (option?.query ?? null)
}
