import { toErrorData, type ErrorData } from '../shared/errors.ts'
import type { StreamBatch } from '../shared/batch.ts'
import type { AppendSettings, Outcome, ReconnectReason, RequestValues } from '../shared/calls.ts'
import { START_OFFSET, type Have, type Position } from '../shared/position.ts'
import type { StreamSettings } from '../shared/settings.ts'
import { RowDiff } from '../shared/row-diff.ts'
import type { SyncMode } from '../shared/state-schema.ts'
import type { Transform } from '../shared/transform.ts'
import { subsetKey, type SubsetChange } from '../shared/subset.ts'
import { INITIAL_ENGINE_STATUS, type EngineHome, type EngineStatus } from '../shared/status.ts'
import { Cache, type CacheReport, type Hydrating } from './cache/cache.ts'
import { Tail } from './core/anchor.ts'
import { mayBeOlder } from './core/rungs.ts'
import { countRows, diffStates, emptyState, materialize, type NoteChange, type Rules, type State, type Validator } from './core/materialize.ts'
import { Subsets } from './core/subsets/subsets.ts'
import { type EngineEnv, SourceError, type StreamSource, type WorkingSet } from './ports.ts'
import { isUpToDate, StreamReader } from './reader/stream-reader.ts'
import { RequestDesk } from './tabs/request-desk.ts'
import type { Preview } from './tabs/tab-view.ts'
import { TabSession, type Publication, type Readiness, type TabLink } from './tabs/tab-session.ts'

/** Transaction ids that are remembered for tabs that ask after the fact, and across restarts. */
const REMEMBERED_TXIDS = 1024
/** Status changes are gathered for this long, ms; a change of the connection is told at once. */
const STATUS_DELAY_MS = 30
/** The stream waits so long for a tab that wants its raw events, ms. */
const ROOM_LIMIT_MS = 30_000
/** A stream that seems to be an older copy of itself has to stay one for so long before it is shown, ms. */
const OLDER_LIMIT_MS = 5000
/** The longest that a timer can wait, ms; a longer one would go off at once. */
const MOST_DELAY_MS = 2 ** 31 - 1

export interface EngineOptions {
  readonly env: EngineEnv
  readonly settings: StreamSettings
  /** Collection name → validator; empty where the engine knows no schema. */
  readonly validators: ReadonlyMap<string, Validator>
  readonly transform?: Transform | null
}

/** What a tab needs when it joins. */
export interface Joining {
  readonly link: TabLink
  readonly wantsEvents: boolean
  readonly hasRows: boolean
  readonly have: Have | null
  readonly modes: Readonly<Record<string, SyncMode>>
  readonly subsets: ReadonlyArray<SubsetChange>
  readonly visible: boolean
  /** What the tab's status says beyond the engine's. */
  readonly about: { readonly where: EngineHome; readonly failovers: number }
  /** The tab's request values; rejects when the tab is gone. */
  request(): Promise<RequestValues>
}

/** A tab's place in an engine. */
export interface Membership {
  /** The tab is listening: hydrates and connects, if that has not happened yet. */
  start(): void
  /** The tab needs all rows again. */
  resync(): void
  subsets(changes: ReadonlyArray<SubsetChange>): void
  show(visible: boolean): void
  /** The engine's status, as this tab is told it. */
  status(): EngineStatus
  leave(): void
}

/** What has been read of a stream. */
interface Reading {
  readonly state: State
  /** Offset of the last batch materialized into the state. */
  offset: string
  /** Where the last batch was read, and its items; an anchor is made of them only when one is needed. */
  tail: Tail
  txids: ReadonlyArray<string>
}

