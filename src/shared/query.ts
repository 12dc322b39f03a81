import { digest } from './digest.ts'
import type { QueryData } from './query-shape.ts'

/** Data that JSON has. */
export type PlainData = string | number | boolean | null | ReadonlyArray<PlainData> | { readonly [field: string]: PlainData }

/** The most levels of a query's parameters. */
const MOST_LEVELS = 100

/** Whether an untrusted value is data that JSON has. */
export function isPlain(value: unknown, levels = MOST_LEVELS): value is PlainData {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || levels === 0) return false
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return false
  return Object.values(value).every((part) => isPlain(part, levels - 1))
}

/** The part of an ordered result that is wanted. Without a limit it goes to the end. */
export interface ResultWindow {
  readonly offset: number
  readonly limit: number | null
}

/** A query that a tab wants: `named` is a function of the worker file by its name, `inline` is a query of the page as data. */
export type Query =
  | { readonly kind: 'named'; readonly name: string; readonly params: PlainData; /** Absent: the window that the function gives. */ readonly window?: ResultWindow }
  | { readonly kind: 'inline'; readonly ir: QueryData }

/** A key that is equal for equal queries. */
export const queryKey = (query: Query): string =>
  JSON.stringify(query.kind === 'named' ? ['named', query.name, inOrder(query.params), ...(query.window ? [query.window.offset, query.window.limit] : [])] : ['inline', query.ir])

/** A key that is equal for queries that differ in their window only. */
export const unwindowedKey = (query: Query): string => queryKey(query.kind === 'named' ? { kind: 'named', name: query.name, params: query.params } : { kind: 'inline', ir: within(query.ir, null) })

/** The window of a query; null for a named query whose window is the one that its function gives. */
export function windowOf(query: Query): ResultWindow | null {
  if (query.kind === 'named') return query.window ?? null
  const { offset = 0, limit = null } = query.ir
  return { offset, limit }
}

/** The same query with another window. @param window null for a named query's own window; for an inline query, null for all rows */
export const movedTo = (query: Query, window: ResultWindow | null): Query =>
  query.kind === 'inline'
    ? { kind: 'inline', ir: within(query.ir, window) }
    : { kind: 'named', name: query.name, params: query.params, ...(window && { window: { offset: window.offset, limit: window.limit } }) }

/** A query for this window of the result. @param window null for all rows */
export function within<T extends { readonly limit?: number | undefined; readonly offset?: number | undefined }>({ limit: _, offset: __, ...query }: T, window: ResultWindow | null): Omit<T, 'limit' | 'offset'> & { readonly limit?: number; readonly offset?: number } {
  return { ...query, ...(window && window.limit !== null && { limit: window.limit }), ...(window && window.offset > 0 && { offset: window.offset }) }
}

/** No name of a schema's collection begins with it, and no field of a row. */
const MARK = '\0'

/** The name under which a query's result crosses a port, as a collection among the others. */
export const resultName = (query: Query): string => `${MARK}${digest(queryKey(query))}`

/** Whether a collection is a query's result. */
export const isResultName = (collection: string): boolean => collection.startsWith(MARK)

/** Fields of a result's row as it crosses a port: its key in the result, and its place in the order, if the query has one. */
export const RESULT_KEY = `${MARK}key`
export const RESULT_ORDER = `${MARK}order`

/** The same data, with the fields of its objects in one order. As pairs, so that no field is special. */
function inOrder(data: PlainData): PlainData {
  if (typeof data !== 'object' || data === null) return data
  if (isList(data)) return data.map(inOrder)
  return [Object.keys(data).sort().map((field) => [field, inOrder(data[field]!)]), {}]
}

const isList = (data: object): data is ReadonlyArray<PlainData> => Array.isArray(data)

/** What a query in the worker costs, and how many StreamDBs want it. */
export interface QueryStatus {
  /** Number of rows in the result. */
  readonly rows: number
  /** The mean time of a run that works on changes, ms. */
  readonly runMs: number
  /** Number of StreamDBs that want it, in all tabs. */
  readonly tabs: number
}
