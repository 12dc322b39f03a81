import { fromErrorData, hookFailed, SidestreamError, toErrorData, type ErrorData } from '../shared/errors.ts'
import { PROTOCOL_VERSION, type EngineContract, type Hello, type ReconnectReason, type RequestValues, type TabDescription } from '../shared/calls.ts'
import { ClearedMark } from '../shared/cleared-mark.ts'
import { Gate } from '../shared/gate.ts'
import type { Inspection } from '../shared/inspection.ts'
import type { StreamSettings } from '../shared/settings.ts'
import type { SubsetChange } from '../shared/subset.ts'
import type { Callbacks } from './callbacks.ts'
import { caughtUp } from './caught-up.ts'
import { clearSettings, type ClearOptions } from './clear-options.ts'
import { Collections } from './collections.ts'
import type { Remote, Session } from './connect.ts'
import { openInbox, type Inbox } from './inbox.ts'
import { inspectingPart } from './inspecting-part.ts'
import { closedError, Link, type LinkOptions } from './link.ts'
import type { PlainOptions, StreamOptions } from './options.ts'
import { OutboxList } from './outbox-list.ts'
import { after } from './pace.ts'
import { isVisible, listenToPage } from './page-listeners.ts'
import { callbacksPart } from './callbacks-part.ts'
import { writingPart } from './writing-part.ts'
import { Preload } from './preload.ts'
import { Replica, yieldToBrowser } from './replica.ts'
import { ResultCollections } from './result-collections.ts'
import { SeenTxids } from './seen-txids.ts'
import { Status } from './status.ts'
import { tabLock } from './tab-lock.ts'
import { isPreloaded, isStarted, TAB_TRANSITIONS, type TabEvent, type TabPhase } from './tab-phase.ts'
import type { StreamMutationFn, WriteCalls } from './write-calls.ts'
import type { Writing } from './writing.ts'

export interface TabOptions {
  readonly options: PlainOptions
  readonly streamOptions: StreamOptions
  readonly url: string
  readonly settings: StreamSettings
  /** Opens the engine; see {@link LinkOptions}. */
  readonly open: LinkOptions['open']
}

const NO_VALUES: RequestValues = { headers: {}, params: {} }

/** One StreamDB's life in a tab: it joins the link to the engine, the collections, and the pending calls. */
export class Tab {
  readonly status: Status
  readonly collections: Collections
  readonly results: ResultCollections
  readonly link: Link
  readonly outbox: OutboxList
  readonly #options: TabOptions
  readonly #client = String(Math.random())
  /** Why what runs in the tab although it should not: of collections, and of queries. */
  readonly #fallbacks = { collections: {}, queries: {} }
  readonly #seen = new SeenTxids()
  readonly #cleared = new ClearedMark()
  readonly #preload: Preload
  readonly #replica: Replica
  readonly #inbox: Inbox
  readonly #unlisten: () => void
  #phase: TabPhase = 'idle'
  /** Null until the first session, and while the application has given no hook, `onError`, headers or params. */
  #callbacks: Callbacks | null = null
  /** The hello of the present session, or of the one that is being opened, has been made. */
  #isDescribed = false
  /** Null until the application writes. */
  #writing: Writing | null = null
  /** A call of `reconnect()` that the lost engine may not have heard. */
  #reconnect: ReconnectReason | null = null
  /** Settles when the rows that a cleaned-up collection has lost are back; null while no rows are missing. */
  #lost: Gate<void> | null = null

