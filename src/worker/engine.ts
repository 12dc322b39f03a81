import type { StreamBatch } from '../shared/batch.ts'
import type { AppendSettings, Outcome, ReconnectReason } from '../shared/calls.ts'
import { fromErrorData, toErrorData, type ErrorData } from '../shared/errors.ts'
import type { Inspection } from '../shared/inspection.ts'
import type { StreamSettings } from '../shared/settings.ts'
import type { EngineStatus } from '../shared/status.ts'
import type { Transform } from '../shared/transform.ts'
import type { Write } from '../shared/write.ts'
import { Cache, type CacheReport } from './cache/cache.ts'
import { countStateRows, type Validator } from './core/materialize.ts'
import { positionOf } from './core/reading.ts'
import { Subsets } from './core/subsets/subsets.ts'
import { EndDoubt } from './engine/end-doubt.ts'
import { Member, type Joining, type Membership } from './engine/member.ts'
import { Hydration } from './engine/hydration.ts'
import { Inspector } from './engine/inspect.ts'
import { Journal } from './engine/journal.ts'
import { Members, NO_NEWS } from './engine/members.ts'
import { Queries } from './engine/queries.ts'
import { pendingRows } from './engine/pending-rows.ts'
import { Readings } from './engine/readings.ts'
import { StatusBoard } from './engine/status-board.ts'
import { Visibility } from './engine/visibility.ts'
import { SourceError, type QueryEngine, type EngineEnv, type StreamSource } from './ports.ts'
import { isUpToDate, StreamReader } from './reader/stream-reader.ts'
import { RequestDesk } from './tabs/request-desk.ts'
import type { PendingRows } from './tabs/tab-session.ts'
import { Writes } from './writes/writes.ts'

export interface EngineOptions {
  readonly env: EngineEnv
  readonly settings: StreamSettings
  /** Collection name → validator; empty where the engine knows no schema. */
  readonly validators: ReadonlyMap<string, Validator>
  readonly transform?: Transform | null
  /** Null, or left out, where queries are not run. */
  readonly queries?: QueryEngine | null
  /** The cache was cleared, here or by another engine: a tab that comes later wants rows, and so another engine. */
  readonly onCleared?: (engine: Engine) => void
}

/**
 * How far the rows that are shown reach: `partial` the stream's end was never reached · `complete` it was, by this engine or by
 * the one that stored the rows · `confirmed` it was by this engine, since it started
 */
type Coverage = 'partial' | 'complete' | 'confirmed'

/**
 * One stream's engine, for any number of tabs. The order of work:
 *
 *   hydrate from the cache → hand every tab the state → connect at the stored offset → for each batch:
 *   materialize → publish the row diff to the tabs → let the cache store it, off this path
 *
 * Its rooms: `Hydration` the phase, and the stored rows · `Readings` the shown reading, and the next one · `Member` one tab ·
 * `StreamReader` the connection · `Cache` the stored copy · `Writes` the pending writes · `StatusBoard` the status for all tabs.
 *
 * It is long because only this file joins these rooms and sets the order of their work. Its own state is how far the rows reach,
 * and what is running.
 */
export class Engine {
  /** A new id for each engine: a tab notices by it that its engine was replaced. */
  readonly epoch: string
  readonly #env: EngineEnv
  readonly #onClear: ((engine: Engine) => void) | null
  readonly #settings: StreamSettings
  readonly #source: StreamSource
  readonly #reader: StreamReader
  readonly #cache: Cache
  readonly #members: Members
  readonly #visibility: Visibility
  readonly #closed = new AbortController()
  readonly #desk: RequestDesk
  readonly #subsets: Subsets
  readonly #readings: Readings
  readonly #pendingRows: PendingRows
  readonly #writes: Writes
  readonly #doubt: EndDoubt
  readonly #hydration: Hydration
  readonly #queries: Queries
  readonly #board: StatusBoard
  readonly #journal: Journal
  readonly #inspector: Inspector
  #coverage: Coverage = 'partial'
  #hydrated: Promise<void> = Promise.resolve()
  #running: Promise<void> = Promise.resolve()
  #closing: Promise<void> | null = null

