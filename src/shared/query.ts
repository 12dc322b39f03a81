import type { QueryData } from './query-data.ts'

/** What JSON has. */
export type PlainData = string | number | boolean | null | ReadonlyArray<PlainData> | { readonly [name: string]: PlainData }

/** A query that a tab wants: named (a function of the worker file), or inline (a query of TanStack DB as data). */
export type Query =
  | { readonly kind: 'named'; readonly name: string; readonly params: PlainData }
  | { readonly kind: 'inline'; readonly ir: QueryData }

/** A key that is equal for equal queries. Names of parameters may come in any order. */
export const queryKey = (query: Query): string =>
  JSON.stringify(query.kind === 'named' ? ['named', query.name, sorted(query.params)] : ['inline', query.ir])

function sorted(data: PlainData): PlainData {
  if (typeof data !== 'object' || data === null) return data
  if (isList(data)) return data.map(sorted)
  // Pairs, so that no name is special.
  return [Object.keys(data).sort().map((name) => [name, sorted(data[name]!)]), {}]
}

const isList = (data: object): data is ReadonlyArray<PlainData> => Array.isArray(data)