  constructor(tab: TabOptions) {
    const { options, streamOptions, url, open } = tab
    this.#options = tab
    this.status = new Status(options.worker ? 'leader' : 'page')
    this.#preload = new Preload(this.status.getSnapshot, () => this.#inbox.engineIsReady || (this.#callbacks?.onError.isOpen ?? false))
    this.outbox = new OutboxList({
      ask: async (...given) => (await this.#openWriting()).ask(...given),
      onRejected: options.onRejected,
      report: this.#report,
    })
    this.collections = new Collections({
      url,
      state: options.state,
      mutationFn: this.mutationFn,
      isClosed: () => this.#isClosed,
      untilClosed: (work) => this.link.untilClosed(work),
      onStart: this.#onCollectionStart,
      onDemand: () => {
        this.#wake()
      },
      onCommitError: this.#onCommitError,
      send: this.#sendSubsets,
      onFallback: (reasons) => {
        this.#onFallback('collections', reasons)
      },
      hasNoRows: () => this.#cleared.isCleared,
    })
    this.results = new ResultCollections({
      url,
      targets: this.collections.targets,
      queries: options.queries,
      collections: this.collections.byName,
      nameOf: (collection) => this.collections.nameOf(collection),
      untilClosed: (work) => this.link.untilClosed(work),
      onWanted: () => {
        this.#wake()
      },
      send: this.#sendSubsets,
      onFallback: (reasons) => {
        this.#onFallback('queries', reasons)
      },
      hasNoRows: () => this.#cleared.isCleared,
    })
    this.#replica = new Replica({
      collections: this.collections.targets,
      now: () => performance.now(),
      pause: yieldToBrowser,
      onCommitError: this.#onCommitError,
      onCommitted: ({ served, stored, last }, visible) => {
        this.collections.subsets?.onServed(served, visible)
        this.results.filled?.onServed(served)
        // TanStack DB may hold the rows back until the write is acknowledged: that never waits for the rows to be seen. The last
        // part of a diff may still remove rows; the inbox waits for that.
        if (!last) this.#writing?.writes.stored(stored)
      },
    })
    this.#inbox = openInbox({
      replica: this.#replica,
      callbacks: () => this.#callbacks,
      onTxids: (txids) => {
        this.#seen.add(txids)
        this.#writing?.txids.seen(txids)
      },
      writes: () => this.#writing && this.#writing.writes,
      cleared: this.#cleared,
      status: this.status,
      queriesOf: (queries) => this.results.filled?.byId(queries) ?? {},
      preload: this.#preload,
      isClosed: () => this.#isClosed,
      onCleared: this.#showNone,
      onApplied: () => {
        this.link.works()
      },
      onReady: (filling) => {
        this.#lost?.resolve()
        this.#lost = null
        this.#show(filling)
      },
    })
    this.link = new Link({
      open,
      hello: () => this.#hello(),
      // A plain object: it is called through a port.
      tab: {
        apply: this.#inbox.apply,
        status: this.#inbox.status,
        outbox: (news) => {
          if (!this.#isClosed) this.outbox.apply(news)
        },
        requestValues: () => this.#callbacks?.requestValues() ?? Promise.resolve({ ok: true, value: NO_VALUES }),
      },
      onSession: this.#onSession,
      onDown: this.#onDown,
    })
    this.#unlisten = listenToPage({
      onOnline: () => {
        if (!this.#cleared.isCleared) this.reconnect('online')
      },
      onVisibility: () => {
        if (this.link.hasOpened) this.#tell((engine) => engine.visible(isVisible()))
      },
      onEnd: this.close,
      signal: streamOptions.signal,
    })
  }

  /** Offset up to which the collections show the stream. */
  get offset(): string {
    return this.#replica.offset
  }

  readonly preload = async (): Promise<void> => {
    if (this.#isClosed) throw closedError()
    const ready = this.#preload.wait()
    const again = isStarted(this.#phase)
    const { isCleared } = this.#cleared
    // A tab that was not ready wants rows; a ready one stays as it is until reconnect().
    if (isCleared && !this.#preload.isReady) this.reconnect('preload')
    // The stream may have grown since a collection started it.
    const end = again && !isPreloaded(this.#phase) ? this.#streamEnd() : null
    if (end && this.#options.settings.live === false && !isCleared) this.reconnect('preload')
    if (again) this.#transition('preload')
    else this.#start('preload')
    this.collections.start(true)
    if (again && !isCleared && !this.#preload.isReady) this.reconnect('preload')
    await ready
    // After clearCache() the lost rows do not come back.
    if (!this.status.getSnapshot().cleared) await this.#lost?.promise
    // Rows from a cache are shown at once, also when the server has newer events.
    if (end && !this.status.getSnapshot().stale) await caughtUp({ status: this.status, end, after })
    if (this.#isClosed) throw closedError()
  }

  readonly awaitTxId = async (txid: string, timeoutMs?: number): Promise<void> => {
    const { txids } = await this.#openWriting()
    this.#wake()
    return txids.wait(txid, timeoutMs)
  }

  reconnect(reason: ReconnectReason): void {
    if (this.#isClosed) return
    this.#cleared.set(false)
    this.link.call((engine) => engine.reconnect(reason)).catch((error: unknown) => {
      // The engine may have been lost before it heard of this, or there was none: the next one hears of it.
      if (toErrorData(error, 'WORKER_DIED').code !== 'CLOSED') this.#reconnect = reason
    })
  }

  readonly mutationFn: StreamMutationFn = async (...given: ReadonlyArray<unknown>) => (await this.#openWriting()).calls.mutationFn(...(given as Parameters<StreamMutationFn>))

  readonly write: WriteCalls['write'] = async (...given) => (await this.#openWriting()).calls.write(...given)

  /** Calls continue in the order in which they were made. @throws SidestreamError `WORKER_START_FAILED`, `CLOSED` */
  async #openWriting(): Promise<Writing> {
    const { Writing } = await this.link.untilClosed(writingPart.load())
    if (this.#isClosed) throw closedError()
    return (this.#writing ??= new Writing({
      options: this.#options.options,
      collections: this.collections,
      link: this.link,
      status: this.status,
      seen: this.#seen,
      wake: () => {
        this.#wake()
      },
      isClosed: () => this.#isClosed,
    }))
  }

  readonly clearCache = async (options: ClearOptions = {}): Promise<void> => {
    const { discardWrites } = clearSettings(options, 'clearCache')
    const outcome = await this.link.call((engine) => engine.clearCache(discardWrites))
    if (!outcome.ok) throw fromErrorData(outcome.error)
    this.#cleared.set(true)
    if (discardWrites) this.#writing?.writes.rejectAll(new SidestreamError('CLOSED', 'the write was discarded by clearCache()'))
  }

  readonly inspect = async (): Promise<Inspection | null> => (await this.link.untilClosed(inspectingPart.load())).inspect(this.link)

  readonly close = (): void => {
    if (this.#isClosed) return
    this.#transition('close')
    const error = closedError()
    this.#callbacks?.onError.close()
    this.#writing?.rejectAll(error)
    this.#rejectWaiting(error)
    this.#lost = null
    this.status.set({ connection: 'closed', upToDate: false })
    this.#unlisten()
    this.results.filled?.close()
    this.link.close()
  }

  /** No rows will come: rejects the pending calls. */
  #rejectWaiting(error: SidestreamError): void {
    this.#preload.rejectAll(error)
    this.#lost?.reject(error)
    this.collections.subsets?.rejectAll(error)
  }

  get #isClosed(): boolean {
    return this.#phase === 'closed'
  }

  #transition(event: TabEvent): void {
    this.#phase = TAB_TRANSITIONS[this.#phase][event]
  }

  #start(event: 'start' | 'preload'): void {
    if (this.#isClosed) return
    this.#transition(event)
    // The engine sends the rows of all collections now, and once: a collection without a query has to take its rows too.
    this.collections.start(false)
    this.#tell((engine) => engine.start())
  }

  /** A caller asks for rows. When the link is down, opens another worker; if that worker fails too, the pending calls reject. */
  #wake(): void {
    if (!isStarted(this.#phase)) this.#start('start')
    else if (this.link.isDown) this.link.session().catch(() => undefined)
  }

  /** Calls the engine and ignores the outcome: a failure is shown in the status, and rejects the pending calls. */
  #tell(call: (engine: Remote<EngineContract>) => Promise<unknown>): void {
    this.link.call(call).catch(() => undefined)
  }

  readonly #sendSubsets = (changes: ReadonlyArray<SubsetChange>): void => {
    // Before the hello nothing is sent, because the hello has all subsets: what is sent before it would arrive after it.
    if (this.#isDescribed) this.#tell((engine) => engine.subsets(changes))
  }

  #onFallback(of: 'collections' | 'queries', reasons: ReadonlyMap<string, string>): void {
    this.#fallbacks[of] = Object.fromEntries(reasons)
    this.status.set({ fallbacks: { ...this.#fallbacks.collections, ...this.#fallbacks.queries } })
  }

  #streamEnd(): Promise<string | null> {
    return this.link.call((engine) => engine.streamEnd()).then((outcome) => (outcome.ok ? outcome.value : null), () => null)
  }

  async #hello(): Promise<Hello> {
    return {
      version: PROTOCOL_VERSION,
      client: this.#client,
      settings: this.#options.settings,
      request: await this.#request(),
      wantsEvents: this.#callbacks?.hooks.wantsEvents ?? false,
      wantsRejected: this.#options.options.onRejected !== undefined,
      tabLock: await tabLock(),
      tab: this.#description(),
    }
  }

  #description(): TabDescription {
    const { failovers } = this.status.getSnapshot()
    this.#isDescribed = true
    return {
      hasRows: this.#replica.hasRows,
      have: this.#replica.have,
      modes: this.collections.modes,
      subsets: [...(this.collections.subsets?.all() ?? []), ...(this.results.filled?.all() ?? [])],
      pendingKeys: this.#replica.pendingKeys,
      visible: isVisible(),
      failovers: this.link.hasOpened ? failovers + 1 : 0,
      cleared: this.#cleared.isCleared,
    }
  }

  /** Before the first session: an engine may ask for headers at once, and calls hooks with its first batch. */
  async #request(): Promise<RequestValues | null> {
    const { options, streamOptions } = this.#options
    const { onEvent, onBeforeBatch, onBatch, onInvalid } = options
    const { headers, params, onError } = streamOptions
    if (!(headers ?? params ?? onError ?? onEvent ?? onBeforeBatch ?? onBatch ?? onInvalid)) return NO_VALUES
    const { Callbacks } = await this.link.untilClosed(callbacksPart.load())
    this.#callbacks ??= new Callbacks({
      options,
      streamOptions,
      report: this.#report,
      cleared: this.#cleared,
      preload: this.#preload,
      reconnect: () => {
        this.reconnect('online')
      },
    })
    return this.#callbacks.request()
  }

  /** The collections can be shown, but for those `filling`. */
  #show(filling: ReadonlyArray<string>): void {
    this.collections.markReady(filling)
    if (filling.length === 0) this.#preload.ready()
  }

  /** In a tab that has signed out: an engine that learns of it by the tab's hello sends nothing, so no query may wait for rows. */
  readonly #showNone = (): void => {
    if (this.#isClosed || !isStarted(this.#phase) || !this.#cleared.isCleared) return
    this.collections.subsets?.onNoRows()
    this.results.filled?.onNoRows()
    if (this.#preload.isReady) return
    this.#show([])
    this.status.set({ ready: this.#preload.isReady })
  }

  readonly #report = (error: ErrorData): void => {
    this.status.set({ lastError: error })
  }

  readonly #onCommitError = (error: unknown): void => {
    this.#report(hookFailed('a live query or subscriber', error))
  }

  /** A collection wants rows: because a query uses it, because of preload(), or after it was cleaned up. */
  readonly #onCollectionStart = (again: boolean): void => {
    if (again && !this.#isClosed) {
      this.#replica.lost()
      this.#lost ??= new Gate()
      this.#tell((engine) => engine.resync())
    }
    this.#wake()
    queueMicrotask(this.#showNone)
    // While lost rows are missing, the collection is not shown: it would look empty for a moment. After clearCache() the rows do
    // not come back.
    if (this.#preload.isReady && (!this.#lost || this.status.getSnapshot().cleared)) {
      queueMicrotask(() => {
        this.#show([])
      })
    }
  }

  readonly #onSession = ({ epoch, status, engine }: Session): void => {
    // Read first, because a listener of the status (called next) may close or start the tab.
    const asksForRows = isStarted(this.#phase)
    // They are sent after what is called here: the session is not handed out yet.
    this.#writing?.writes.opened(status)
    this.#inbox.follow(epoch, status)
    if (asksForRows) void engine.start()
    if (this.#reconnect !== null) void engine.reconnect(this.#reconnect)
    this.#reconnect = null
  }

  readonly #onDown = (error: SidestreamError, final: boolean): void => {
    this.#replica.follow(null)
    this.#isDescribed = false
    this.#writing?.txids.rejectAll(error)
    this.status.set({ connection: 'offline', upToDate: false, lastError: toErrorData(error, 'WORKER_DIED') })
    if (final) {
      this.#writing?.writes.rejectAll(error)
      this.#rejectWaiting(error)
      // A later call waits for the next worker.
      this.#lost &&= new Gate()
    }
  }
}