interface Member {
  readonly session: TabSession
  readonly joining: Joining
  visible: boolean
  started: boolean
  /** What is wrong with this tab alone: no other is told. */
  problem: ErrorData | null
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
  readonly #reader: StreamReader
  readonly #cache: Cache
  readonly #members = new Set<Member>()
  readonly #closed = new AbortController()
  readonly #desk: RequestDesk
  /** Over the state that tabs see. */
  readonly #subsets: Subsets
  /** What tabs see. */
  #shown: Reading
  /** What is being read in place of it; null when what is shown is the stream's. */
  #replacement: Reading | null = null
  /** Since when the stream has looked like an older copy of what is shown; null when it does not. */
  #olderSince: number | null = null
  /** Since when the stream has ended before what a tab has brought along; null when it does not. */
  #aheadSince: number | null = null
  #cancelAhead: (() => void) | null = null
  /** The end of the stream was reached at some time, by this engine or by the one that stored the rows. */
  #complete = false
  #confirmed = false
  #hydrated = false
  /** The state is being read from the cache, and goes to the tabs at the same time. */
  #flowing = false
  /** What tabs were looking at when the state was stored; null once the state is here. */
  #preview: ReadonlyMap<string, Preview> | null = null
  #started = false
  #running: Promise<void> = Promise.resolve()
  #closing: Promise<void> | null = null
  /** The cache was cleared: nothing is read before somebody asks for it. */
  #forgotten = false
  #status: EngineStatus
  #cancelStatus: (() => void) | null = null
  #cancelHiding: (() => void) | null = null

