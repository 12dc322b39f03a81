import { createStreamDB, SidestreamError, type CreateStreamDBOptions, type InvalidEvent, type StreamDBStatus } from 'sidestream'
import { plainRows, type PlainRows } from '../../support/naive-fold.ts'
import { schema } from '../../support/schema.ts'

export interface OpenOptions {
  readonly url: string
  /** `app` validates in the worker, `stock` does not, `page` has no worker. */
  readonly home?: 'app' | 'stock' | 'page'
  readonly live?: boolean | 'sse' | 'long-poll'
  readonly scope?: string
  readonly cache?: CreateStreamDBOptions['cache']
  /** Sent as bearer token; `window.token` by default, asked at each request. */
  readonly auth?: boolean
  /** Leaves out a collection, or changes a type or primary key. */
  readonly state?: 'without-items' | 'items-by-n' | 'items-of-other-type'
}

export type Outcome = { ok: true } | { ok: false; code: string; message: string }

const STATES = {
  'without-items': { users: schema.users },
  'items-by-n': { users: schema.users, items: { ...schema.items, primaryKey: 'n' } },
  'items-of-other-type': { users: schema.users, items: { ...schema.items, type: 'thing' } },
}

let db: ReturnType<typeof createStreamDB<typeof schema>> | undefined
let worker: Worker | undefined
const invalid: InvalidEvent[] = []
let token = 'first'
let tokensAsked = 0

function open(options: OpenOptions): void {
  const { url, home = 'stock', live, scope, cache, auth } = options
  const makers = {
    app: () => (worker = new Worker(new URL('./app.worker.ts', import.meta.url), { type: 'module' })),
    stock: () => (worker = new Worker(new URL('./stock.worker.ts', import.meta.url), { type: 'module' })),
  }
  const authorize = (): string => {
    tokensAsked += 1
    return `Bearer ${token}`
  }
  db = createStreamDB({
    streamOptions: {
      url,
      contentType: 'application/json',
      backoffOptions: { initialDelay: 20, maxDelay: 100, multiplier: 1.5 },
      ...(auth ? { headers: { Authorization: authorize } } : {}),
    },
    state: (options.state ? STATES[options.state] : schema) as typeof schema,
    onInvalid: (report) => invalid.push(report),
    ...(home === 'page' ? {} : { worker: makers[home] }),
    ...(live === undefined ? {} : { live }),
    ...(scope === undefined ? {} : { scope }),
    ...(cache === undefined ? {} : { cache }),
  })
}

const outcome = async (work: Promise<unknown>): Promise<Outcome> => {
  try {
    await work
    return { ok: true }
  } catch (error) {
    const { code, message } = error as SidestreamError
    return { ok: false, code, message }
  }
}

const rows = (): PlainRows => plainRows(Object.entries(db!.collections).map(([name, collection]) => [name, collection.entries()] as const))

/** Settles when the status satisfies a predicate, given as source: it comes from another process. */
function until(predicate: string): Promise<StreamDBStatus> {
  const holds = new Function('status', 'rows', `return ${predicate}`) as (status: StreamDBStatus, rows: () => PlainRows) => boolean
  return new Promise((resolve) => {
    const check = (): void => {
      const status = db!.status.getSnapshot()
      if (!holds(status, rows)) return
      unsubscribe()
      resolve(status)
    }
    const unsubscribe = db!.status.subscribe(check)
    check()
  })
}

const app = {
  open,
  preload: () => outcome(db!.preload()),
  rows,
  status: () => db!.status.getSnapshot(),
  until,
  invalid: () => invalid,
  append: (event: unknown) => outcome(db!.stream.append(JSON.stringify(event))),
  awaitTxId: (txid: string, timeout?: number) => outcome(db!.utils.awaitTxId(txid, timeout)),
  reconnect: () => { db!.reconnect() },
  clearCache: () => outcome(db!.clearCache()),
  close: () => { db!.close() },
  killWorker: () => { worker!.terminate() },
  setToken: (value: string) => { token = value },
  tokensAsked: () => tokensAsked,
  databases: async () => (await indexedDB.databases()).map(({ name }) => name ?? ''),
}

export type App = typeof app
declare global {
  interface Window {
    app: App
  }
}
window.app = app
