import type { SidestreamError} from 'sidestream';
import { createStreamDB, deleteCaches, listCaches, type CreateStreamDBOptions, type InvalidEvent, type StreamDBStatus, type WorkerContext } from 'sidestream'
import { plainRows, type PlainRows } from '../../support/naive-fold.ts'
import { schema } from '../../support/schema.ts'
import { breakStorage, type BrokenStorage } from './broken-storage.ts'

export interface OpenOptions {
  readonly url: string
  /**
   * `app` validates in the worker, `transform` changes events there as well, `stock` does neither, `page` has no worker; `absent` and `silent` never become one.
   * `dedicated` and `shared` are stock workers that tell how many sessions they keep; `always-shared` does as `shared`, also
   * when it is asked not to.
   */
  readonly home?: 'app' | 'transform' | 'stock' | 'page' | 'absent' | 'silent' | 'dedicated' | 'shared' | 'always-shared'
  readonly sharedWorker?: boolean
  readonly pauseWhenHidden?: number
  /** Pauses between requests as they are without options; short ones otherwise. */
  readonly pace?: 'default'
  readonly silenceTimeoutMs?: number
  readonly live?: boolean | 'sse' | 'long-poll'
  readonly scope?: string
  readonly cache?: CreateStreamDBOptions['cache']
  /** Sent as bearer token; `window.token` by default, asked at each request. */
  readonly auth?: boolean
  /** Leaves out a collection, or changes a type or primary key. */
  readonly state?: 'without-items' | 'items-by-n' | 'items-of-other-type'
  /** What IndexedDB does where the engine runs. */
  readonly storage?: BrokenStorage
  /** Hooks that note their calls, and that then throw. */
  readonly hooks?: 'note' | 'throw'
  /** What is done about a refusal: it is noted, and then the token is renewed as `good`. */
  readonly onError?: 'note' | 'renew'
}

export type Outcome = { ok: true } | { ok: false; code: string; message: string; retryable: boolean }

const STATES = {
  'without-items': { users: schema.users },
  'items-by-n': { users: schema.users, items: { ...schema.items, primaryKey: 'n' } },
  'items-of-other-type': { users: schema.users, items: { ...schema.items, type: 'thing' } },
}

type Actions = { rename: { onMutate: (value: { id: string; name: string }) => void; mutationFn: (value: { id: string; name: string }) => Promise<void> } }
let db: ReturnType<typeof createStreamDB<typeof schema, Actions>> | undefined
let worker: Worker | SharedWorker | undefined
const invalid: InvalidEvent[] = []
let token = 'first'
let tokensAsked = 0
let answersTokens: 'always' | 'never' | 'by-throwing' = 'always'
const hookCalls: string[] = []
const refusals: Array<{ code: string; status: number | undefined }> = []

/** Makes the worker; the last one is the one to kill. */
function makerOf({ home = 'stock', storage }: OpenOptions): ((context: WorkerContext) => Worker | SharedWorker) | null {
  const dedicated = (): Worker => new Worker(new URL('./sessions.worker.ts', import.meta.url), { type: 'module' })
  const shared = (): SharedWorker => new SharedWorker(new URL('./sessions.worker.ts', import.meta.url), { type: 'module', name: 'sessions' })
  const make = {
    dedicated,
    shared: (context: WorkerContext) => (context.shared ? shared() : dedicated()),
    'always-shared': shared,
    app: () => new Worker(new URL('./app.worker.ts', import.meta.url), { type: 'module' }),
    transform: () => new Worker(new URL('./transform.worker.ts', import.meta.url), { type: 'module' }),
    stock: () => new Worker(new URL('./stock.worker.ts', import.meta.url), { type: 'module' }),
    absent: () => new Worker('/there/is/no/such/script.js', { type: 'module' }),
    silent: () => new Worker('data:text/javascript,', { type: 'module' }),
    missing: () => new Worker(new URL('./broken-storage.worker.ts', import.meta.url), { type: 'module', name: 'missing' }),
    refusing: () => new Worker(new URL('./broken-storage.worker.ts', import.meta.url), { type: 'module', name: 'refusing' }),
    hanging: () => new Worker(new URL('./broken-storage.worker.ts', import.meta.url), { type: 'module', name: 'hanging' }),
  }
  return home === 'page' ? null : (context) => (worker = make[storage ?? home](context))
}

function hooksOf(hooks: OpenOptions['hooks']): Pick<CreateStreamDBOptions, 'onEvent' | 'onBeforeBatch' | 'onBatch'> {
  if (hooks === undefined) return {}
  const note = (call: string): void => {
    hookCalls.push(`${call} rows=${String(Object.values(rows()).reduce((sum, of) => sum + Object.keys(of).length, 0))}`)
    if (hooks === 'throw') throw new Error(`thrown by ${call}`)
  }
  return {
    onBeforeBatch: ({ items }) => { note(`before ${String(items.length)}`) },
    onEvent: ({ key }) => { note(`event ${key}`) },
    onBatch: ({ items }) => { note(`batch ${String(items.length)}`) },
  }
}

