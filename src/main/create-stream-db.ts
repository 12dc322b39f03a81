import type { DurableStream } from '@durable-streams/client'
import type { NamedQueries, NoQueries } from '../shared/named-queries.ts'
import type { StreamStateDefinition } from '../shared/state-schema.ts'
import { actionsOf } from './actions.ts'
import { assertOptions } from './check-options.ts'
import { openInPage, openWorker } from './endpoint.ts'
import type { ActionDefinition, CreateStreamDBOptions, StreamDB, StreamDBMethods, StreamDBQueries, StreamDBWithActions } from './options.ts'
import { LinkedStream, type StreamHandle } from './stream-handle.ts'
import { settingsOf } from './stream-settings.ts'
import { assertAbsolute, streamUrl } from './stream-url.ts'
import { Tab } from './tab.ts'

/**
 * Creates a StreamDB: TanStack DB collections that show a durable stream's state, kept by an engine in a worker.
 * Synchronous: the first query over a collection, or the first call (such as {@link StreamDBMethods.preload}), makes requests.
 *
 * @example
 * ```ts
 * const db = createStreamDB({
 *   streamOptions: { url, contentType: 'application/json' },
 *   state: schema,
 *   worker: () => new Worker(new URL('sidestream/worker', import.meta.url), { type: 'module' }),
 * })
 * await db.preload()
 * ```
 * @throws SidestreamError `INVALID_OPTIONS`
 */
export function createStreamDB<
  TDef extends StreamStateDefinition,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as in @durable-streams/state
  TActions extends Record<string, ActionDefinition<any>> = Record<string, never>,
  TStream extends StreamHandle = StreamHandle,
  TQueries extends NamedQueries = NoQueries,
>(
  options: CreateStreamDBOptions<TDef, TActions, TStream, TQueries>,
): TActions extends Record<string, never> ? StreamDB<TDef, TStream, TQueries> : StreamDBWithActions<TDef, TActions, TStream, TQueries> {
  assertOptions(options)
  const { state, worker, transform, send } = options
  const streamOptions = options.streamOptions ?? { url: options.stream!.url }
  const url = options.stream?.url ?? streamUrl(streamOptions.url)
  const settings = settingsOf(options, url)

  const tab = new Tab({
    options,
    streamOptions,
    url,
    settings,
    open: (bypass) => {
      assertAbsolute(settings.url)
      const opened = worker && bypass < 2 && openWorker(worker, options.sharedWorker !== false && bypass === 0)
      return opened || openInPage({ state, transform, send }, { fetch: streamOptions.fetch, stream: options.stream as DurableStream | undefined })
    },
  })

  const stream: StreamHandle = options.stream ?? new LinkedStream(url, streamOptions.contentType, tab.link)
  const { preload, close, awaitTxId, clearCache, inspect, status, outbox, write, mutationFn } = tab
  const methods: StreamDBMethods & StreamDBQueries = {
    stream,
    get offset() {
      return tab.offset
    },
    preload,
    close,
    utils: { awaitTxId },
    status,
    reconnect: () => {
      tab.reconnect('application')
    },
    clearCache,
    write,
    mutationFn,
    outbox,
    inspect,
    query: ((name: string, params?: unknown) => tab.results.query(name, params)) as StreamDBQueries['query'],
    liveQuery: ((build: Parameters<typeof tab.results.liveQuery>[0]) => tab.results.liveQuery(build)) as StreamDBQueries['liveQuery'],
  }

  const db = Object.create(null, {
    ...Object.getOwnPropertyDescriptors(methods),
    collections: { value: tab.collections.byName, enumerable: true },
  }) as object

  if (options.actions) {
    try {
      const actions = actionsOf(options.actions({ db: db as StreamDB<TDef, TStream>, stream: stream as TStream }), mutationFn)
      Object.defineProperty(db, 'actions', { value: actions, enumerable: true })
    } catch (error) {
      // The caller gets no StreamDB, and so cannot close it.
      close()
      throw error
    }
  }
  if (streamOptions.signal?.aborted) close()
  return db as ReturnType<typeof createStreamDB<TDef, TActions, TStream, TQueries>>
}
