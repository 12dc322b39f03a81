import { abortable } from '../../shared/abortable.ts'
import { toErrorData, type ErrorData } from '../../shared/errors.ts'
import { parseStateEvent, type ChangeEvent } from '../../shared/events.ts'
import type { DiffBatch, InvalidEvent, StreamBatch } from '../../shared/batch.ts'
import type { MaybePromise, TabContract, TabDescription } from '../../shared/calls.ts'
import { START_OFFSET, type Have, type Position } from '../../shared/position.ts'
import { RowDiff, type CollectionDiff, type DrainedDiff } from '../../shared/row-diff.ts'
import { pack } from '../../shared/row-table.ts'
import type { RowData } from '../../shared/row.ts'
import type { TabStatus } from '../../shared/status.ts'
import type { Subset, SubsetChange } from '../../shared/subset.ts'
import { NO_OUTBOX_NEWS, type OutboxNews, type Write } from '../../shared/write.ts'
import { emptyState, type VisibleState } from '../core/materialize.ts'
import { changesSince } from '../core/changes-since.ts'
import type { RowAddress } from '../core/overlay.ts'
import type { Subsets } from '../core/subsets/subsets.ts'
import type { Preview } from '../core/subsets/preview.ts'
import type { Clock } from '../ports.ts'
import { Credit } from './credit.ts'
import { EventQueue } from './event-queue.ts'
import { OutboxQueue } from './outbox-queue.ts'
import { PositionNews } from './position-news.ts'
import type { ResultHolds } from './result-view.ts'
import { RisingRows } from './rising-rows.ts'
import { StoredWrites } from './stored-writes.ts'
import { TabView } from './tab-view.ts'

/** The most changed rows of one message: a few tens of ms of a tab's work, which the tab does in slices. */
const BATCH_ROWS = 2000
/** A batch with fewer rows than this is filled up with rows of progressive collections. */
const FILL_ROWS = 500
/** The most transaction ids that wait for a slow tab; the oldest are dropped. */
const WAITING_TXIDS = 4096

const NO_STATE = emptyState([], '')
const NOWHERE: Position = { branch: '', seq: 0, digest: 0, offset: START_OFFSET }

/** A tab as the engine reaches it. */
export interface TabLink {
  readonly tab: TabContract
  /** Aborts when the tab is gone; all waits for the tab then end. */
  readonly gone: AbortSignal
}

/** How far the state can be shown. */
export interface Readiness {
  /** The collections can be shown. */
  readonly ready: boolean
  /** The collections cannot be shown yet, but their rows may go to the tab already: more rows follow at once. */
  readonly flowing: boolean
  /** The server has not confirmed the rows. */
  readonly stale: boolean
}

/** The effects of a stream batch, as they are published. */
export interface Publication extends Readiness {
  /** The state that tabs are to show, and its position. */
  readonly state: VisibleState
  readonly to: Position
  /** The stream has just been read to its end. */
  readonly atEnd: boolean
  /** The changes of the state since the last publication. */
  readonly diff: RowDiff
  readonly txids: ReadonlyArray<string>
  readonly events: ReadonlyArray<StreamBatch>
  readonly invalid: ReadonlyArray<InvalidEvent>
  /** The changes come from the outbox: a tab that waits for other rows gets them at once. */
  readonly isOfOutbox: boolean
}

/** The pending changes that are laid over the rows. */
export interface PendingRows {
  /** Keys of the diff's rows, and of its deleted rows, that show pending changes. */
  keysOf(diff: DrainedDiff): ReadonlyArray<string>
  /** The present rows of all keys with pending changes, and of these keys. */
  rowsOf(keys: TabDescription['pendingKeys']): RowDiff
}

export interface SessionOptions {
  readonly clock: Clock
  readonly epoch: string
  readonly wantsEvents: boolean
  readonly tab: Pick<TabDescription, 'hasRows' | 'have' | 'modes' | 'subsets' | 'pendingKeys' | 'failovers'>
  readonly subsets: Subsets
  readonly results: ResultHolds
  readonly pendingRows: PendingRows
  readonly status: () => TabStatus
  /** The tab needs the whole state; called while the session waits, answered by `resync`. */
  readonly onResync: (session: TabSession) => void
  readonly onProblem: (error: ErrorData) => void
}

