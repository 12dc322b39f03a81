import type { DurableStream } from '@durable-streams/client'
import { fromErrorData, hookFailed, toErrorData } from '../shared/errors.ts'
import type { Ack, DiffBatch } from '../shared/batch.ts'
import { PROTOCOL_VERSION, type Hello, type Outcome, type ReconnectReason, type RequestValues } from '../shared/calls.ts'
import { Gate } from '../shared/gate.ts'
import type { StreamStateDefinition } from '../shared/state-schema.ts'
import { statusAfter, type EngineStatus } from '../shared/status.ts'
import { actionsOf } from './actions.ts'
import { caughtUp } from './caught-up.ts'
import { Collections } from './collections.ts'
import { openInPage, openWorker } from './endpoint.ts'
import { closedError, Link } from './link.ts'
import { OnError } from './on-error.ts'
import { assertOptions } from './check-options.ts'
import type { ActionDefinition, CreateStreamDBOptions, StreamDB, StreamDBMethods, StreamDBWithActions } from './options.ts'
import { after, idleTurn, nextTurn } from './pace.ts'
import { isVisible, listenToPage } from './page-listeners.ts'
import { Preload } from './preload.ts'
import { Replica, yieldToBrowser } from './replica.ts'
import { hasFunctions, resolveValues, type RequestSettings } from './request-values.ts'
import { Status } from './status.ts'
import { LinkedStream, type StreamHandle } from './stream-handle.ts'
import { StreamHooks } from './stream-hooks.ts'
import { settingsOf } from './stream-settings.ts'
import { assertAbsolute, streamUrl } from './stream-url.ts'
import { tabLock } from './tab-lock.ts'
import { Txids } from './txids.ts'

