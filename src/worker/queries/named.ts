import { Query as QueryBuilding, type Collection, type InitialQueryBuilder, type IR, type QueryBuilder } from '@tanstack/db'
import { describe } from '../../shared/errors.ts'
import type { PlainData } from '../../shared/query.ts'
import { invalidQuery } from './decode-query.ts'

/** The collections of a StreamDB by name, as far as a query in the worker can use them: as sources. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a worker file does not know the rows of each application; `from` infers nothing useful from unknown
export type QueriedCollections = Readonly<Record<string, Collection<any, string>>>

/** Builds a query. It is called whenever the worker starts to run the query, and has to build the same query from the same parameters. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- TanStack DB's own type for "any query"
export type QueryFunction = (q: InitialQueryBuilder, collections: QueriedCollections, params: never) => QueryBuilder<any>

/** A function, or a function with `every`: the shortest time between two runs, ms. */
export type NamedQuery = QueryFunction | { readonly query: QueryFunction; readonly every?: number }

export type NamedQueries = Readonly<Record<string, NamedQuery>>

/** @throws SidestreamError with `INVALID_QUERY` */
export function buildNamed(named: NamedQueries, name: string, params: PlainData, collections: QueriedCollections): { readonly query: IR.QueryIR; readonly every: number | null } {
  const entry = Object.hasOwn(named, name) ? named[name]! : null
  if (entry === null) throw invalidQuery(`the worker file has no query "${name}"`)
  const { query, every } = typeof entry === 'function' ? { query: entry, every: null } : { every: null, ...entry }
  try {
    // A function may change its parameters, and is called with them again when the query runs anew.
    const built: unknown = query(new QueryBuilding(), collections, structuredClone(params) as never)
    return { query: (built as { _getQuery(): IR.QueryIR })._getQuery(), every }
  } catch (error) {
    throw invalidQuery(`"${name}" threw: ${describe(error)}`, error)
  }
}
