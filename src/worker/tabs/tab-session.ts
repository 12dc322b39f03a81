import { abortable } from '../../shared/abortable.ts'
import { toErrorData, type ErrorData } from '../../shared/errors.ts'
import { parseStateEvent, type ChangeEvent } from '../../shared/events.ts'
import type { DiffBatch, InvalidEvent, StreamBatch } from '../../shared/batch.ts'
import type { TabContract, TabDescription } from '../../shared/calls.ts'
import { START_OFFSET, type Have, type Position } from '../../shared/position.ts'
import { RowDiff } from '../../shared/row-diff.ts'
import { pack } from '../../shared/row-table.ts'
import type { TabStatus } from '../../shared/status.ts'
import type { Subset, SubsetChange } from '../../shared/subset.ts'
import { emptyState, type State } from '../core/materialize.ts'
import { changesSince } from '../core/changes-since.ts'
import type { Subsets } from '../core/subsets/subsets.ts'
import type { Preview } from '../core/subsets/preview.ts'
import type { Clock } from '../ports.ts'
import { Credit } from './credit.ts'
import { EventQueue } from './event-queue.ts'
import { TabView } from './tab-view.ts'

/** Changed rows that one message carries at most: a few tens of ms of a tab's work, taken in slices there. */
const BATCH_ROWS = 2000
/** Rows of a progressive collection that go along at once, when there is nothing else. */
const FILL_ROWS = 500
/** Transaction ids that wait for a slow tab: the newest ones. */
const WAITING_TXIDS = 4096

const NO_STATE = emptyState([], '')
const NOWHERE: Position = { branch: '', seq: 0, digest: 0, offset: START_OFFSET }

/** A tab as the engine reaches it. */
export interface TabLink {
  readonly tab: TabContract
  /** Aborts when the tab is gone; nothing is then waited for any longer. */
  readonly gone: AbortSignal
}

/** What the state is worth. */
export interface Readiness {
  /** The collections can be shown. */
  readonly ready: boolean
  /** They cannot yet, but what there is may go to the tab already: more follows at once. */
  readonly flowing: boolean
  /** The server has not confirmed the rows. */
  readonly stale: boolean
}

/** What a stream batch did, as it is published. */
export interface Publication extends Readiness {
  /** What tabs are to see, and where it is. */
  readonly state: State
  readonly to: Position
  /** The stream has just been read to its end. */
  readonly atEnd: boolean
  /** What has changed in it since the last publication. */
  readonly diff: RowDiff
  readonly txids: ReadonlyArray<string>
  readonly events: ReadonlyArray<StreamBatch>
  readonly invalid: ReadonlyArray<InvalidEvent>
}

export interface SessionOptions {
  readonly clock: Clock
  readonly epoch: string
  readonly wantsEvents: boolean
  readonly tab: Pick<TabDescription, 'hasRows' | 'have' | 'modes' | 'subsets'>
  readonly subsets: Subsets
  readonly status: () => TabStatus
  /** The tab needs the whole state; called while the session waits, answered by `resync`. */
  readonly onResync: (session: TabSession) => void
  readonly onProblem: (error: ErrorData) => void
}

/** How the next batch continues what the tab has. */
type Continuation =
  /** The tab has brought rows along that are not compared with the state yet: until then it gets none. */
  | { readonly kind: 'undecided'; readonly have: Have }
  /** The batch follows what the tab has, but for these collections, whose rows it replaces. */
  | { readonly kind: 'follows'; readonly replaced: ReadonlyArray<string> }
  /** It replaces all rows: the tab cannot say what it has, or has lost it. */
  | { readonly kind: 'replaces' }

const FOLLOWS: Continuation = { kind: 'follows', replaced: [] }

/** What the tab is to see. */
interface Target extends Readiness {
  readonly state: State
}

/**
 * One tab's view of the engine: what the tab lacks, and the credit to send it. One message is in flight; until it is
 * answered, later changes of a row fold into one, and of the status only the latest counts. So a slow tab costs memory for its
 * changed rows, never for the events, and a frozen one costs one message.
 *
 * It is long because what is pending, what the next batch continues and the credit change together: each batch is made of all three.
 */
export class TabSession {
  readonly #link: TabLink
  readonly #options: SessionOptions
  readonly #pending = new RowDiff()
  readonly #view: TabView
  readonly #events: EventQueue
  readonly #credit: Credit
  /** Null until there is a state. */
  #target: Target | null = null
  #continuation: Continuation
  /** Where the tab is. */
  #from: string
  /** Where the tab will be with everything pending. */
  #to: Position = NOWHERE
  #txids: ReadonlyArray<string> = []
  /** What is pending is more than one batch, and has been sorted. */
  #isBacklog = false
  /** What the tab was last told. */
  #told: { readonly ready: boolean; readonly stale: boolean } | null = null
  /** The session follows the engine's publications. */
  #isOpen = false
  /** The status has changed since the tab was told. */
  #isStatusDue = false
  /** The whole state is to be made pending before the next batch. */
  #needsState = false

