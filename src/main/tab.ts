import { fromErrorData, hookFailed, SidestreamError, toErrorData, type ErrorData } from '../shared/errors.ts'
import { PROTOCOL_VERSION, type EngineContract, type Hello, type Outcome, type ReconnectReason, type RequestValues, type TabDescription } from '../shared/calls.ts'
import { ClearedMark } from '../shared/cleared-mark.ts'
import { Gate } from '../shared/gate.ts'
import type { StreamSettings } from '../shared/settings.ts'
import type { Write } from '../shared/write.ts'
import { caughtUp } from './caught-up.ts'
import { clearSettings, type ClearOptions } from './clear-options.ts'
import { Collections } from './collections.ts'
import type { Remote, Session } from './connect.ts'
import { openInbox, type Inbox } from './inbox.ts'
import { closedError, Link, type LinkOptions } from './link.ts'
import { OnError, type Retry } from './on-error.ts'
import type { PlainOptions, StreamOptions } from './options.ts'
import { OutboxList } from './outbox-list.ts'
import { after } from './pace.ts'
import { isVisible, listenToPage } from './page-listeners.ts'
import { persistStorage } from './persist-storage.ts'
import { Preload } from './preload.ts'
import { Replica, yieldToBrowser } from './replica.ts'
import { hasFunctions, resolveValues, type RequestSettings } from './request-values.ts'
import { Status } from './status.ts'
import { StreamHooks } from './stream-hooks.ts'
import { tabLock } from './tab-lock.ts'
import { isPreloaded, isStarted, TAB_TRANSITIONS, type TabEvent, type TabPhase } from './tab-phase.ts'
import { Txids } from './txids.ts'
import { writeCalls, type WriteCalls } from './write-calls.ts'
import { Writes } from './writes.ts'

export interface TabOptions {
  readonly options: PlainOptions
  readonly streamOptions: StreamOptions
  readonly url: string
  readonly settings: StreamSettings
  /** Opens the engine; see {@link LinkOptions}. */
  readonly open: LinkOptions['open']
}

/** One StreamDB's life in a tab: it joins the link to the engine, the collections, and the pending calls. */
export class Tab {
  readonly status: Status
  readonly collections: Collections
  readonly link: Link
  readonly outbox: OutboxList
  readonly writing: WriteCalls
  readonly #options: TabOptions
  readonly #client = String(Math.random())
  readonly #txids = new Txids()
  readonly #cleared = new ClearedMark()
  readonly #preload: Preload
  readonly #onError: OnError
  readonly #replica: Replica
  readonly #hooks: StreamHooks
  readonly #inbox: Inbox
  readonly #writes: Writes
  readonly #unlisten: () => void
  #phase: TabPhase = 'idle'
  /** A call of `reconnect()` that the lost engine may not have heard. */
  #reconnect: ReconnectReason | null = null
  #request: RequestSettings
  /** Settles when the rows that a cleaned-up collection has lost are back; null while no rows are missing. */
  #lost: Gate<void> | null = null