  constructor({ env, settings, validators, transform = null }: EngineOptions) {
    this.#env = env
    this.#settings = settings
    this.epoch = env.newId()
    this.#rules = { byType: new Map(settings.collections.map((shape) => [shape.type, shape])), validators, transform }
    this.#status = { ...INITIAL_ENGINE_STATUS, epoch: this.epoch }
    this.#shown = this.#emptyReading()
    this.#subsets = new Subsets({
      later: (task) => env.clock.after(0, task),
      onMoved: () => {
        this.#cache.workingChanged()
      },
    })
    this.#desk = new RequestDesk({ clock: env.clock, tabs: this.#members, closed: this.#closed.signal })
    this.#source = env.createSource(settings, () => this.#desk.ask())
    this.#reader = new StreamReader({
      env,
      source: this.#source,
      settings,
      place: () => {
        const { offset, tail } = this.#reading
        const olderLeftMs = this.#olderSince === null ? null : Math.max(0, this.#olderSince + OLDER_LIMIT_MS - env.clock.now())
        return { offset, anchor: tail.anchor, hasRows: countRows(this.#shown.state) > 0, isReplacing: this.#replacement !== null, olderLeftMs }
      },
      onBatch: (batch) => this.#onBatch(batch),
      onSame: ({ offset }, items) => {
        const reading = this.#reading
        reading.tail = Tail.EMPTY.with({ from: offset, to: reading.offset, items })
        this.#olderSince = null
      },
      onOther: () => {
        this.#replacement = this.#emptyReading()
      },
      onMissing: () => {
        this.#onMissing()
      },
      onConnection: (connection) => {
        this.#setStatus({ connection, upToDate: isUpToDate(connection), ...this.#counts() })
        this.#tell()
      },
      onFailure: (lastError) => {
        this.#setStatus({ lastError, failedAttempts: this.#status.failedAttempts + 1 })
      },
    })
    this.#cache = new Cache({
      env,
      settings,
      validated: validators.size > 0,
      transformed: transform !== null,
      checkpoint: () => ({
        state: this.#shown.state,
        offset: this.#shown.offset,
        anchor: this.#shown.tail.anchor,
        txids: this.#shown.txids,
        complete: this.#complete,
      }),
      working: () => this.#working(),
      isBusy: () => [...this.#members].some(({ session }) => session.isBehind),
      onReport: (report) => {
        this.#onCacheReport(report)
      },
      onCleared: () => {
        this.#forget()
      },
    })
  }

  get memberCount(): number {
    return this.#members.size
  }

  /** Adds a tab. It receives nothing before it is started. */
  join(joining: Joining): Membership {
    const status = (): EngineStatus => ({ ...this.#status, ...joining.about, lastError: member.problem ?? this.#status.lastError })
    const session = new TabSession(joining.link, {
      epoch: this.epoch,
      wantsEvents: joining.wantsEvents,
      hasRows: joining.hasRows,
      have: joining.have,
      modes: joining.modes,
      wants: joining.subsets,
      subsets: this.#subsets,
      status,
      onResync: (target) => {
        target.resync(this.#shown.state, this.#position())
      },
      onProblem: (error) => {
        member.problem = error
        this.#setStatus({})
      },
    })
    const member: Member = { session, joining, visible: joining.visible, started: false, problem: null }
    this.#members.add(member)
    this.#onMembers()
    this.#desk.notice()
    return {
      start: () => {
        if (!member.started && (this.#hydrated || this.#flowing)) this.#open(session)
        else this.#showPreview(session)
        member.started = true
        if (this.#started) this.#reader.hurry()
        this.#start()
        // A pending `preload()` keeps the stream open although all tabs are hidden.
        if (!this.#complete) this.#reader.show()
        this.#watchVisibility()
      },
      status,
      resync: () => {
        session.restart()
      },
      subsets: (changes) => {
        session.want(changes, this.#shown.state)
        if (member.started) this.#showPreview(session)
      },
      show: (visible) => {
        // The machine may have slept: what was asked before is not waited for.
        if (visible && !member.visible) this.#reader.hurry()
        member.visible = visible
        this.#watchVisibility()
      },
      leave: () => {
        if (this.#members.delete(member)) this.#onMembers()
      },
    }
  }

  /** Hydrates and connects; later calls do nothing. */
  #start(): void {
    if (this.#started) return
    this.#started = true
    this.#running = this.#run()
  }

  /** Tries now what waits: for credentials, for the server, for a stream to appear, to be shown. */
  reconnect(reason: ReconnectReason): void {
    if (this.#forgotten) {
      this.#forgotten = false
      this.#setStatus({ cleared: false })
      this.#replacement = this.#emptyReading()
    }
    this.#reader.reconnect(reason)
    this.#watchVisibility()
  }

  async append(body: string | Uint8Array, options: AppendSettings): Promise<Outcome<null>> {
    // Whoever writes waits for it to come back.
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

  /** Removes every trace: what is stored, and the rows of all tabs. */
  async clearCache(): Promise<Outcome<null>> {
    this.#forget()
    return outcome(
      this.#cache.clear().then(() => null),
      'STORAGE_FAILED',
    )
  }

  #forget(): void {
    if (this.#forgotten || this.#closed.signal.aborted) return
    this.#forgotten = true
    this.#reader.halt('forget')
    const reading = this.#emptyReading()
    const diff = diffStates(this.#shown.state, reading.state)
    this.#show(reading)
    this.#replacement = null
    // Nothing is what tabs have to show, also those that have brought rows along.
    this.#complete = true
    this.#setStatus({ cleared: true, ...this.#counts() })
    this.#publish({ diff, txids: [], events: [], invalid: [] }, true)
  }

  /** Stores what has been read and ends. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    this.#end()
    await this.#cache.close()
    await this.#running
  }

  /** Ends at once and stores nothing: another engine has taken over. */
  abandon(): void {
    this.#end()
    this.#cache.abandon()
    this.#members.clear()
  }

  #end(): void {
    this.#closed.abort()
    this.#reader.close()
    this.#cancelStatus?.()
    this.#cancelHiding?.()
    this.#cancelAhead?.()
    this.#desk.notice()
  }

  /** Settles when what has been read so far is stored, as far as storage is to be had. */
  async flush(): Promise<void> {
    await this.#cache.flush()
  }

  async #run(): Promise<void> {
    let checkpoint = await this.#cache.hydrate(
      (rows) => {
        this.#onHydrating(rows)
      },
      (working) => {
        this.#onPreview(working)
      },
    )
    this.#preview = null
    if (this.#closed.signal.aborted) return
    if (this.#forgotten) checkpoint = null
    if (!checkpoint && this.#flowing) {
      // The rows sent so far turned out to be no use.
      this.#show(this.#emptyReading())
      for (const { session } of this.#members) session.restart()
    }
    const isOpen = this.#flowing
    this.#flowing = false
    if (checkpoint) {
      const { state, offset, anchor, txids } = checkpoint
      this.#show({ state, offset, tail: Tail.stored(anchor), txids })
      this.#complete = checkpoint.complete
    }
    this.#hydrated = true
    this.#setStatus(this.#counts())
    if (isOpen) this.#publish({ diff: NOTHING, txids: this.#shown.txids, events: [], invalid: [] })
    else this.#openAll()
    await this.#reader.run()
  }

  /** What tabs were looking at goes out before anything else is read. */
  #onPreview(working: WorkingSet): void {
    if (this.#closed.signal.aborted || this.#forgotten) return
    const primaryKeys = new Map(this.#settings.collections.map(({ name, primaryKey }) => [name, primaryKey]))
    this.#preview = new Map(
      working.map(({ key, collection, rows, edge, whole }) => {
        const primaryKey = primaryKeys.get(collection) ?? ''
        return [key, { rows: rows.map((row) => [String(row[primaryKey]), row] as const), edge, whole }]
      }),
    )
    for (const { session, started } of this.#members) if (started) this.#showPreview(session)
  }

  #showPreview(session: TabSession): void {
    const preview = this.#preview
    if (preview) session.preview((subset) => preview.get(subsetKey(subset)) ?? null)
  }

  #working(): WorkingSet | null {
    return this.#replacement ? null : this.#subsets.working()
  }

  /** Rows go out while others are still being read. */
  #onHydrating({ state, diff }: Hydrating): void {
    if (this.#closed.signal.aborted || this.#forgotten) return
    if (!this.#flowing) {
      this.#flowing = true
      this.#show({ ...this.#emptyReading(), state })
      this.#openAll()
      return
    }
    this.#subsets.added(diff)
    this.#publish({ diff, txids: [], events: [], invalid: [] })
  }

  #show(reading: Reading): void {
    this.#shown = reading
    this.#subsets.refill(reading.state)
  }

  #open(session: TabSession): void {
    session.status()
    session.open(this.#shown.state, this.#position(), this.#shown.txids, this.#readiness())
  }

  #openAll(): void {
    for (const { session, started } of this.#members) if (started) this.#open(session)
  }

  #onMembers(): void {
    this.#setStatus({ tabs: this.#members.size })
    this.#watchVisibility()
  }

  /** Nobody looks: after a while the stream rests. Somebody does: it goes on. */
  #watchVisibility(): void {
    this.#cancelHiding?.()
    this.#cancelHiding = null
    const { pauseWhenHidden } = this.#settings
    if (pauseWhenHidden === null || pauseWhenHidden > MOST_DELAY_MS || this.#closed.signal.aborted) return
    // The last one's leave shows nothing to anybody.
    if (this.#members.size === 0) return
    if ([...this.#members].some(({ visible }) => visible)) {
      this.#reader.show()
      return
    }
    this.#cancelHiding = this.#env.clock.after(pauseWhenHidden, () => {
      this.#reader.halt('hide')
    })
  }

  /** What is read now. */
  get #reading(): Reading {
    return this.#replacement ?? this.#shown
  }

  async #onBatch(batch: StreamBatch): Promise<void> {
    const reading = this.#reading
    const note: NoteChange | undefined = this.#replacement ? undefined : (collection, key, before) => { this.#subsets.note(collection, key, before) }
    const { diff, txids, invalid } = materialize(reading.state, batch.items, batch.offset, this.#rules, note)
    reading.tail = reading.tail.with({ from: reading.offset, to: batch.offset, items: batch.items })
    reading.offset = batch.offset
    if (txids.length > 0) reading.txids = [...reading.txids, ...txids].slice(-REMEMBERED_TXIDS)
    if (batch.upToDate) this.#onUpToDate()
    this.#setStatus(this.#counts())
    const news = { events: [batch], invalid }
    if (reading !== this.#shown) {
      this.#publish({ diff: NOTHING, txids: [], ...news })
    } else {
      this.#publish({ diff, txids, ...news }, batch.upToDate && this.#isEndBelieved())
      this.#cache.changed(diff)
    }
    await Promise.all([...this.#members].map(({ session }) => this.#roomOf(session)))
  }

  /** A tab that wants the raw events holds the stream up, but not for ever: others are waiting. */
  async #roomOf(session: TabSession): Promise<void> {
    if (session.hasRoom) return
    const cancel = this.#env.clock.after(ROOM_LIMIT_MS, () => {
      session.miss()
    })
    await session.room()
    cancel()
  }

  /** @throws SourceError `older` */
  #onUpToDate(): void {
    this.#assertNoOlder()
    this.#complete = true
    this.#confirmed = true
    this.#finishReplacement()
    for (const member of this.#members) member.problem = null
    if (this.#status.lastError !== null && this.#status.lastError.code !== 'STORAGE_FAILED') this.#setStatus({ lastError: null })
    this.#reader.upToDate()
  }

  /** Shows what was read in place of the state, in one diff. @param isGone no tab can be ahead of a stream that is not there */
  #finishReplacement(isGone = false): void {
    const reading = this.#replacement
    if (!reading) return
    const diff = diffStates(this.#shown.state, reading.state)
    this.#show(reading)
    this.#replacement = null
    this.#olderSince = null
    this.#setStatus(this.#counts())
    this.#publish({ diff, txids: reading.txids, events: [], invalid: [] }, isGone)
    void this.#cache.replaced()
  }

  /**
   * A stream that was read anew and is a beginning of what is shown may be an old copy. Only one that stays so is believed.
   * @throws SourceError `older`
   */
  #assertNoOlder(): void {
    const { state, offset } = this.#replacement ?? this.#shown
    if (!mayBeOlder({ ...state.marks, offset }, { ...this.#shown.state.marks, offset: this.#shown.offset })) return
    const now = this.#env.clock.now()
    this.#olderSince ??= now
    if (now - this.#olderSince >= OLDER_LIMIT_MS) return
    this.#replacement = null
    throw new SourceError('older', `the stream ends at offset ${offset} and is the beginning of what is shown: it may be an old copy`)
  }

  /** There is no stream, and so there are no rows. */
  #onMissing(): void {
    if (this.#shown.offset === START_OFFSET && !this.#replacement) return
    this.#replacement = this.#emptyReading()
    this.#finishReplacement(true)
  }

  #readiness(): Readiness {
    return { ready: this.#complete, flowing: this.#flowing, stale: !this.#confirmed }
  }

  #position(): Position {
    const { state: { lineage, marks: { seq, digest } }, offset } = this.#shown
    return { branch: lineage.id, seq, digest, offset }
  }

  #emptyReading(): Reading {
    return { state: emptyState(this.#settings.collections, this.#env.newId()), offset: START_OFFSET, tail: Tail.EMPTY, txids: [] }
  }

  /**
   * A tab whose rows are newer than the stream's end has them from an engine that read further. The end may be that of an
   * old copy: the tab keeps its rows until the end has stayed where it is.
   */
  #isEndBelieved(): boolean {
    this.#cancelAhead?.()
    if (![...this.#members].some(({ session }) => session.isAhead)) {
      this.#aheadSince = null
      return true
    }
    const { clock } = this.#env
    const now = clock.now()
    this.#aheadSince ??= now
    const leftMs = this.#aheadSince + OLDER_LIMIT_MS - now
    if (leftMs <= 0) return true
    this.#cancelAhead = clock.after(leftMs, () => {
      // Where the stream ended when it was last asked proves nothing now.
      if (this.#status.upToDate) this.#reader.askAgain()
    })
    return false
  }

  #publish(news: Pick<Publication, 'diff' | 'txids' | 'events' | 'invalid'>, atEnd = false): void {
    const publication = { ...news, atEnd, state: this.#shown.state, to: this.#position(), ...this.#readiness() }
    for (const { session } of this.#members) session.publish(publication)
  }

  #onCacheReport({ storage, persistedOffset, error }: CacheReport): void {
    const isHealed = storage === 'indexeddb' && this.#status.lastError?.code === 'STORAGE_FAILED'
    this.#setStatus({ storage, persistedOffset, ...(error !== null || isHealed ? { lastError: error } : {}) })
  }

  #counts(): Partial<EngineStatus> {
    const { quarantined, unknown } = this.#reading.state.marks
    return { ready: this.#complete, offset: this.#shown.offset, rows: countRows(this.#shown.state), quarantined, unknown }
  }

  #setStatus(change: Partial<EngineStatus>): void {
    // The latest is told.
    if (change.lastError) for (const member of this.#members) member.problem = null
    this.#status = { ...this.#status, ...change }
    this.#cancelStatus ??= this.#env.clock.after(STATUS_DELAY_MS, () => {
      this.#tell()
    })
  }

  #tell(): void {
    this.#cancelStatus?.()
    this.#cancelStatus = null
    for (const { session } of this.#members) session.status()
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