  constructor({ env, settings, validators, transform = null, queries = null, onCleared }: EngineOptions) {
    this.#onClear = onCleared ?? null
    this.#env = env
    this.#settings = settings
    this.epoch = env.newId()
    this.#journal = new Journal(env.clock)
    this.#board = new StatusBoard({
      epoch: this.epoch,
      clock: env.clock,
      onTell: () => {
        this.#members.tellStatus()
      },
    })
    this.#subsets = new Subsets({
      later: (task) => env.clock.after(0, task),
      onMoved: () => {
        this.#cache.workingChanged()
      },
    })
    this.#readings = new Readings({
      collections: settings.collections,
      rules: { byType: new Map(settings.collections.map((shape) => [shape.type, shape])), validators, transform },
      newId: () => env.newId(),
      subsets: this.#subsets,
    })
    this.#pendingRows = pendingRows(this.#readings, settings.collections)
    this.#queries = new Queries({
      clock: env.clock,
      collections: settings.collections,
      engine: queries,
      readings: this.#readings,
      isReady: () => this.#coverage !== 'partial',
      onResults: (diff) => {
        this.#cache.workingChanged()
        this.#members.publishResults(diff)
      },
      onCost: () => {
        this.#board.set({})
      },
    })
    this.#members = new Members({
      clock: env.clock,
      shown: () => this.#readings.shown,
      visible: () => this.#readings.visible,
      pending: () => this.#writes.pending,
      readiness: () => ({ ready: this.#coverage !== 'partial', flowing: this.#hydration.is('flowing'), stale: this.#coverage !== 'confirmed' }),
      onRows: (diff) => {
        this.#queries.onRows(diff)
      },
    })
    this.#doubt = new EndDoubt({
      clock: env.clock,
      onAsk: () => {
        // When the engine is not up to date any more, the earlier answer proves nothing now.
        if (this.#board.now.upToDate) this.#reader.askAgain()
      },
    })
    this.#visibility = new Visibility({
      clock: env.clock,
      pauseWhenHidden: settings.pauseWhenHidden,
      tabs: this.#members.all,
      onShow: () => {
        this.#reader.show()
      },
      onHide: () => {
        // A hidden tab sends what its user has written, for example when the device is online again.
        if (this.#writes.isWaiting) this.#watchVisibility()
        else this.#reader.halt('hide')
      },
    })
    this.#desk = new RequestDesk({ clock: env.clock, tabs: this.#members.all, closed: this.#closed.signal })
    this.#source = env.createSource(settings, () => this.#desk.ask())
    this.#reader = this.#createReader()
    this.#cache = this.#createCache(validators.size > 0, transform !== null)
    this.#writes = this.#createWrites(validators)
    this.#inspector = new Inspector({ epoch: this.epoch, clock: env.clock, members: this.#members, readings: this.#readings, subsets: this.#subsets, queries: this.#queries, cache: this.#cache, journal: this.#journal })
    this.#hydration = new Hydration({
      clock: env.clock,
      cache: this.#cache,
      collections: settings.collections,
      readings: this.#readings,
      subsets: this.#subsets,
      queries: this.#queries,
      members: this.#members,
      writes: this.#writes,
      onHydrated: (checkpoint) => {
        if (checkpoint?.complete) this.#coverage = 'complete'
        this.#board.set(this.#counts())
        this.#settle()
      },
    })
  }

  get memberCount(): number {
    return this.#members.all.size
  }

  /** Adds a tab. It receives nothing before it is started. */
  join(joining: Joining): Membership {
    const member = new Member(joining, {
      clock: this.#env.clock,
      epoch: this.epoch,
      held: this.#subsets,
      results: this.#queries,
      status: () => this.#board.now,
      pendingRows: this.#pendingRows,
      state: () => this.#readings.visible,
      onStart: (starting) => {
        this.#onStart(starting)
      },
      onResync: (session) => {
        session.resync(this.#readings.visible, positionOf(this.#readings.shown))
      },
      onSubsets: ({ session, isStarted }) => {
        if (isStarted) this.#hydration.showPreviews(session)
      },
      onVisible: (hasAppeared) => {
        // The machine may have slept: an answer to an earlier request may never come.
        if (hasAppeared) this.#reader.hurry()
        this.#watchVisibility()
      },
      onStatus: () => {
        this.#board.set({})
      },
      onReconnect: (reason) => {
        this.reconnect(reason)
      },
      onWrite: (write, acknowledge) => this.#write(write, acknowledge),
      onLeave: (leaving) => {
        if (this.#members.delete(leaving)) this.#onMembers()
      },
    })
    this.#members.add(member)
    this.#onMembers()
    this.#desk.notice()
    return member
  }

  /** Ends a wait (for credentials, for the server, for a stream to appear, for a visible tab) and tries now. */
  reconnect(reason: ReconnectReason): void {
    if (this.#board.now.cleared) {
      this.#coverage = 'partial'
      this.#board.set({ cleared: false, ...this.#counts() })
      this.#readings.startAnew()
    }
    if (reason !== 'preload') this.#journal.connection(this.#board.now.connection, reason, null)
    this.#reader.reconnect(reason)
    this.#writes.hurry()
    this.#watchVisibility()
  }

  /** @param acknowledge called when the write is stored, before its rows go to the tabs */
  async #write(write: Write, acknowledge: () => void): Promise<Outcome<null>> {
    if (this.#board.now.cleared) return { ok: false, error: CLEARED }
    this.#begin()
    // The write's own events have to be read, also while all tabs are hidden.
    this.#reader.show()
    this.#watchVisibility()
    return outcome(
      this.#writes.opened.then(async () => {
        if (this.#board.now.cleared) throw fromErrorData(CLEARED)
        await this.#writes.add(write, acknowledge)
        return null
      }),
      'STORAGE_FAILED',
    )
  }

  retryWrite(id: string): Promise<Outcome<boolean>> {
    return outcome(this.#writes.retry(id), 'STORAGE_FAILED')
  }

  discardWrite(id: string): Promise<Outcome<boolean>> {
    return outcome(this.#writes.discard(id), 'STORAGE_FAILED')
  }

  async append(body: string | Uint8Array, options: AppendSettings): Promise<Outcome<null>> {
    // The append's own event has to be read, also while all tabs are hidden.
    this.#reader.show()
    this.#watchVisibility()
    return outcome(
      this.#source.append(body, options).then(() => null),
      'STREAM_ERROR',
    )
  }

  /** The offset at which the server says that the stream ends. */
  streamEnd(): Promise<Outcome<string | null>> {
    return outcome(this.#source.end(), 'STREAM_ERROR')
  }

  /** What a panel of this tab shows. */
  async inspect(asking: Membership): Promise<Outcome<Inspection>> {
    return outcome(Promise.resolve().then(() => this.#inspector.inspect(asking)), 'STREAM_ERROR')
  }

  /** Removes the stored state and the rows of all tabs. The registry keeps a digest of the cache's name for a week. */
  async clearCache(discardWrites: boolean): Promise<Outcome<null>> {
    const lost = discardWrites ? LOSES_NOTHING : await outcome(this.#writes.countLost(), 'STORAGE_FAILED')
    if (!lost.ok) return lost
    if (lost.value > 0) return { ok: false, error: { code: 'WRITES_PENDING', message: `${String(lost.value)} writes are not in the stream, and would be lost`, retryable: true } }
    this.#onCleared()
    return outcome(
      this.#cache.clear().then(() => null),
      'STORAGE_FAILED',
    )
  }

  /** Stores the state that was read, and ends. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  /** Ends at once and stores nothing: another engine has taken over. */
  abandon(): void {
    this.#end()
    this.#cache.abandon()
    this.#writes.abandon()
    this.#members.clear()
  }

  /** Settles when the state that was read so far is stored, if storage is available. */
  async flush(): Promise<void> {
    await this.#cache.flush()
  }

  async #close(): Promise<void> {
    this.#end()
    await Promise.all([this.#cache.close(), this.#writes.close()])
    await this.#running
  }

  #end(): void {
    this.#hydration.transition({ kind: 'close' })
    this.#closed.abort()
    this.#reader.close()
    this.#board.close()
    this.#visibility.close()
    this.#doubt.close()
    this.#queries.close()
    this.#journal.close()
    this.#desk.notice()
  }

  // --- from the cache

  #createCache(validated: boolean, transformed: boolean): Cache {
    return new Cache({
      env: this.#env,
      settings: this.#settings,
      validated,
      transformed,
      checkpoint: () => {
        if (this.#readings.isBegun) return null
        const { state, offset, tail, txids } = this.#readings.shown
        return { state, offset, anchor: tail.anchor, txids, complete: this.#coverage !== 'partial' }
      },
      working: () => {
        if (this.#readings.isReplacing) return null
        const results = this.#queries.working()
        return results.length > 0 ? [...(this.#subsets.working() ?? []), ...results] : this.#subsets.working()
      },
      isBusy: () => this.#members.isAnyBehind,
      onReport: (report) => {
        this.#onCacheReport(report)
      },
      onCleared: () => {
        this.#onCleared()
      },
    })
  }

  #begin(): void {
    if (this.#hydration.is('idle')) this.#running = this.#run()
  }

  /** Hydrates, and reads for as long as the engine lives. The request for the stream goes out as soon as it is known from where. */
  async #run(): Promise<void> {
    const isPlaced = new Promise<void>((resolve) => {
      this.#hydrated = this.#hydration.run(resolve)
    })
    await Promise.race([isPlaced, this.#hydrated])
    if (!this.#hydration.is('closed')) await this.#reader.run()
    await this.#hydrated
  }

  #onCacheReport({ storage, persistedOffset, error }: CacheReport): void {
    const isHealed = storage === 'indexeddb' && this.#board.now.lastError?.code === 'STORAGE_FAILED'
    if (error !== null) this.#setError(error)
    this.#board.set({ storage, persistedOffset, ...(error === null && isHealed ? { lastError: null } : {}) })
    this.#settle()
  }

  #createWrites(validators: ReadonlyMap<string, Validator>): Writes {
    return new Writes({
      env: this.#env,
      settings: this.#settings,
      source: this.#source,
      validators,
      readings: this.#readings,
      isCaughtUp: () => this.#board.now.upToDate && !this.#readings.isReplacing,
      isSeen: () => this.#members.isAnyOpen,
      onRows: (diff, txids) => {
        this.#members.publish({ ...NO_NEWS, diff, txids, isOfOutbox: true }, false)
      },
      onNews: (news) => {
        this.#members.outbox(news)
      },
      onReset: () => {
        this.#members.listAnew()
      },
      onCounts: () => {
        const { durable } = this.#board.now
        this.#board.set(this.#writes.counts)
        // Told before the acknowledgement of a write that is in memory only.
        if (this.#board.now.durable !== durable) this.#board.tell()
      },
      onProblem: (error) => {
        this.#setError(error)
      },
      onDeleted: () => {
        // The cache may not be open yet, and hear nothing of it.
        this.#cache.wasCleared()
        this.#onCleared()
      },
    })
  }

  /** Writes whose rows are stored are not kept any longer. An engine that does not write the cache forgets them when tabs see the rows. */
  #settle(): void {
    const { storage, persistedOffset } = this.#board.now
    const offset = storage === 'indexeddb' ? persistedOffset : this.#readings.shown.offset
    if (storage !== 'opening' && offset !== null) this.#writes.settled(offset)
  }

  #onCleared(): void {
    if (this.#board.now.cleared || this.#hydration.is('closed')) return
    const diff = this.#writes.clear()
    diff.fold(this.#readings.showNone())
    diff.fold(this.#queries.clear())
    this.#hydration.cleared()
    // Every tab has to show no rows now, also a tab that has rows of another engine.
    if (this.#coverage === 'partial') this.#coverage = 'complete'
    this.#board.set({ cleared: true, ...this.#counts() })
    this.#reader.halt('forget')
    this.#journal.forget()
    this.#members.publish({ ...NO_NEWS, diff }, true)
    this.#onClear?.(this)
  }

  // --- from the stream

  #createReader(): StreamReader {
    const readings = this.#readings
    return new StreamReader({
      env: this.#env,
      source: this.#source,
      settings: this.#settings,
      settled: () => this.#hydrated,
      place: () => {
        const stored = this.#hydration.place
        if (stored) return { ...stored, hasRows: true, isReplacing: false, olderLeftMs: null }
        const { offset, tail } = readings.current
        return { offset, anchor: tail.anchor, hasRows: !readings.isBegun && countStateRows(readings.shown.state) > 0, isReplacing: readings.isReplacing, olderLeftMs: this.#doubt.olderLeftMs }
      },
      onBatch: async (batch) => {
        if (!this.#hydration.is('closed') && !this.#board.now.cleared) await this.#onBatch(batch)
      },
      onBeginning: (items) => {
        this.#onBeginning(items)
      },
      onReadEnd: () => {
        readings.breakOff()
      },
      onSame: (anchor, items) => {
        readings.confirm(anchor, items)
        this.#doubt.looksRight()
      },
      onOther: () => {
        readings.startAnew()
      },
      onMissing: () => {
        this.#onMissing()
      },
      onConnection: (connection) => {
        const { upToDate: wasUpToDate, lastError } = this.#board.now
        this.#journal.connection(connection, connection === 'paused' ? 'hidden' : null, FAILED.has(connection) ? lastError : null)
        this.#board.set({ connection, upToDate: isUpToDate(connection), ...this.#counts() })
        this.#board.tell()
        if (isUpToDate(connection) && !wasUpToDate) this.#writes.hurry()
      },
      onFailure: (lastError) => {
        this.#setError(lastError)
        this.#board.set({ failedAttempts: this.#board.now.failedAttempts + 1 })
      },
    })
  }

  /** The first load's rows go out while its answer is still arriving. */
  #onBeginning(items: ReadonlyArray<unknown>): void {
    if (!this.#hydration.is('reading') || this.#coverage !== 'partial' || this.#board.now.cleared) return
    const begun = this.#readings.begin(items)
    if (!begun) return
    this.#cache.changed(begun.base)
    this.#board.set(this.#counts())
    this.#members.publish({ ...NO_NEWS, diff: begun.diff }, false)
  }

  async #onBatch(batch: StreamBatch): Promise<void> {
    this.#board.tellAfter(() => {
      this.#take(batch)
    })
    await this.#members.room()
  }

  /** @throws SourceError `older` */
  #take(batch: StreamBatch): void {
    const { diff, base, txids, invalid } = this.#readings.take(batch)
    this.#journal.take(batch, invalid)
    const written = this.#writes.read(txids, batch.offset, diff !== null, batch.upToDate)
    if (batch.upToDate) this.#onUpToDate()
    this.#board.set(this.#counts())
    const news = { ...NO_NEWS, events: [batch], invalid }
    if (diff && base) {
      this.#cache.changed(base)
      diff.fold(written.diff)
      if (batch.upToDate) diff.fold(this.#writes.atEnd(batch.offset).diff)
      const isEnd = batch.upToDate && this.#doubt.isEndBelieved(this.#members.isAnyAhead)
      this.#members.publish({ ...news, diff, txids: [...txids, ...written.txids] }, isEnd)
      if (this.#board.now.storage !== 'indexeddb') this.#settle()
    } else {
      this.#members.publish(news, false)
    }
  }

  /** @throws SourceError `older` */
  #onUpToDate(): void {
    this.#assertNotOlder()
    this.#coverage = 'confirmed'
    this.#hydration.forgetResults()
    this.#showNext()
    this.#members.forgetProblems()
    const { lastError } = this.#board.now
    if (lastError !== null && lastError.code !== 'STORAGE_FAILED') this.#board.set({ lastError: null })
    this.#reader.upToDate()
  }

  /**
   * A stream that was read again, and is only a beginning of the shown one, may be an old copy. It is believed when it stays so.
   * @throws SourceError `older`
   */
  #assertNotOlder(): void {
    if (!this.#readings.mayBeOlder || this.#doubt.looksOlder()) return
    const { offset } = this.#readings.current
    this.#readings.dropNext()
    throw new SourceError('older', `the stream ends at offset ${offset} and is the beginning of what is shown: it may be an old copy`)
  }

  /** There is no stream, and so there are no rows. */
  #onMissing(): void {
    if (this.#readings.isAtStart) return
    this.#readings.startAnew()
    this.#showNext(true)
  }

  /** Shows the next reading, in one diff. @param isGone there is no stream: tabs that are ahead of it drop their rows too */
  #showNext(isGone = false): void {
    const diff = this.#readings.showNext()
    if (!diff) return
    this.#doubt.looksRight()
    const { txids, offset } = this.#readings.shown
    diff.fold(this.#writes.replaced(txids, offset).diff)
    this.#board.set(this.#counts())
    this.#members.publish({ ...NO_NEWS, diff, txids }, isGone)
    void this.#cache.replaced()
  }

  // --- to the tabs

  #onStart({ session, isStarted }: Member): void {
    if (!isStarted && this.#hydration.is('flowing', 'reading')) this.#members.open(session)
    this.#hydration.showPreviews(session)
    if (this.#hydration.is('idle')) this.#begin()
    else this.#reader.hurry()
    // A pending `preload()` keeps the stream open although all tabs are hidden.
    if (this.#coverage === 'partial') this.#reader.show()
    this.#watchVisibility()
  }

  #onMembers(): void {
    this.#board.set({ tabs: this.#members.all.size })
    this.#watchVisibility()
  }

  #watchVisibility(): void {
    if (!this.#hydration.is('closed')) this.#visibility.watch()
  }

  #counts(): Partial<EngineStatus> {
    const { shown, current } = this.#readings
    const { quarantined, unknown } = current.state.marks
    const rows = countStateRows(shown.state) + this.#readings.overlay.added
    return { ready: this.#coverage !== 'partial', offset: shown.offset, rows, quarantined, unknown }
  }

  /** The latest error is shown, in place of earlier problems of single tabs. */
  #setError(lastError: ErrorData): void {
    this.#members.forgetProblems()
    this.#board.set({ lastError })
  }
}

/** States of the connection that an error leads to. */
const FAILED: ReadonlySet<EngineStatus['connection']> = new Set<EngineStatus['connection']>(['offline', 'needs-auth', 'not-found', 'failed'])

const LOSES_NOTHING: Outcome<number> = { ok: true, value: 0 }

const CLEARED: ErrorData = { code: 'CLOSED', message: 'the cache was cleared: reconnect() comes before a write', retryable: false }

async function outcome<T>(work: Promise<T>, fallback: ErrorData['code']): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work }
  } catch (error) {
    return { ok: false, error: toErrorData(error, fallback) }
  }
}