  constructor(tab: TabOptions) {
    const { options, streamOptions, url, open } = tab
    this.#options = tab
    this.#request = { headers: streamOptions.headers, params: streamOptions.params }
    this.status = new Status(options.worker ? 'leader' : 'page')
    this.#preload = new Preload(this.status.getSnapshot, () => this.#inbox.engineIsReady || this.#onError.isOpen)
    this.#hooks = new StreamHooks(options, this.#report)
    this.#onError = new OnError({
      onError: streamOptions.onError,
      random: Math.random,
      after,
      onAnswer: this.#onAnswer,
      retry: () => {
        // A user who has signed out while onError decided does not want rows.
        if (this.#cleared.isCleared) this.#onError.close()
        else this.reconnect('online')
      },
      onStands: (failure) => {
        if (failure) this.#report(failure)
        this.#preload.observe()
      },
    })
    this.outbox = new OutboxList({
      call: (ask) => {
        this.#wake()
        return this.link.call(ask)
      },
      onRejected: options.onRejected,
      report: this.#report,
    })
    this.writing = writeCalls({
      state: options.state,
      nameOf: (collection) => this.collections.nameOf(collection),
      store: (write) => this.#store(write),
    })
    this.collections = new Collections({
      url,
      state: options.state,
      mutationFn: this.writing.mutationFn,
      isClosed: () => this.#isClosed,
      onStart: this.#onCollectionStart,
      onDemand: () => {
        this.#wake()
      },
      onCommitError: this.#onCommitError,
      send: (changes) => {
        // Without a session nothing is sent: the hello of the next session has all subsets.
        if (this.link.isActive) this.#tell((engine) => engine.subsets(changes))
      },
      onFallback: (reasons) => {
        this.status.set({ fallbacks: Object.fromEntries(reasons) })
      },
      hasNoRows: () => this.#cleared.isCleared,
    })
    this.#replica = new Replica({
      collections: this.collections.targets,
      now: () => performance.now(),
      pause: yieldToBrowser,
      onCommitError: this.#onCommitError,
      onCommitted: ({ served, stored, last }, visible) => {
        this.collections.subsets.onServed(served, visible)
        // TanStack DB may hold the rows back until the write is acknowledged: that never waits for the rows to be seen. The last
        // part of a diff may still remove rows; the inbox waits for that.
        if (!last) this.#writes.stored(stored)
      },
    })
    this.#writes = new Writes({
      link: () => this.link,
      wake: () => {
        this.#wake()
      },
    })
    this.#inbox = openInbox({
      replica: this.#replica,
      hooks: this.#hooks,
      txids: this.#txids,
      writes: this.#writes,
      cleared: this.#cleared,
      status: this.status,
      preload: this.#preload,
      onError: this.#onError,
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
        requestValues: () => this.#requestValues(),
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

  readonly awaitTxId = (txid: string, timeoutMs?: number): Promise<void> => {
    if (this.#isClosed) return Promise.reject(closedError())
    this.#wake()
    return this.#txids.wait(txid, timeoutMs)
  }

  reconnect(reason: ReconnectReason): void {
    if (this.#isClosed) return
    this.#cleared.set(false)
    this.link.call((engine) => engine.reconnect(reason)).catch((error: unknown) => {
      // The engine may have been lost before it heard of this, or there was none: the next one hears of it.
      if (toErrorData(error, 'WORKER_DIED').code !== 'CLOSED') this.#reconnect = reason
    })
  }

  async #store(write: Write): Promise<void> {
    if (this.#isClosed) throw closedError()
    await this.#writes.store(write)
    const { cache } = this.#options.options
    const mayAsk = typeof cache !== 'object' || cache.persist !== false
    if (mayAsk && this.status.getSnapshot().durable) persistStorage()
  }

  readonly clearCache = async (options: ClearOptions = {}): Promise<void> => {
    const { discardWrites } = clearSettings(options, 'clearCache')
    const outcome = await this.link.call((engine) => engine.clearCache(discardWrites))
    if (!outcome.ok) throw fromErrorData(outcome.error)
    this.#cleared.set(true)
    if (discardWrites) this.#writes.rejectAll(new SidestreamError('CLOSED', 'the write was discarded by clearCache()'))
  }

  readonly close = (): void => {
    if (this.#isClosed) return
    this.#transition('close')
    const error = closedError()
    this.#onError.close()
    this.#txids.rejectAll(error)
    this.#writes.rejectAll(error)
    this.#rejectWaiting(error)
    this.#lost = null
    this.status.set({ connection: 'closed', upToDate: false })
    this.#unlisten()
    this.link.close()
  }

  /** No rows will come: rejects the pending calls. */
  #rejectWaiting(error: SidestreamError): void {
    this.#preload.rejectAll(error)
    this.#lost?.reject(error)
    this.collections.subsets.rejectAll(error)
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

  #streamEnd(): Promise<string | null> {
    return this.link.call((engine) => engine.streamEnd()).then((outcome) => (outcome.ok ? outcome.value : null), () => null)
  }

  async #hello(): Promise<Hello> {
    return {
      version: PROTOCOL_VERSION,
      client: this.#client,
      settings: this.#options.settings,
      // With `onError` the values may change at any time.
      request: this.#options.streamOptions.onError || hasFunctions(this.#request) ? null : await resolveValues(this.#request),
      wantsEvents: this.#hooks.wantsEvents,
      wantsRejected: this.#options.options.onRejected !== undefined,
      tabLock: await tabLock(),
      tab: this.#description(),
    }
  }

  #description(): TabDescription {
    const { failovers } = this.status.getSnapshot()
    return {
      hasRows: this.#replica.hasRows,
      have: this.#replica.have,
      modes: this.collections.modes,
      subsets: this.collections.subsets.all(),
      pendingKeys: this.#replica.pendingKeys,
      visible: isVisible(),
      failovers: this.link.hasOpened ? failovers + 1 : 0,
      cleared: this.#cleared.isCleared,
    }
  }

  async #requestValues(): Promise<Outcome<RequestValues>> {
    try {
      return { ok: true, value: await resolveValues(this.#request) }
    } catch (error) {
      return { ok: false, error: toErrorData(error, 'REQUEST_VALUES') }
    }
  }

  /** The collections can be shown, but for those `filling`. */
  #show(filling: ReadonlyArray<string>): void {
    this.collections.markReady(filling)
    if (filling.length === 0) this.#preload.ready()
  }

  /** In a tab that has signed out: an engine that learns of it by the tab's hello sends nothing, so no query may wait for rows. */
  readonly #showNone = (): void => {
    if (this.#isClosed || !isStarted(this.#phase) || !this.#cleared.isCleared) return
    this.collections.subsets.onNoRows()
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

  readonly #onAnswer = ({ headers, params }: Retry): void => {
    this.#request = { headers: { ...this.#request.headers, ...headers }, params: { ...this.#request.params, ...params } }
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
    this.#writes.opened(status)
    this.#inbox.follow(epoch, status)
    if (asksForRows) void engine.start()
    if (this.#reconnect !== null) void engine.reconnect(this.#reconnect)
    this.#reconnect = null
  }

  readonly #onDown = (error: SidestreamError, final: boolean): void => {
    this.#replica.follow(null)
    this.#txids.rejectAll(error)
    this.status.set({ connection: 'offline', upToDate: false, lastError: toErrorData(error, 'WORKER_DIED') })
    if (final) {
      this.#writes.rejectAll(error)
      this.#rejectWaiting(error)
      // A later call waits for the next worker.
      this.#lost &&= new Gate()
    }
  }
}
