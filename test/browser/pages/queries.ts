import { createStreamDB, type StreamDBStatus } from 'sidestream'
import { namedQueries, querySchema } from '../../support/query-schema.ts'

/** A tab whose queries run in a worker. */
export interface QueriesPage {
  open(options: { url: string; home: 'shared' | 'dedicated' | 'stock' | 'page' }): void
  /** Opens a query, and waits for its rows. */
  delays(over: number): Promise<void>
  top(count: number): Promise<void>
  /** The rows of the queries, without what TanStack DB adds; those of `delays` by city. */
  shown(): { delays: unknown[]; top: string[] }
  /** Number of rows of the collections that the tab holds. */
  held(): { flights: number; airports: number }
  status(): StreamDBStatus
  ids(): { delays: string; top: string }
}

let db: ReturnType<typeof openDb> | undefined
let delays: { id: string; values(): Iterable<object> } | null = null
let top: { id: string; values(): Iterable<object> } | null = null

function openDb({ url, home }: Parameters<QueriesPage['open']>[0]) {
  const worker = {
    shared: () => new SharedWorker(new URL('./queries.worker.ts', import.meta.url), { type: 'module', name: 'queries' }),
    dedicated: () => new Worker(new URL('./queries.worker.ts', import.meta.url), { type: 'module' }),
    stock: () => new Worker(new URL('./stock.worker.ts', import.meta.url), { type: 'module' }),
  }
  return createStreamDB({ streamOptions: { url, contentType: 'application/json' }, state: querySchema, queries: namedQueries, ...(home === 'page' ? {} : { worker: worker[home] }) })
}

const plain = (rows: Iterable<object>): Array<Record<string, unknown>> => [...rows].map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !/^[$_]/.test(name))))

const page: QueriesPage = {
  open: (options) => {
    db = openDb(options)
  },
  delays: async (over) => {
    const query = db!.query('delays', { over })
    delays = query
    await query.preload()
  },
  top: async (count) => {
    const { flights } = db!.collections
    const query = db!.liveQuery((q) => q.from({ f: flights }).orderBy(({ f }) => f.delay, 'desc').limit(count))
    top = query
    await query.preload()
  },
  shown: () => ({
    delays: plain(delays?.values() ?? []).sort((a, b) => (String(a['city']) < String(b['city']) ? -1 : 1)),
    top: plain(top?.values() ?? []).map(({ id }) => String(id)),
  }),
  held: () => ({ flights: db!.collections.flights.size, airports: db!.collections.airports.size }),
  status: () => db!.status.getSnapshot(),
  ids: () => ({ delays: delays?.id ?? '', top: top?.id ?? '' }),
}
Object.assign(globalThis, { queries: page })