/** How the next batch continues what the tab has. */
type Continuation =
  /** The tab has rows of an earlier engine, which are not compared with the state yet: until then it gets no rows. */
  | { readonly kind: 'undecided'; readonly have: Have }
  /** The batch follows the tab's rows, except in these collections, whose rows it replaces. */
  | { readonly kind: 'follows'; readonly replaced: ReadonlyArray<string> }
  /** It replaces all rows: the tab cannot say what it has, or has lost it. */
  | { readonly kind: 'replaces' }

const FOLLOWS: Continuation = { kind: 'follows', replaced: [] }

/** The state that the tab is to show. */
interface Target extends Readiness {
  readonly state: VisibleState
}

/**
 * One tab's view of the engine: the rows that the tab lacks, and the credit to send them. One message is in flight; until it is
 * answered, later changes of a row fold into one change, and only the latest status counts. So a slow tab costs memory for its
 * changed rows, never for the events, and a frozen tab costs one message.
 *
 * It is long because the pending rows, the continuation and the credit change together: each batch is made of all three.
 */
export class TabSession {
  readonly #link: TabLink
  readonly #options: SessionOptions
  readonly #pending = new RowDiff()
  /** Rows that go before the pending ones. */
  readonly #rising = new RisingRows()
  readonly #view: TabView
  readonly #events: EventQueue
  readonly #credit: Credit
  readonly #position: PositionNews
  readonly #news = new OutboxQueue()
  readonly #stored = new StoredWrites()
  /** The last message was a batch. */
  #wasBatch = false
  /** Null until there is a state. */
  #target: Target | null = null
  #continuation: Continuation
  /** Offset of the tab's rows. */
  #from: string
  /** Position of the tab's rows once everything pending is applied. */
  #to: Position = NOWHERE
  #txids: ReadonlyArray<string> = []
  /** The pending rows are more than one batch, and have been sorted. */
  #isBacklog = false
  /** What the tab was last told. */
  #told: { readonly ready: boolean; readonly stale: boolean } | null = null
  #isOpen = false
  /** The status has changed since the tab was told. */
  #isStatusDue = false
  /** The whole state is to be made pending before the next batch. */
  #needsState = false