  constructor(link: TabLink, options: SessionOptions) {
    const { tab, subsets, wantsEvents, clock, onProblem } = options
    const { have, hasRows, modes } = tab
    this.#link = link
    this.#options = options
    this.#from = have?.offset ?? START_OFFSET
    this.#events = new EventQueue(wantsEvents)
    this.#credit = new Credit(clock, () => {
      this.#pump()
    })
    this.#view = new TabView({
      subsets,
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
    })
  }

  /** What the tab has brought along is newer than what was read so far. */
  get isAhead(): boolean {
    const have = this.#have
    return have !== null && this.#to.offset < have.upTo
  }

  /** Whether the tab still lacks rows. */
  get isBehind(): boolean {
    return this.#pending.size > 0 || this.#credit.isTaken
  }

  /** Gives the tab the whole state, or what it lacks of it, and lets everything later follow. */
  open(state: State, to: Position, txids: ReadonlyArray<string>, readiness: Readiness): void {
    this.#isOpen = true
    this.#txids = [...this.#txids, ...txids]
    this.#view.open(state, this.#have !== null)
    this.#to = to
    this.#aim(state, readiness)
    this.#catchUp(state, to, false)
    this.#pump()
  }

  /** The tab holds other subsets. */
  want(changes: ReadonlyArray<SubsetChange>, state: State): void {
    this.#view.want(changes, state)
    if (this.#target) this.#view.attach(this.#target.state, this.#target.ready)
    this.#credit.renew()
    this.#pump()
  }

  /** Shows rows that were stored of subsets; the state is still being read. */
  preview(find: (subset: Subset) => Preview | null): void {
    if (this.#target || this.#options.tab.hasRows) return
    this.#view.preview(find)
    this.#pump()
  }

  publish({ state, to, atEnd, diff, txids, events, invalid, ...readiness }: Publication): void {
    if (!this.#isOpen) return
    const have = this.#have
    this.#view.fold(diff, have !== null)
    this.#aim(state, readiness)
    // What was read before, and not shown in time, is not going to be.
    if (to.branch !== this.#to.branch) this.#txids = []
    this.#txids = [...this.#txids, ...txids].slice(-WAITING_TXIDS)
    // A tab that is ahead has been handed those up to its offset already.
    this.#events.add({ events, invalid }, have?.offset ?? '')
    this.#to = to
    this.#catchUp(state, to, atEnd)
    this.#pump()
  }

  /** The tab has lost its rows. */
  restart(): void {
    this.#needsState = true
    this.#credit.renew()
    this.#pump()
  }

  /** Makes everything pending again; the answer to `onResync`. */
  resync(state: State, to: Position): void {
    this.#continuation = { kind: 'replaces' }
    this.#pending.clear()
    this.#view.again(state)
    this.#to = to
    this.#isBacklog = false
  }

  /**
   * The engine's status has changed. No batch is sent here: the engine may be between a change of its rows and the publication that
   * says at which offset they are.
   */
  status(): void {
    this.#isStatusDue = true
    if (this.#credit.isFree && !this.#link.gone.aborted) this.#sendStatus()
  }

  /** Whether more raw events can be taken for the tab, or it is gone. */
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

  #aim(state: State, readiness: Readiness): void {
    this.#target = { state, ...readiness }
    this.#view.attach(state, readiness.ready)
  }

  /** What the tab has brought along is of use as soon as the state is as new: then it gets what it lacks. */
  #catchUp(state: State, to: Position, atEnd: boolean): void {
    const have = this.#have
    if (!have || this.#target?.flowing) return
    const { isAhead } = this
    if (isAhead && !atEnd) return
    // No tab can be ahead of a stream's end: this one was put back to an earlier state.
    const diff = !isAhead && state.lineage.holds(have) ? changesSince(state, have.seq) : null
    if (diff) {
      // Of subsets the tab cannot say which rows it has.
      this.#continuation = { kind: 'follows', replaced: this.#view.unknown }
      this.#view.fold(diff, false)
    } else {
      this.resync(state, to)
    }
  }

  #hasNews(): boolean {
    const { ready, stale, flowing } = this.#target ?? NO_TARGET
    if (!this.#events.isEmpty) return true
    if (this.#continuation.kind === 'undecided') return false
    // Until the rows are worth showing they wait here: sent once, in order, they cost the tab the least.
    if (!ready) return (flowing && this.#pending.size > 0) || this.#hasEarly
    return (
      this.#pending.size > 0 ||
      this.#view.hasNews ||
      this.#view.isFilling ||
      this.#to.offset !== this.#from ||
      this.#continuation.kind === 'replaces' ||
      this.#told?.ready !== ready ||
      this.#told.stale !== stale ||
      this.#txids.length > 0
    )
  }

  /** Something that is shown before the rest is worth it. */
  get #hasEarly(): boolean {
    return this.#view.hasNews || [...this.#view.early].some((name) => this.#pending.has(name))
  }

  /** The next batch ends the diff, and carries the status. */
  get #isNextLast(): boolean {
    return (this.#target?.ready ?? false) && this.#continuation.kind !== 'undecided' && this.#pending.size <= BATCH_ROWS
  }

  #pump(): void {
    if (!this.#credit.isFree || this.#link.gone.aborted) return
    if (this.#needsState) {
      this.#needsState = false
      this.#options.onResync(this)
    }
    this.#options.subsets.settle()
    const hasNews = this.#hasNews()
    // A long load must not keep back what its connection has come to.
    if (this.#isStatusDue && !(hasNews && this.#isNextLast)) this.#sendStatus()
    else if (hasNews) this.#sendBatch()
  }

  #sendStatus(): void {
    this.#isStatusDue = false
    this.#credit.take()
    const answered = (): void => {
      this.#credit.answered()
      this.#pump()
    }
    // A tab that fails at its status, or is gone, is noticed by its rows.
    abortable(Promise.resolve(this.#link.tab.status(this.#options.status())), this.#link.gone).then(answered, answered)
  }

  #sendBatch(): void {
    this.#credit.take()
    const batch = this.#next()
    // An answer that never comes is not waited for.
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
        // Rows can always be sent; raw events perhaps not, and then the second attempt fails as well.
        this.#retract(this.#credit.hasRefused ? { ...batch, events: [], invalid: [] } : batch)
        this.#pump()
      },
    )
  }

  #onAnswer(): void {
    const missed = this.#events.answered()
    if (missed > 0) this.#options.onProblem({ code: 'TAB_GONE', message: `a tab did not answer, and has missed ${String(missed)} raw events`, retryable: false })
  }

  /** The tab did not take the batch: it gets the whole state, and what else the batch carried. */
  #retract(batch: DiffBatch): void {
    if (batch.branch === this.#to.branch) this.#txids = [...batch.txids, ...this.#txids].slice(-WAITING_TXIDS)
    this.#events.putBack(batch)
    this.#needsState = true
    this.#credit.refused()
  }

  #next(): DiffBatch {
    const { state, ready, stale, flowing } = this.#target ?? NO_TARGET
    const showsAll = ready || flowing
    const isUndecided = this.#continuation.kind === 'undecided'
    const isFill = ready && this.#pending.size < FILL_ROWS && this.#view.fill(state, FILL_ROWS - this.#pending.size)
    if (!this.#isBacklog && this.#pending.size > BATCH_ROWS) this.#pending.sort()
    const diffs = isUndecided ? [] : this.#pending.drain(BATCH_ROWS, showsAll ? this.#view.urgent : this.#view.early, !showsAll)
    this.#isBacklog = this.#pending.size > 0
    const last = ready && !this.#isBacklog && !isUndecided
    const { events, invalid } = this.#events.take()
    const batch: DiffBatch = {
      epoch: this.#options.epoch,
      from: this.#from,
      to: this.#to.offset,
      branch: this.#to.branch,
      seq: this.#to.seq,
      digest: this.#to.digest,
      last,
      diffs: diffs.map((diff) => ({ ...diff, rows: pack(diff.rows) })),
      replace: this.#continuation.kind === 'replaces',
      replaced: this.#continuation.kind === 'follows' ? this.#continuation.replaced : [],
      served: isUndecided ? [] : this.#view.serve(),
      filling: this.#view.filling,
      isFill,
      txids: last ? this.#txids : [],
      ready: last ? ready : (this.#told?.ready ?? false),
      // Without a state, rows are a preview.
      stale: last ? stale : (this.#told?.stale ?? this.#target === null),
      status: last ? this.#options.status() : null,
      events: events.map((stream) => ({ ...stream, changes: stream.items.filter((item): item is ChangeEvent => parseStateEvent(item).kind === 'change') })),
      invalid,
    }
    if (!isUndecided) this.#continuation = FOLLOWS
    if (last) {
      this.#txids = []
      this.#told = { ready, stale }
      this.#isStatusDue = false
    }
    return batch
  }
}

const NO_TARGET: Target = { state: NO_STATE, ready: false, flowing: false, stale: false }
