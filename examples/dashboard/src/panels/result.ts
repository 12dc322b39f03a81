import { type Collection, createLiveQueryCollection } from '@tanstack/db'
import type { NamedQuery, NamedResultCollection, QueryParams, QuerySources } from 'sidestream'
import type { Opened } from '../db.ts'
import { queries, type Queries } from '../queries.ts'
import { place } from '../run/place.ts'

export type Name = keyof Queries
export type Params<N extends Name> = QueryParams<Queries[N]>
export type Row<N extends Name> = NamedResultCollection<Queries[N]> extends Collection<infer T, any> ? T : never

/** The result of a panel's query, run where the visitor wants it. */
export function resultOf<N extends Name>({ db }: Opened, name: N, params: Params<N>): Collection<Row<N>, string> {
  if (place === 'worker') return db.query(name, ...params) as unknown as Collection<Row<N>, string>
  const query: NamedQuery = queries[name].query
  return createLiveQueryCollection((q) => query(q, db.collections as QuerySources<any>, params[0])) as unknown as Collection<Row<N>, string>
}