  constructor(link: TabLink, options: SessionOptions) {
    const { tab, subsets, results, wantsEvents, clock, onProblem } = options
    const { have, hasRows, modes } = tab
    this.#link = link
    this.#options = options
    this.#from = have?.offset ?? START_OFFSET
    this.#events = new EventQueue(wantsEvents)
    this.#credit = new Credit(clock, () => {
      this.#pump()
    })
    this.#position = new PositionNews(clock, () => {
      this.#pump()
    })
    this.#view = new TabView({
      subsets,
      results,
      pending: this.#pending,
      modes,
      hasRows,
      onRefused: (error) => {
        onProblem(toErrorData(error, 'INVALID_OPTIONS'))
      },
    })
    this.#view.want(tab.subsets, NO_STATE)
    this.#continuation = have ? { kind: 'undecided', have } : hasRows ? { kind: 'replaces' } : FOLLOWS
    link.gone.addEventListener('abort', () => {
      this.#view.close()
      this.#events.wake()
      this.#credit.close()
      this.#position.close()
    })
  }

  /** The session follows the engine's publications. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** The tab comes from another engine. */
  get isReturning(): boolean {
    return this.#options.tab.failovers > 0
  }

  /** The rows that the tab has of an earlier engine are newer than the state. */
  get isAhead(): boolean {
    const have = this.#have
    return have !== null && this.#to.offset < have.upTo
  }

  /** Offset of the rows that the tab has been sent. */
  get offset(): string {
    return this.#from
  }

  /** The tab lacks stored rows that it is to show before there is a state. */
  get owesPreview(): boolean {
    return this.#target === null && !this.#link.gone.aborted && (this.#hasEarly || (this.#wasBatch && this.#credit.isTaken))
  }

  /** Whether the tab still lacks rows. */
  get isBehind(): boolean {
    return this.#owed > 0 || this.#credit.isTaken
  }

  /** Gives the tab the whole state, or what it lacks of it, and lets everything later follow. */
  open(state: VisibleState, to: Position, txids: ReadonlyArray<string>, readiness: Readiness): void {
    this.#isOpen = true
    this.#txids = [...this.#txids, ...txids]
    this.#view.open(state, this.#have !== null)
    // The tab may still have rows, or lack rows, because of pending changes that this engine does not have.
    if (this.#continuation.kind !== 'undecided') this.#view.fold(this.#options.pendingRows.rowsOf(this.#options.tab.pendingKeys), false)
    // As in `publish`.
    if (this.#options.pendingRows.rowsOf({}).size === 0) this.#rise(this.#pending, readiness)
    this.#to = to
    this.#aim(state, readiness)
    this.#catchUp(state, to, false)
    this.#pump()
  }

  /** The results of queries that the tab wants. */
  get results(): ReadonlyArray<string> {
    return this.#view.results.names
  }

  /** The tab holds other subsets. */
  want(changes: ReadonlyArray<SubsetChange>, state: VisibleState): void {
    this.#view.want(changes, state)
    if (this.#target) this.#view.attach(this.#target.state, this.#target.ready)
    this.#credit.renew()
    this.#pump()
  }

  /** Shows the stored rows of subsets, while the state is still being read. */
  preview(find: (subset: Subset) => Preview | null): void {
    if (this.#target || this.#options.tab.hasRows) return
    this.#view.preview(find)
    this.#pump()
  }

  /** Shows the stored rows of results, until they are known. */
  previewResults(find: (subset: Subset) => Preview | null): void {
    if (this.#options.tab.hasRows) return
    this.#view.results.preview(find)
    this.#pump()
  }

  publish({ state, to, atEnd, diff, txids, events, invalid, isOfOutbox, ...readiness }: Publication): void {
    if (!this.#isOpen) return
    const have = this.#have
    this.#rising.forget(diff)
    this.#view.fold(diff, have !== null)
    // The key of an unsent write may be the highest of all: then no other row would rise.
    if (!isOfOutbox) this.#rise(diff, readiness)
    if (isOfOutbox && !this.#isCalm) this.#stored.hurry(this.#view.keysOf(diff))
    this.#aim(state, readiness)
    // The branch has changed: the rows of the former branch's unsent transactions will not be shown.
    if (to.branch !== this.#to.branch) this.#txids = []
    this.#txids = [...this.#txids, ...txids].slice(-WAITING_TXIDS)
    // A tab that is ahead has been handed the events up to its offset already.
    this.#events.add({ events, invalid }, have?.offset ?? '')
    this.#to = to
    this.#catchUp(state, to, atEnd)
    this.#pump()
  }

  /** A write of the tab is stored. Its rows are in the state, or come with the next publication. */
  acknowledge({ id, mutations }: Write): void {
    const addresses = mutations.filter(({ collection }) => this.#view.takesAll(collection)).map(({ collection, key }): RowAddress => [collection, key])
    this.#stored.add({ id, addresses }, !this.#isCalm)
  }

  /** The list of pending writes has changed. A session that is not open yet takes only the refused writes: it gets the list when it is opened. */
  outbox(news: OutboxNews): void {
    this.#news.add(this.#isOpen ? news : { ...NO_OUTBOX_NEWS, rejected: news.rejected })
    // The rows of the same change are published in this task, and go first.
    void Promise.resolve().then(() => {
      this.#pump()
    })
  }

  /** The tab has lost its rows. */
  restart(): void {
    this.#needsState = true
    this.#credit.renew()
    this.#pump()
  }

  /** The rows that were shown are not valid. A tab that shows those of an earlier engine was sent none of them, and keeps its own. */
  invalidate(): void {
    if (this.#continuation.kind !== 'undecided') this.restart()
  }

  /** Makes everything pending again; the answer to `onResync`. */
  resync(state: VisibleState, to: Position): void {
    this.#continuation = { kind: 'replaces' }
    this.#pending.clear()
    this.#rising.clear()
    // A session that is not open yet hears of no changes: it gets the state of the moment at which it is opened.
    if (!this.#isOpen) return
    this.#view.again(state)
    // A row that pending changes remove is not in the state. The tab has to know of it: the next engine may not have these changes.
    this.#view.fold(this.#options.pendingRows.rowsOf({}), false)
    this.#to = to
    this.#isBacklog = false
  }

  /**
   * The engine's status has changed. No batch is sent here: the engine may have changed its rows, and not yet published the
   * offset of the change.
   */
  status(): void {
    this.#isStatusDue = true
    if (this.#credit.isFree && !this.#link.gone.aborted) this.#sendStatus()
  }

  /** Whether the queue takes more raw events for the tab; true also when the tab is gone. */
  get hasRoom(): boolean {
    return this.#events.hasRoom || this.#link.gone.aborted
  }

  /** Settles when the session {@link hasRoom}. */
  async room(): Promise<void> {
    if (!this.#link.gone.aborted) await this.#events.room()
  }

  /** The tab is not waited for any longer, because it may be frozen. It goes without raw events until it answers. */
  miss(): void {
    this.#events.miss()
  }

  get #have(): Have | null {
    return this.#continuation.kind === 'undecided' ? this.#continuation.have : null
  }

  /** Number of rows that the tab lacks. */
  get #owed(): number {
    return this.#pending.size + this.#rising.size
  }

  /** Rows of a first load go out before the load is whole: the tab has no others. */
  #rise(changed: RowDiff, { ready, flowing }: Readiness): void {
    if (ready || flowing || this.#continuation.kind !== 'follows' || this.#options.tab.hasRows) return
    this.#rising.take(this.#pending, changed, (name) => this.#view.isEager(name))
  }

  /** Whatever changes is sent in the next batch. */
  get #isCalm(): boolean {
    return this.#isNextLast && !this.#isBacklog
  }

  /**
   * A row of the state for {@link StoredWrites}. While the cache is being read, a row that is not there may follow. A tab that has the row
   * already would lose it until then: the row of a write that is in the stream by now, or one that a write only changes in part.
   */
  readonly #rowOf = (collection: string, key: string): RowData | null | undefined => {
    const { state, flowing } = this.#target ?? NO_TARGET
    return state.rows.get(collection)?.get(key) ?? (flowing ? undefined : null)
  }

  #aim(state: VisibleState, readiness: Readiness): void {
    this.#target = { state, ...readiness }
    this.#view.attach(state, readiness.ready)
  }

  /** Compares the tab's own rows with the state, once the state is as new: the tab then gets only the rows that it lacks. */
  #catchUp(state: VisibleState, to: Position, atEnd: boolean): void {
    const have = this.#have
    if (!have || this.#target?.flowing) return
    const { isAhead } = this
    if (isAhead && !atEnd) return
    // No tab can be ahead of a stream's end: the stream was put back to an earlier state.
    const diff = !isAhead && state.lineage.holds(have) ? changesSince(state, have.seq) : null
    if (diff) {
      // The tab cannot say which rows of subsets it has.
      this.#continuation = { kind: 'follows', replaced: this.#view.unknown }
      // The tab may show pending changes that are gone, or not show others: a pending deletion leaves no mark on the state.
      diff.fold(this.#options.pendingRows.rowsOf(this.#options.tab.pendingKeys))
      diff.fold(this.#options.pendingRows.rowsOf(this.#stored.goneEarly))
      this.#view.fold(diff, false)
    } else {
      this.resync(state, to)
    }
  }

  #hasNews(): boolean {
    const { ready, flowing } = this.#target ?? NO_TARGET
    if (!this.#events.isEmpty) return true
    if (this.#isOpen && this.#stored.hasEarly(this.#rowOf)) return true
    if (this.#continuation.kind === 'undecided') return false
    // Other rows that cannot be shown yet wait here: sent once, in order, they cost the tab the least.
    if (!ready) return (flowing && this.#pending.size > 0) || this.#rising.size > 0 || this.#hasEarly
    return (
      this.#owed > 0 ||
      this.#view.hasNews ||
      this.#view.isFilling ||
      (this.#to.offset !== this.#from && this.#position.isDue) ||
      this.#continuation.kind === 'replaces' ||
      this.#told?.ready !== ready ||
      this.#told.stale !== this.#isStale ||
      this.#txids.length > 0 ||
      this.#stored.hasNews
    )
  }

  /** The tab is told that it may show old rows. */
  get #isStale(): boolean {
    return (this.#target?.stale ?? false) || this.#view.results.isOld
  }

  /** There are rows or subsets that the tab shows before the state is ready. */
  get #hasEarly(): boolean {
    return this.#view.hasNews || [...this.#view.early].some((name) => this.#pending.has(name))
  }

  /** The next batch ends the diff, and carries the status. */
  get #isNextLast(): boolean {
    return (this.#target?.ready ?? false) && this.#continuation.kind !== 'undecided' && this.#owed <= BATCH_ROWS
  }

  #pump(): void {
    if (!this.#credit.isFree || this.#link.gone.aborted) return
    if (this.#needsState) {
      this.#needsState = false
      this.#options.onResync(this)
    }
    this.#options.subsets.settle()
    const hasNews = this.#hasNews()
    // The list takes turns with the rows; until the tab can show its rows, they go first.
    const isOutboxDue = this.#isOpen && !this.#news.isEmpty && (!hasNews || (this.#wasBatch && this.#told?.ready === true))
    this.#wasBatch = false
    // A long load must not delay the connection's status, nor a busy stream the list of pending writes. Before there is a state, the rows
    // are few, and what the tab waits for.
    if (this.#isStatusDue && !(hasNews && (this.#isNextLast || this.#target === null))) this.#sendStatus()
    else if (isOutboxDue) this.#send(() => this.#link.tab.outbox(this.#news.take()))
    else if (hasNews) this.#sendBatch()
  }

  #sendStatus(): void {
    this.#isStatusDue = false
    this.#send(() => this.#link.tab.status(this.#options.status()))
  }

  /** Sends a message that is no batch. A failed call is ignored: the next batch shows whether the tab has a problem. */
  #send(call: () => MaybePromise<void>): void {
    this.#credit.take()
    const answered = (): void => {
      this.#credit.answered()
      this.#pump()
    }
    abortable((async () => call())(), this.#link.gone).then(answered, answered)
  }

  #sendBatch(): void {
    this.#wasBatch = true
    this.#credit.take()
    const batch = this.#next()
    // Ends when the tab is gone: its answer would never come.
    abortable(this.#link.tab.apply(batch), this.#link.gone).then(
      (ack) => {
        this.#onAnswer()
        if (ack === 'applied') {
          this.#credit.applied()
          if (batch.last) this.#from = batch.to
        } else {
          this.#retract(batch)
        }
        this.#pump()
      },
      (error: unknown) => {
        this.#onAnswer()
        if (this.#link.gone.aborted) return
        this.#options.onProblem(toErrorData(error, 'TAB_GONE'))
        // Raw events may be impossible to send: after a second failure in a row only the rows are sent again.
        this.#retract(this.#credit.hasRefused ? { ...batch, events: [], invalid: [] } : batch)
        this.#pump()
      },
    )
  }

  #onAnswer(): void {
    const missed = this.#events.answered()
    if (missed > 0) this.#options.onProblem({ code: 'TAB_GONE', message: `a tab did not answer, and has missed ${String(missed)} raw events`, retryable: false })
  }

  /** The tab did not take the batch: it gets the whole state, and the batch's txids, events and reports once more. */
  #retract(batch: DiffBatch): void {
    if (batch.branch === this.#to.branch) this.#txids = [...batch.txids, ...this.#txids].slice(-WAITING_TXIDS)
    this.#events.putBack(batch)
    this.#stored.putBack(!(this.#target?.ready ?? false))
    this.#needsState = true
    this.#credit.refused()
  }

  /**
   * The next engine compares the rows that are named as pending. While the tab's position is that of an earlier engine, these are all
   * rows that have gone early, also those whose pending changes were taken back.
   * @param isCovered the rows are those of the batch's position
   */
  #packed(diff: DrainedDiff, isCovered: boolean): CollectionDiff {
    const pending = isCovered ? this.#options.pendingRows.keysOf(diff) : (this.#stored.goneEarly[diff.collection] ?? [])
    return { ...diff, rows: pack(diff.rows), ...(pending.length > 0 ? { pending } : {}) }
  }

  #drain(showsAll: boolean): ReadonlyArray<DrainedDiff> {
    const rising = this.#rising.drain(BATCH_ROWS)
    const left = BATCH_ROWS - rising.reduce((sum, { rows }) => sum + rows.length, 0)
    return [...rising, ...this.#pending.drain(left, showsAll ? this.#view.urgent : this.#view.early, !showsAll)]
  }

  #next(): DiffBatch {
    const { state, ready, flowing } = this.#target ?? NO_TARGET
    const stale = this.#isStale
    const showsAll = ready || flowing
    const have = this.#have
    const isUndecided = have !== null
    const isFill = ready && this.#pending.size < FILL_ROWS && this.#view.fill(state, FILL_ROWS - this.#pending.size)
    const sorts = showsAll && !this.#isBacklog && this.#pending.size > BATCH_ROWS
    if (sorts) this.#pending.sort()
    const own = isUndecided ? [] : this.#drain(showsAll)
    this.#isBacklog = this.#pending.size > 0 && (sorts || this.#isBacklog)
    const last = ready && this.#owed === 0 && !isUndecided
    // Without a state the rows of an acknowledgement are not known.
    const stored = this.#target ? this.#stored.take(last, this.#rowOf) : NO_ACKNOWLEDGEMENTS
    const diffs = [...own, ...stored.rows.drain(Infinity)]
    const { events, invalid } = this.#events.take()
    const batch: DiffBatch = {
      epoch: this.#options.epoch,
      from: this.#from,
      // Until the rows are compared, the tab keeps its own position.
      ...(have ? { to: have.offset, branch: have.branch, seq: have.seq, digest: have.digest } : positionIn(this.#to)),
      last,
      diffs: diffs.map((diff) => this.#packed(diff, !isUndecided)),
      replace: this.#continuation.kind === 'replaces',
      replaced: isUndecided ? [] : [...(this.#continuation.kind === 'follows' ? this.#continuation.replaced : []), ...this.#view.results.takeBegun()],
      served: isUndecided ? [] : this.#view.serve(),
      filling: this.#view.filling,
      isFill,
      txids: last ? this.#txids : [],
      stored: stored.ids,
      ready: last ? ready : (this.#told?.ready ?? false),
      // Without a state, rows are a preview.
      stale: last ? stale : (this.#told?.stale ?? this.#target === null) || this.#view.results.isOld,
      status: last ? this.#options.status() : null,
      events: events.map((stream) => ({ ...stream, changes: stream.items.filter((item): item is ChangeEvent => parseStateEvent(item).kind === 'change') })),
      invalid,
    }
    if (!isUndecided) this.#continuation = FOLLOWS
    if (last) {
      this.#position.told()
      this.#txids = []
      this.#told = { ready, stale }
      this.#isStatusDue = false
    }
    return batch
  }
}

const NO_ACKNOWLEDGEMENTS: ReturnType<StoredWrites['take']> = { ids: [], rows: new RowDiff() }

/** The part of a batch that says where it leads. */
const positionIn = ({ offset, branch, seq, digest }: Position): Pick<DiffBatch, 'to' | 'branch' | 'seq' | 'digest'> => ({ to: offset, branch, seq, digest })

const NO_TARGET: Target = { state: NO_STATE, ready: false, flowing: false, stale: false }