function open(options: OpenOptions): void {
  const { url, home, live, scope, cache, auth, storage, hooks, sharedWorker, pauseWhenHidden, silenceTimeoutMs, pace, onError } = options
  if (home === 'page' && storage) breakStorage(storage)
  const maker = makerOf(options)
  const authorize = (): string | Promise<string> => {
    tokensAsked += 1
    if (answersTokens === 'never') return new Promise(() => undefined)
    if (answersTokens === 'by-throwing') throw new Error('no token to be had')
    return `Bearer ${token}`
  }
  const noteRefusal = (error: Error): { headers: Record<string, string> } | undefined => {
    const { code, status } = error as SidestreamError
    refusals.push({ code, status })
    return onError === 'renew' ? { headers: { Authorization: 'Bearer good' } } : undefined
  }
  db = createStreamDB({
    streamOptions: {
      url,
      contentType: 'application/json',
      ...(pace === 'default' ? {} : { backoffOptions: { initialDelay: 20, maxDelay: 100, multiplier: 1.5 } }),
      ...(auth ? { headers: { Authorization: authorize } } : {}),
      ...(onError ? { onError: noteRefusal } : {}),
    },
    state: (options.state ? STATES[options.state] : schema) as typeof schema,
    onInvalid: (report) => invalid.push(report),
    ...hooksOf(hooks),
    ...(maker === null ? {} : { worker: maker }),
    ...(live === undefined ? {} : { live }),
    ...(scope === undefined ? {} : { scope }),
    ...(cache === undefined ? {} : { cache }),
    ...(sharedWorker === undefined ? {} : { sharedWorker }),
    ...(pauseWhenHidden === undefined ? {} : { pauseWhenHidden }),
    ...(silenceTimeoutMs === undefined ? {} : { silenceTimeoutMs }),
    actions: ({ db: own, stream }) => ({
      rename: {
        onMutate: ({ id, name }: { id: string; name: string }) => {
          own.collections.users.update(id, (draft) => { draft.name = name })
        },
        mutationFn: async (value: { id: string; name: string }) => {
          const txid = crypto.randomUUID()
          await stream.append(JSON.stringify(schema.users.update({ value, headers: { txid } })))
          await own.utils.awaitTxId(txid)
        },
      },
    }),
  })
}

const outcome = async (work: Promise<unknown>): Promise<Outcome> => {
  try {
    await work
    return { ok: true }
  } catch (error) {
    const { code, message, retryable } = error as SidestreamError
    return { ok: false, code, message, retryable }
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

const observations: string[] = []

/** Notes, from now on, every state of the rows that somebody who looks after each task could see, once they are ready. */
function observe(): void {
  const { users, items } = db!.collections
  const note = (): void => {
    if (!users.isReady() || !items.isReady()) return
    const seen = JSON.stringify(rows())
    if (seen !== observations.at(-1)) observations.push(seen)
  }
  // All collections commit in the same task, one after the other.
  users.subscribeChanges(() => { queueMicrotask(note) })
  items.subscribeChanges(() => { queueMicrotask(note) })
  db!.status.subscribe(() => { queueMicrotask(note) })
  note()
}

export interface Change {
  readonly type: string
  readonly key: string
  /** Wall clock: the same for all tabs, and for the test. */
  readonly at: number
}

const changes: Change[] = []

/** Notes, from now on, every change of a row. */
function noteChanges(): void {
  const note = (news: ReadonlyArray<{ type: string; key: unknown }>): void => {
    for (const { type, key } of news) changes.push({ type, key: String(key), at: Date.now() })
  }
  db!.collections.users.subscribeChanges(note)
  db!.collections.items.subscribeChanges(note)
}

/** As when the tab goes to the background, or comes back; the browser that is driven shows all of its tabs. */
function show(visible: boolean): void {
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => (visible ? 'visible' : 'hidden') })
  document.dispatchEvent(new Event('visibilitychange'))
}

async function rename(id: string, name: string): Promise<{ optimistic: PlainRows; outcome: Outcome }> {
  const transaction = db!.actions.rename({ id, name })
  return { optimistic: rows(), outcome: await outcome(transaction.isPersisted.promise) }
}

const app = {
  open,
  observe,
  observations: () => observations,
  noteChanges,
  changes: () => changes,
  show,
  rename,
  hookCalls: () => hookCalls,
  refusals: () => refusals,
  answerTokens: (how: typeof answersTokens) => { answersTokens = how },
  /** As text, in which `__proto__` is a name as any other. */
  rowsText: () => JSON.stringify(rows()),
  preload: () => outcome(db!.preload()),
  /** As preload, for what may take for ever. */
  begin: () => { void outcome(db!.preload()) },
  rows,
  status: () => db!.status.getSnapshot(),
  until,
  invalid: () => invalid,
  append: (event: unknown) => outcome(db!.stream.append(JSON.stringify(event))),
  /** Of a signal that aborts while the call waits, or that has aborted before. */
  appendAborted: (event: unknown, when: 'before' | 'meanwhile') => {
    const gone = new AbortController()
    if (when === 'before') gone.abort(new Error('given up'))
    const work = outcome(db!.stream.append(JSON.stringify(event), { signal: gone.signal }))
    gone.abort(new Error('given up'))
    return work
  },
  awaitTxId: (txid: string, timeout?: number) => outcome(db!.utils.awaitTxId(txid, timeout)),
  reconnect: () => { db!.reconnect() },
  clearCache: () => outcome(db!.clearCache()),
  scopes: async () => (await listCaches()).map(({ scope }) => scope).sort(),
  deleteCaches: (scope?: string) => outcome(deleteCaches((cache) => scope === undefined || cache.scope === scope)),
  close: () => { db!.close() },
  killWorker: () => { (worker as Worker).terminate() },
  setToken: (value: string) => { token = value },
  tokensAsked: () => tokensAsked,
  /** Those of caches. */
  databases: async () => (await indexedDB.databases()).map(({ name }) => name ?? '').filter((name) => name !== 'sidestream:caches'),
}

export type App = typeof app
declare global {
  interface Window {
    app: App
  }
}
window.app = app
