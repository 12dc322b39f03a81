import { describe, SidestreamError, toErrorData, type ErrorData } from '../shared/errors.ts'
import { START_OFFSET, type Outcome, type RequestValues, type AppendSettings, type StreamBatch, type StreamSettings } from '../shared/protocol.ts'
import { RowDiff } from '../shared/row-diff.ts'
import { INITIAL_ENGINE_STATUS, type EngineStatus } from '../shared/status.ts'
import { Cache, type CacheReport, type Hydrating } from './cache.ts'
import { AnchorCheck, anchorOf, type Anchor } from './core/anchor.ts'
import { nextConnection, retryDelayMs, type ConnectionEvent } from './core/connection.ts'
import { countRows, diffStates, emptyState, materialize, type Rules, type State, type Validator } from './core/materialize.ts'
import type { EngineEnv } from './env.ts'
import { SourceError, type StreamSource } from './stream/source.ts'
import { TabSession, type Publication, type Readiness, type TabLink } from './tabs/tab-session.ts'

/** Transaction ids that are remembered for tabs that ask after the fact, and across restarts. */
const REMEMBERED_TXIDS = 1024
/** Status changes are gathered for this long, ms; a change of the connection is told at once. */
const STATUS_DELAY_MS = 30

export interface EngineOptions {
  readonly env: EngineEnv
  readonly settings: StreamSettings
  /** Collection name → validator; empty where the engine knows no schema. */
  readonly validators: ReadonlyMap<string, Validator>
}

/** What a tab needs when it joins. */
export interface Joining {
  readonly link: TabLink
  readonly wantsEvents: boolean
  readonly hasRows: boolean
  /** The tab's request values; rejects when the tab is gone. */
  request(): Promise<RequestValues>
}

/** A tab's place in an engine. */
export interface Membership {
  /** The tab needs all rows again. */
  resync(): void
  leave(): void
}

interface Member {
  readonly session: TabSession
  readonly joining: Joining
}

/**
 * One stream's engine, for any number of tabs. The order of work:
 *
 *   hydrate from the cache → hand every tab the state → connect at the stored offset → for each batch:
 *   materialize → publish the row diff to the tabs → let the cache store it, off this path
 *
 * When the stream turns out not to be the one that the state was read from (deleted, made again, offset unknown), it is
 * read from its start into a second state while tabs keep what they have, and then replaced in one diff.
 */
export class Engine {
  /** New for each engine that ever ran: tabs notice by it that theirs was replaced. */
  readonly epoch: string
  readonly #env: EngineEnv
  readonly #settings: StreamSettings
  readonly #rules: Rules
  readonly #source: StreamSource
  readonly #cache: Cache
  readonly #members = new Set<Member>()
  readonly #closed = new AbortController()
  /** What tabs see. */
  #state: State
  /** What is being read in place of it; null when the state is the stream's. */
  #replacement: State | null = null
  /** Offset of the last batch materialized into `#replacement ?? #state`. */
  #offset = START_OFFSET
  /** Offset that `#state` stands for. */
  #shownOffset = START_OFFSET
  /** Where the last batch was read, and its items; an anchor is made of them only when one is needed. */
  #lastBatch: { readonly from: string; readonly to: string; readonly items: ReadonlyArray<unknown> } | null = null
  #anchor: Anchor | null = null
  #check: AnchorCheck | null = null
  #txids: string[] = []
  /** The end of the stream was reached at some time, by this engine or by the one that stored the rows. */
  #complete = false
  #confirmed = false
  #hydrated = false
  /** The state is being read from the cache, and goes to the tabs at the same time. */
  #flowing = false
  #started = false
  #running: Promise<void> = Promise.resolve()
  #closing: Promise<void> | null = null
  #read: AbortController | null = null
  #attempts = 0
  #wake: (() => void) | null = null
  #status: EngineStatus = INITIAL_ENGINE_STATUS
  #cancelStatus: (() => void) | null = null

