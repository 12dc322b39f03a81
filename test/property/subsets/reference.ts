import { createCollection, createLiveQueryCollection, type Collection } from '@tanstack/db'
import { naiveFold } from '../../support/naive-fold.ts'
import { plainResult } from './plain-result.ts'
import { over, type Query, type Window } from './queries.ts'
import { SHAPES } from './schema.ts'

type Local = Collection<any, string>

/** The yardstick: plain, local, eager collections that hold the naive fold, asked anew each time. */
export class Reference {
  readonly items: Local
  readonly people: Local

  constructor(events: readonly unknown[]) {
    const fold = naiveFold(events, undefined, SHAPES)
    this.items = localCollection(Object.values(fold['items']!))
    this.people = localCollection(Object.values(fold['people']!))
  }

  async answer(query: Query, shown: Window | null): Promise<unknown[]> {
    const live = createLiveQueryCollection({ query: over(this, query, shown), gcTime: 0 })
    await live.preload()
    const rows = plainResult(live.toArray)
    await live.cleanup()
    return rows
  }

  /** Keys of the items that a query's filter lets through. */
  async matching({ where }: Query): Promise<string[]> {
    const rows = await this.answer({ form: 'items', where, orderBy: [], window: null }, null)
    return rows.map((row) => (row as { id: string }).id)
  }
}

function localCollection(rows: readonly unknown[]): Local {
  return createCollection<any, string>({
    getKey: (row) => row.id as string,
    startSync: true,
    gcTime: 0,
    sync: {
      sync: ({ begin, write, commit, markReady }) => {
        begin()
        for (const value of rows) write({ type: 'insert', value })
        void commit()
        markReady()
      },
    },
  })
}