/**
 * Creates a StreamDB: TanStack DB collections that show a durable stream's state, kept by an engine in a worker.
 * Synchronous; nothing is asked of the server before {@link StreamDBMethods.preload} or a query over a collection.
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
>(
  options: CreateStreamDBOptions<TDef, TActions, TStream>,
): TActions extends Record<string, never> ? StreamDB<TDef, TStream> : StreamDBWithActions<TDef, TActions, TStream> {
  assertOptions(options)
  const { state, worker } = options
  const streamOptions = options.streamOptions ?? { url: options.stream!.url }
  const url = options.stream?.url ?? streamUrl(streamOptions.url)

  const status = new Status(worker ? 'leader' : 'page')
  let engineIsReady = false
  const preload = new Preload(status.getSnapshot, () => engineIsReady || onError.isOpen)
  const txids = new Txids()
  const report = (error: Parameters<typeof fromErrorData>[0]): void => {
    status.set({ lastError: error })
  }
  const hooks = new StreamHooks(options, report)
  let request: RequestSettings = { headers: streamOptions.headers, params: streamOptions.params }
  const onError = new OnError({
    onError: streamOptions.onError,
    random: Math.random,
    after,
    onAnswer: ({ headers, params }) => {
      request = { headers: { ...request.headers, ...headers }, params: { ...request.params, ...params } }
    },
    retry: () => {
      reconnect('online')
    },
    onStands: (failure) => {
      if (failure) report(failure)
      preload.observe()
    },
  })
  let closed = false
  let started = false
  let isPreloaded = false
  /** The engine before was cleared: this one is not asked for rows before the application says so. */
  let held = false
  /** Settles when rows are back that a collection has lost; null while none are lacking. */
  let lost: Gate<void> | null = null
  const client = String(Math.random())

  const onSubscriberError = (error: unknown): void => {
    report(hookFailed('a live query or subscriber', error))
  }
  const collections = new Collections({
    url,
    state,
    isClosed: () => closed,
    onStart: (again) => {
      onCollectionStart(again)
    },
    onDemand: () => {
      wake()
    },
    onSubscriberError,
    send: (changes) => {
      // Where no session is being opened yet, its hello is going to say it all.
      if (link.isActive) link.call((engine) => engine.subsets(changes)).catch(() => undefined)
    },
    onFallback: (reasons) => {
      status.set({ fallbacks: Object.fromEntries(reasons) })
    },
  })

  const replica = new Replica({
    collections: collections.targets,
    now: () => performance.now(),
    pause: yieldToBrowser,
    onCommitError: onSubscriberError,
    onCommitted: ({ served }, visible) => {
      collections.subsets.onServed(served, visible)
    },
  })

  const onReady = (filling: ReadonlyArray<string> = []): void => {
    collections.markReady(filling)
    if (filling.length === 0) preload.ready()
  }

  let lastFailures = 0
  let lastOffset: string | null = null
  const onStatus = (engine: EngineStatus): void => {
    if (closed) return
    // The engine is ahead of this tab while rows are under way: the offset shown is the tab's.
    engineIsReady = engine.ready
    status.set({ ...statusAfter(engine, status.getSnapshot(), held), offset: replica.offset, ready: preload.isReady })
    const isRefused = engine.failedAttempts > lastFailures && engine.lastError?.code !== 'OFFLINE'
    lastFailures = engine.failedAttempts
    // Before whoever waits is told: onError may mend it.
    if (isRefused && engine.lastError) onError.refused(engine.lastError)
    if (engine.offset !== lastOffset || engine.upToDate) onError.progress()
    lastOffset = engine.offset
    preload.observe()
  }

  const apply = async (batch: DiffBatch): Promise<Ack> => {
    if (closed || !replica.continues(batch)) return 'resync'
    hooks.before(batch)
    const wasReady = preload.isReady
    const began = performance.now()
    const ack = await replica.apply(batch).catch((error: unknown) => {
      hooks.refused(batch)
      throw error
    })
    const tookMs = performance.now() - began
    if (ack !== 'applied') hooks.refused(batch)
    if (ack !== 'applied' || closed) return ack
    link.thrives()
    if (batch.last) {
      if (batch.ready) {
        lost?.resolve()
        lost = null
        onReady(batch.filling)
      }
      status.set({ ...(batch.status && statusAfter(batch.status, status.getSnapshot(), held)), offset: replica.offset, ready: preload.isReady, stale: batch.stale && batch.ready })
      txids.seen(batch.txids)
    } else if (batch.stale) {
      status.set({ stale: true })
    }
    hooks.after(batch)
    preload.observe()
    // What follows the first load corrects it: that does not wait for the page to have rested.
    if (batch.last) await (batch.isFill ? idleTurn() : nextTurn(wasReady ? tookMs : 0))
    return ack
  }

  const settings = settingsOf(options, url)
  const link = new Link({
    open: (bypass) => {
      assertAbsolute(settings.url)
      const opened = worker && bypass < 2 && openWorker(worker, options.sharedWorker !== false && bypass === 0)
      return opened || openInPage({ state, transform: options.transform }, { fetch: streamOptions.fetch, stream: options.stream as DurableStream | undefined })
    },
    hello: async (): Promise<Hello> => ({
      version: PROTOCOL_VERSION,
      client,
      settings,
      // With onError they may change at any time.
      request: streamOptions.onError || hasFunctions(request) ? null : await resolveValues(request),
      wantsEvents: hooks.wantsEvents,
      hasRows: replica.hasRows,
      have: replica.have,
      modes: collections.modes,
      subsets: collections.subsets.all(),
      tabLock: await tabLock(),
      failovers: link.hasOpened ? status.getSnapshot().failovers + 1 : 0,
      visible: isVisible(),
    }),
    tab: {
      apply,
      status: onStatus,
      requestValues: async (): Promise<Outcome<RequestValues>> => {
        try {
          return { ok: true, value: await resolveValues(request) }
        } catch (error) {
          return { ok: false, error: toErrorData(error, 'REQUEST_VALUES') }
        }
      },
    },
    onSession: (session) => {
      replica.follow(session.epoch)
      hooks.follow()
      lastFailures = session.status.failedAttempts
      onStatus(session.status)
      if (started && !held) void session.engine.start()
    },
    onDown: (error, final) => {
      // Before the next engine can tell its own.
      held = status.getSnapshot().cleared
      replica.follow(null)
      txids.rejectAll(error)
      status.set({ connection: 'offline', upToDate: false, lastError: toErrorData(error, 'WORKER_DIED') })
      if (final) {
        preload.rejectAll(error)
        // Who asks after that waits for another worker.
        lost?.reject(error)
        lost &&= new Gate()
        collections.subsets.rejectAll(error)
      }
    },
  })

  const start = (): void => {
    if (closed) return
    started = true
    // The rows of all of them are going to come now, and once: those that nobody looks at yet have to take theirs too.
    collections.start(false)
    // A failure is in the status, and rejects whoever waits.
    link.call((engine) => engine.start()).catch(() => undefined)
  }

  const streamEnd = (): Promise<string | null> =>
    link.call((engine) => engine.streamEnd()).then((outcome) => (outcome.ok ? outcome.value : null), () => null)

  /** Rows are asked for. After the last worker has failed, that is a reason to make another one: its failure rejects who waits. */
  const wake = (): void => {
    if (!started) start()
    else if (link.isDown && !closed) link.session().catch(() => undefined)
  }

  const reconnect = (reason: ReconnectReason): void => {
    if (held) start()
    held = false
    if (!closed) link.call((engine) => engine.reconnect(reason)).catch(() => undefined)
  }

  const onOnline = (): void => {
    if (!status.getSnapshot().cleared) reconnect('online')
  }

  const onVisibility = (): void => {
    if (link.hasOpened) link.call((engine) => engine.visible(isVisible())).catch(() => undefined)
  }

  /** A collection wants rows: because a query uses it, because of preload(), or after it was cleaned up. */
  const onCollectionStart = (again: boolean): void => {
    if (again && !closed) {
      replica.lost()
      lost ??= new Gate()
      link.call((engine) => engine.resync()).catch(() => undefined)
    }
    wake()
    // Without the rows that are to come it would be empty for a moment, and a list would say that there is nothing. After
    // clearCache() in a former engine none are to come.
    if (preload.isReady && (!lost || held)) queueMicrotask(onReady)
  }

  const stream: StreamHandle = options.stream ?? new LinkedStream(url, streamOptions.contentType, link)
  const close = (): void => {
    if (closed) return
    closed = true
    const error = closedError()
    onError.close()
    txids.rejectAll(error)
    preload.rejectAll(error)
    lost?.reject(error)
    lost = null
    collections.subsets.rejectAll(error)
    status.set({ connection: 'closed', upToDate: false })
    unlisten()
    link.close()
  }
  const unlisten = listenToPage({ onOnline, onVisibility, onEnd: close, signal: streamOptions.signal })

  const methods: StreamDBMethods = {
    stream,
    get offset() {
      return replica.offset
    },
    preload: async () => {
      if (closed) throw closedError()
      const ready = preload.wait()
      const again = started
      // The stream may have grown since a collection started it.
      const end = again && !isPreloaded ? streamEnd() : null
      if (end && options.live === false) reconnect('preload')
      isPreloaded = true
      collections.start(true)
      if (!started) start()
      else if (again && !preload.isReady) reconnect('preload')
      await ready
      if (!held) await lost?.promise
      // Rows from a cache are shown at once, whatever the server may know.
      if (end && !status.getSnapshot().stale) await caughtUp({ status, end, after })
      if (closed) throw closedError()
    },
    close,
    utils: {
      awaitTxId: (txid, timeout) => {
        if (closed) return Promise.reject(closedError())
        wake()
        return txids.wait(txid, timeout)
      },
    },
    status,
    reconnect: () => {
      reconnect('application')
    },
    clearCache: async () => {
      const outcome = await link.call((engine) => engine.clearCache())
      if (!outcome.ok) throw fromErrorData(outcome.error)
    },
  }

  const db = Object.create(null, {
    ...Object.getOwnPropertyDescriptors(methods),
    collections: { value: collections.byName, enumerable: true },
  }) as object

  if (options.actions) {
    try {
      const actions = actionsOf(options.actions({ db: db as StreamDB<TDef, TStream>, stream: stream as TStream }))
      Object.defineProperty(db, 'actions', { value: actions, enumerable: true })
    } catch (error) {
      // Nobody else could: the caller gets no StreamDB.
      close()
      throw error
    }
  }
  if (streamOptions.signal?.aborted) close()
  return db as ReturnType<typeof createStreamDB<TDef, TActions, TStream>>
}