  constructor({ env, settings, validators }: EngineOptions) {
    this.#env = env
    this.#settings = settings
    this.epoch = env.newId()
    this.#rules = { byType: new Map(settings.collections.map((shape) => [shape.type, shape])), validators }
    this.#state = emptyState(settings.collections)
    this.#source = env.createSource(settings, () => this.#requestValues())
    this.#cache = new Cache({
      env,
      settings,
      validated: validators.size > 0,
      checkpoint: () => ({
        state: this.#replacement ?? this.#state,
        offset: this.#offset,
        anchor: this.#currentAnchor(),
        txids: this.#txids,
        complete: this.#complete && this.#replacement === null,
      }),
      isBusy: () => [...this.#members].some(({ session }) => session.isBehind),
      onReport: (report) => {
        this.#onCacheReport(report)
      },
    })
  }

  get status(): EngineStatus {
    return this.#status
  }

  get memberCount(): number {
    return this.#members.size
  }

  /** Adds a tab. It receives nothing before {@link start}. */
  join(joining: Joining): Membership {
    const session = new TabSession(joining.link, {
      epoch: this.epoch,
      startOffset: START_OFFSET,
      wantsEvents: joining.wantsEvents,
      hasRows: joining.hasRows,
      status: () => this.#status,
      onResync: (target) => {
        target.resync(this.#state, this.#shownOffset)
      },
      onProblem: (error) => {
        this.#setStatus({ lastError: error })
      },
    })
    const member = { session, joining }
    this.#members.add(member)
    if (this.#hydrated || this.#flowing) this.#open(session)
    return {
      resync: () => {
        session.restart()
      },
      leave: () => {
        this.#members.delete(member)
      },
    }
  }

  /** Hydrates and connects; later calls do nothing. */
  start(): void {
    if (this.#started) return
    this.#started = true
    this.#running = this.#run()
  }

  /** Tries now what waits: for credentials, for the server, for a stream to appear. */
  reconnect(): void {
    this.#attempts = 0
    this.#wake?.()
    const { connection } = this.#status
    if (connection === 'offline' || connection === 'connecting') this.#read?.abort()
  }

  async append(body: string | Uint8Array, options: AppendSettings): Promise<Outcome<null>> {
    return outcome(
      this.#source.append(body, options).then(() => null),
      'STREAM_ERROR',
    )
  }

  async clearCache(): Promise<Outcome<null>> {
    return outcome(
      this.#cache.clear().then(() => null),
      'STORAGE_FAILED',
    )
  }

  /** Stores what has been read and ends. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    this.#closed.abort()
    this.#read?.abort()
    this.#wake?.()
    this.#transition('close')
    this.#cancelStatus?.()
    await this.#cache.close()
    await this.#running
  }

  /** Settles when what has been read so far is stored, as far as storage is to be had. */
  async flush(): Promise<void> {
    await this.#cache.flush()
  }

  async #run(): Promise<void> {
    const checkpoint = await this.#cache.hydrate((rows) => {
      this.#onHydrating(rows)
    })
    if (this.#closed.signal.aborted) return
    if (!checkpoint && this.#flowing) {
      // The rows sent so far turned out to be no use.
      this.#state = emptyState(this.#settings.collections)
      for (const { session } of this.#members) session.restart()
    }
    const isOpen = this.#flowing
    this.#flowing = false
    if (checkpoint) {
      this.#state = checkpoint.state
      this.#offset = checkpoint.offset
      this.#shownOffset = checkpoint.offset
      this.#anchor = checkpoint.anchor
      this.#txids = [...checkpoint.txids]
      this.#complete = checkpoint.complete
    }
    this.#hydrated = true
    this.#setStatus(this.#counts())
    if (isOpen) this.#publish({ to: this.#shownOffset, diff: NOTHING, txids: this.#txids, events: [], invalid: [], ...this.#readiness() })
    else for (const { session } of this.#members) this.#open(session)
    while (!this.#closed.signal.aborted) {
      const again = await this.#connect()
      if (this.#closed.signal.aborted) return
      if (again === 'now') continue
      await this.#pause(again === 'on-request' ? null : retryDelayMs((this.#attempts += 1), this.#env.random()))
    }
  }

  /** Rows go out while others are still being read. */
  #onHydrating({ state, diff }: Hydrating): void {
    if (this.#closed.signal.aborted) return
    if (!this.#flowing) {
      this.#flowing = true
      this.#state = state
      for (const { session } of this.#members) this.#open(session)
      return
    }
    this.#publish({ to: this.#shownOffset, diff, txids: [], events: [], invalid: [], ...this.#readiness() })
  }

  #open(session: TabSession): void {
    session.status(this.#status)
    session.open(this.#state, this.#shownOffset, this.#txids, this.#readiness())
  }

  /** One session with the stream. @returns when to begin the next */
  async #connect(): Promise<'now' | 'later' | 'on-request'> {
    const read = new AbortController()
    this.#read = read
    this.#transition('connect')
    const anchor = this.#currentAnchor()
    this.#check = anchor === null ? null : new AnchorCheck(anchor)
    try {
      const end = await this.#source.read({
        offset: anchor?.offset ?? this.#offset,
        live: this.#settings.live,
        signal: read.signal,
        onBatch: (batch) => this.#onBatch(batch),
        onReachable: (reachable, reason) => {
          this.#onReachable(reachable, reason)
        },
      })
      if (end === 'ended') this.#transition('ended')
      return end === 'aborted' ? 'now' : 'on-request'
    } catch (error) {
      const again = await this.#onFailure(error instanceof SourceError ? error : new SourceError('unreachable', describe(error)))
      this.#tell()
      return again
    } finally {
      // A read that has failed must not deliver anything any more.
      read.abort()
      if (this.#read === read) this.#read = null
    }
  }

  async #onFailure({ failure, message, status }: SourceError): Promise<'now' | 'later' | 'on-request'> {
    if (this.#closed.signal.aborted) return 'on-request'
    const fail = (code: ErrorData['code'], retryable: boolean): void => {
      this.#setStatus({
        failedAttempts: this.#status.failedAttempts + 1,
        lastError: { code, message, retryable, status },
      })
    }
    switch (failure) {
      case 'unauthorized':
        fail('NEEDS_AUTH', true)
        this.#transition('unauthorized')
        return 'on-request'
      case 'interrupted':
        return 'now'
      case 'bad-offset':
        await this.#startOver()
        // A server that does this again and again gets a pause.
        return this.#attempts === 0 ? 'now' : 'later'
      case 'missing': {
        fail('STREAM_NOT_FOUND', true)
        const hadRows = this.#offset !== START_OFFSET
        if (hadRows) {
          await this.#startOver()
          return 'now'
        }
        // Twice in a row: there is no stream, and so there are no rows.
        if (this.#replacement) this.#finishReplacement()
        this.#transition('missing')
        return 'later'
      }
      case 'refused':
        fail('STREAM_ERROR', false)
        this.#transition('refused')
        return 'later'
      case 'unreachable':
        fail('OFFLINE', true)
        this.#transition('unreachable')
        return 'later'
    }
  }

  #onReachable(reachable: boolean, reason: SourceError | null): void {
    if (this.#closed.signal.aborted) return
    if (reachable) {
      this.#transition('responded')
      return
    }
    this.#setStatus({ lastError: { code: 'OFFLINE', message: reason?.message ?? 'the server cannot be reached', retryable: true } })
    this.#transition('unreachable')
  }

  async #onBatch(batch: StreamBatch): Promise<void> {
    const { signal } = this.#read ?? this.#closed
    if (signal.aborted || this.#closed.signal.aborted) return
    const fresh = this.#verify(batch)
    if (fresh === null) return
    this.#attempts = 0
    const state = this.#replacement ?? this.#state
    const { diff, txids, invalid } = materialize(state, fresh.items, batch.offset, this.#rules)
    if (fresh.items.length > 0) this.#lastBatch = { from: this.#offset, to: batch.offset, items: fresh.items }
    this.#offset = batch.offset
    this.#remember(txids)
    this.#transition('responded')
    if (batch.upToDate) this.#onUpToDate()
    if (!this.#replacement) this.#shownOffset = this.#offset
    this.#setStatus(this.#counts())
    const news = { events: [fresh], invalid, ...this.#readiness() }
    if (this.#replacement) this.#publish({ to: this.#shownOffset, diff: NOTHING, txids: [], ...news })
    else this.#publish({ to: this.#offset, diff, txids, ...news })
    this.#cache.changed(diff)
    await Promise.all([...this.#members].map(({ session }) => session.room()))
  }

  /**
   * Makes sure that a batch continues what has been read. @returns the batch without what was read before, or null while
   * that is not decided. @throws SourceError `bad-offset` when the stream is another one
   */
  #verify(batch: StreamBatch): StreamBatch | null {
    const other = new SourceError('bad-offset', 'the stream is not the one that was read before')
    if (!this.#check) {
      // Offsets sort as strings (Durable Streams protocol). A server that is asked for what follows an offset beyond its
      // end answers with its end.
      if (this.#offset !== START_OFFSET && batch.items.length === 0 && batch.offset < this.#offset) throw other
      return batch
    }
    const verdict = this.#check.take(batch)
    switch (verdict.kind) {
      case 'other':
        throw other
      case 'more':
        return null
      case 'same':
        this.#check = null
        return { ...batch, items: verdict.rest }
    }
  }

  #onUpToDate(): void {
    this.#complete = true
    this.#confirmed = true
    if (this.#replacement) this.#finishReplacement()
    if (this.#status.lastError !== null && this.#status.lastError.code !== 'STORAGE_FAILED') this.#setStatus({ lastError: null })
    this.#transition('up-to-date')
  }

  /** Shows what was read in place of the state, in one diff. */
  #finishReplacement(): void {
    const state = this.#replacement
    if (!state) return
    const diff = diffStates(this.#state, state)
    this.#state = state
    this.#replacement = null
    this.#shownOffset = this.#offset
    this.#setStatus(this.#counts())
    this.#publish({ to: this.#offset, diff, txids: this.#txids, events: [], invalid: [], ...this.#readiness() })
    this.#cache.changed(NOTHING)
  }

  /** Drops the cache whole and reads the stream from its start; tabs keep their rows until it has been read. */
  async #startOver(): Promise<void> {
    this.#replacement = emptyState(this.#settings.collections)
    this.#offset = START_OFFSET
    this.#lastBatch = null
    this.#anchor = null
    this.#txids = []
    await this.#cache.replaced()
  }

  #readiness(): Readiness {
    return { ready: this.#complete, flowing: this.#flowing, stale: !this.#confirmed }
  }

  #publish(publication: Publication): void {
    for (const { session } of this.#members) session.publish(publication)
  }

  #remember(txids: ReadonlyArray<string>): void {
    if (txids.length > 0) this.#txids = [...this.#txids, ...txids].slice(-REMEMBERED_TXIDS)
  }

  #currentAnchor(): Anchor | null {
    if (this.#lastBatch) {
      this.#anchor = anchorOf(this.#lastBatch.from, this.#lastBatch.to, this.#lastBatch.items)
      this.#lastBatch = null
    }
    return this.#anchor
  }

  /** A tab that is gone is not asked; one that dies while it is asked is replaced by another. */
  async #requestValues(): Promise<RequestValues> {
    for (const { joining } of [...this.#members]) {
      if (joining.link.gone.aborted) continue
      try {
        return await joining.request()
      } catch (error) {
        if (!joining.link.gone.aborted) throw error
      }
    }
    throw new SidestreamError('TAB_GONE', 'no tab is left to ask for headers and params', { retryable: true })
  }

  /** Waits for `delayMs`, or for a reconnect or close only. */
  #pause(delayMs: number | null): Promise<void> {
    return new Promise((resolve) => {
      const cancel = delayMs === null ? undefined : this.#env.clock.after(delayMs, () => this.#wake?.())
      this.#wake = () => {
        this.#wake = null
        cancel?.()
        resolve()
      }
    })
  }

  #onCacheReport({ storage, persistedOffset, error }: CacheReport): void {
    const isHealed = storage === 'indexeddb' && this.#status.lastError?.code === 'STORAGE_FAILED'
    this.#setStatus({ storage, persistedOffset, ...(error !== null || isHealed ? { lastError: error } : {}) })
  }

  #counts(): Partial<EngineStatus> {
    const { quarantined, unknown } = (this.#replacement ?? this.#state).marks
    return { ready: this.#complete, offset: this.#shownOffset, rows: countRows(this.#state), quarantined, unknown }
  }

  #transition(event: ConnectionEvent): void {
    const connection = nextConnection(this.#status.connection, event)
    const upToDate = connection === 'live' || connection === 'ended'
    if (connection === this.#status.connection && upToDate === this.#status.upToDate) return
    this.#setStatus({ connection, upToDate, ...this.#counts() })
    this.#tell()
  }

  #setStatus(change: Partial<EngineStatus>): void {
    this.#status = { ...this.#status, ...change }
    this.#cancelStatus ??= this.#env.clock.after(STATUS_DELAY_MS, () => {
      this.#tell()
    })
  }

  #tell(): void {
    this.#cancelStatus?.()
    this.#cancelStatus = null
    for (const { session } of this.#members) session.status(this.#status)
  }
}

/** A diff of no rows; never added to. */
const NOTHING = new RowDiff()

async function outcome<T>(work: Promise<T>, fallback: ErrorData['code']): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work }
  } catch (error) {
    return { ok: false, error: toErrorData(error, fallback) }
  }
}
