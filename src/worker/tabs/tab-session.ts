import { abortable } from '../../shared/abortable.ts'
import { toErrorData, type ErrorData } from '../../shared/errors.ts'
import { parseStateEvent, type ChangeEvent } from '../../shared/events.ts'
import type { DiffBatch, InvalidEvent, StreamBatch } from '../../shared/batch.ts'
import type { TabContract } from '../../shared/calls.ts'
import { START_OFFSET, type Have, type Position } from '../../shared/position.ts'
import { RowDiff } from '../../shared/row-diff.ts'
import { pack } from '../../shared/row-table.ts'
import type { SyncMode } from '../../shared/state-schema.ts'
import type { EngineStatus } from '../../shared/status.ts'
import type { Subset, SubsetChange } from '../../shared/subset.ts'
import { emptyState, type State } from '../core/materialize.ts'
import { changesSince } from '../core/changes-since.ts'
import type { Subsets } from '../core/subsets/subsets.ts'
import { withoutTooDeep } from './raw-events.ts'
import { TabView, type Preview } from './tab-view.ts'

/** Changed rows that one message carries at most: a few tens of ms of a tab's work, taken in slices there. */
const BATCH_ROWS = 2000
/** Rows of a progressive collection that go along at once, when there is nothing else. */
const FILL_ROWS = 500
/** Events that wait for a tab that wants them; beyond that the stream waits for the tab. */
const WAITING_ITEMS = 20_000
/** Transaction ids and reports that wait for a slow tab: the newest ids, the first reports. */
const WAITING_TXIDS = 4096
const WAITING_REPORTS = 1000
/** Refusals in a row after which a tab is left alone until there is news. */
const REFUSALS = 3

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
  readonly epoch: string
  readonly wantsEvents: boolean
  /** The tab shows rows already: unless they are those that it says it has, the first diff replaces them. */
  readonly hasRows: boolean
  readonly have: Have | null
  readonly modes: Readonly<Record<string, SyncMode>>
  /** What the tab holds of collections that are not eager. */
  readonly wants: ReadonlyArray<SubsetChange>
  readonly subsets: Subsets
  readonly status: () => EngineStatus
  /** The tab needs the whole state; called while the session waits, answered by `resync`. */
  readonly onResync: (session: TabSession) => void
  readonly onProblem: (error: ErrorData) => void
}

/**
 * One tab's view of the engine: what the tab lacks, and the credit to send it. One diff batch is in flight; until it is
 * acknowledged, later changes of a row fold into one. A slow tab so costs memory for its changed rows, never for the
 * events.
 */
export class TabSession {
  readonly #link: TabLink
  readonly #epoch: string
  readonly #wantsEvents: boolean
  readonly #engineStatus: SessionOptions['status']
  readonly #onResync: SessionOptions['onResync']
  readonly #onProblem: SessionOptions['onProblem']
  readonly #pending = new RowDiff()
  readonly #view: TabView
  readonly #subsets: Subsets
  /** The tab shows no rows. */
  #isNew: boolean
  /** What the tab is to see. */
  #state: State | null = null
  #txids: string[] = []
  #events: StreamBatch[] = []
  #invalid: InvalidEvent[] = []
  /** Where the tab is. */
  #from: string
  /** Where the tab will be with everything pending. */
  #to: Position = NOWHERE
  /** What the tab has brought along, as long as that is ahead of the engine: until then it gets no rows. */
  #have: Have | null
  #ready = false
  #flowing = false
  #stale = false
  /** What is pending is more than one batch, and has been sorted. */
  #isBacklog = false
  /** What the tab was last told. */
  #told: { ready: boolean; stale: boolean } | null = null
  #replace: boolean
  /** Collections whose rows are replaced, whatever the tab has of the others. */
  #replaced: ReadonlyArray<string>
  /** Batches refused in a row. A tab that refuses everything is tried again only when there is news. */
  #failures = 0
  #open = false
  #inFlight = false
  #room: (() => void)[] = []
  /** Raw events that the tab was too slow for; while there are any, it gets no others. */
  #missed = 0

  constructor(link: TabLink, options: SessionOptions) {
    this.#link = link
    this.#epoch = options.epoch
    this.#from = options.have?.offset ?? START_OFFSET
    this.#have = options.have
    this.#wantsEvents = options.wantsEvents
    this.#replace = options.hasRows && !options.have
    this.#engineStatus = options.status
    this.#onResync = options.onResync
    this.#onProblem = options.onProblem
    this.#view = new TabView({
      subsets: options.subsets,
      pending: this.#pending,
      modes: options.modes,
      hasRows: options.hasRows,
      onRefused: (error) => {
        this.#onProblem(toErrorData(error, 'INVALID_OPTIONS'))
      },
    })
    this.#view.want(options.wants, NO_STATE)
    this.#subsets = options.subsets
    this.#isNew = !options.hasRows
    // Which rows it has of those it cannot say.
    this.#replaced = options.hasRows ? this.#view.unknown : []
    link.gone.addEventListener('abort', () => {
      this.#view.close()
      this.#makeRoom()
    })
  }

  /** What the tab has brought along is newer than what was read so far. */
  get isAhead(): boolean {
    return this.#have !== null && this.#to.offset < this.#have.upTo
  }

  /** Whether the tab still lacks rows. */
  get isBehind(): boolean {
    return this.#pending.size > 0 || this.#inFlight
  }

  /** Gives the tab the whole state, or what it lacks of it, and lets everything later follow. */
  open(state: State, to: Position, txids: ReadonlyArray<string>, readiness: Readiness): void {
    this.#open = true
    this.#txids.push(...txids)
    this.#view.open(state, this.#have !== null)
    this.#to = to
    this.#setReadiness(state, readiness)
    this.#catchUp(state, to, false)
    this.#pump()
  }

  /** The tab holds other subsets. */
  want(changes: ReadonlyArray<SubsetChange>, state: State): void {
    this.#view.want(changes, state)
    if (this.#state) this.#view.attach(this.#state, this.#ready)
    this.#failures = 0
    this.#pump()
  }

  /** Shows rows that were stored of subsets; the state is still being read. */
  preview(find: (subset: Subset) => Preview | null): void {
    if (this.#state || !this.#isNew) return
    this.#view.preview(find)
    this.#pump()
  }

  #setReadiness(state: State, { ready, flowing, stale }: Readiness): void {
    this.#state = state
    this.#ready = ready
    this.#flowing = flowing
    this.#stale = stale
    this.#view.attach(state, ready)
  }

  publish({ state, to, atEnd, diff, txids, events, invalid, ...readiness }: Publication): void {
    if (!this.#open) return
    this.#view.fold(diff, this.#have !== null)
    this.#setReadiness(state, readiness)
    // What was read before, and not shown in time, is not going to be.
    if (to.branch !== this.#to.branch) this.#txids = []
    this.#txids = [...this.#txids, ...txids].slice(-WAITING_TXIDS)
    // A tab that is ahead has been handed those up to its offset already.
    const { offset = '' } = this.#have ?? {}
    if (this.#wantsEvents) {
      const fresh = withoutTooDeep({ events: events.filter((batch) => offset < batch.offset), invalid })
      if (this.#missed > 0) this.#missed += countItems(fresh.events)
      else this.#events.push(...fresh.events)
      this.#report(fresh.invalid)
    } else {
      this.#report(invalid)
    }
    this.#to = to
    this.#failures = 0
    this.#catchUp(state, to, atEnd)
    this.#pump()
  }

  #report(invalid: ReadonlyArray<InvalidEvent>): void {
    this.#invalid = [...this.#invalid, ...invalid].slice(0, WAITING_REPORTS)
  }

  /** The tab has lost its rows. */
  restart(): void {
    this.#replace = true
    this.#onResync(this)
    this.#pump()
  }

  /** Makes everything pending again; the answer to `onResync`. */
  resync(state: State, to: Position): void {
    this.#have = null
    this.#snapshot(state, to)
  }

  /** What the tab has brought along is of use as soon as the state is as new: then it gets what it lacks. */
  #catchUp(state: State, to: Position, atEnd: boolean): void {
    const have = this.#have
    if (!have || this.#flowing) return
    const { isAhead } = this
    if (isAhead && !atEnd) return
    this.#have = null
    // No tab can be ahead of a stream's end: this one was put back to an earlier state.
    const diff = !isAhead && state.lineage.holds(have) ? changesSince(state, have.seq) : null
    if (diff) {
      this.#view.fold(diff, false)
    } else {
      this.#replace = true
      this.#snapshot(state, to)
    }
  }

  /** Tells the tab the engine's status. */
  status(): void {
    if (!this.#link.gone.aborted) this.#link.tab.status(this.#engineStatus())
  }

  /** Whether more raw events can be taken for the tab, or it is gone. */
  get hasRoom(): boolean {
    return countItems(this.#events) < WAITING_ITEMS || this.#link.gone.aborted
  }

  /** Settles when the session {@link hasRoom}. */
  async room(): Promise<void> {
    if (this.hasRoom) return
    await new Promise<void>((resolve) => this.#room.push(resolve))
  }

  /** Nobody waits for the tab any longer: it is frozen, perhaps. It goes without raw events until it answers. */
  miss(): void {
    this.#missed += countItems(this.#events)
    this.#events = []
    this.#makeRoom()
  }

  #onAnswer(): void {
    this.#inFlight = false
    if (this.#missed === 0) return
    this.#onProblem({ code: 'TAB_GONE', message: `a tab did not answer, and has missed ${String(this.#missed)} raw events`, retryable: false })
    this.#missed = 0
  }

  #snapshot(state: State, to: Position): void {
    this.#pending.clear()
    this.#view.again(state)
    this.#to = to
    this.#isBacklog = false
  }

  #hasNews(): boolean {
    if (this.#have) return this.#events.length + this.#invalid.length > 0
    // Until the rows are worth showing they wait here: sent once, in order, they cost the tab the least.
    if (!this.#ready) return this.#events.length + this.#invalid.length > 0 || (this.#flowing && this.#pending.size > 0) || this.#hasEarly
    return (
      this.#pending.size > 0 ||
      this.#view.hasNews ||
      this.#view.isFilling ||
      this.#to.offset !== this.#from ||
      this.#replace ||
      this.#told?.ready !== this.#ready ||
      this.#told.stale !== this.#stale ||
      this.#txids.length + this.#events.length + this.#invalid.length > 0
    )
  }

  /** Something that is shown before the rest is worth it. */
  get #hasEarly(): boolean {
    return this.#view.hasNews || [...this.#view.early].some((name) => this.#pending.has(name))
  }

  #pump(): void {
    if (this.#inFlight || this.#link.gone.aborted || this.#failures >= REFUSALS) return
    this.#subsets.settle()
    if (!this.#hasNews()) return
    this.#inFlight = true
    const batch = this.#next()
    // An answer that never comes is not waited for.
    abortable(this.#link.tab.apply(batch), this.#link.gone).then(
      (ack) => {
        this.#onAnswer()
        if (ack === 'applied') {
          this.#failures = 0
          if (batch.last) this.#from = batch.to
        } else {
          this.#retract(batch)
        }
        this.#pump()
      },
      (error: unknown) => {
        this.#onAnswer()
        if (this.#link.gone.aborted) return
        this.#onProblem(toErrorData(error, 'TAB_GONE'))
        // Rows can always be sent; raw events perhaps not, and then the second attempt fails as well.
        this.#retract(this.#failures === 0 ? batch : { ...batch, events: [], invalid: [] })
        this.#pump()
      },
    )
  }

  /** The tab did not take the batch: it gets the whole state, and what else the batch carried. */
  #retract(batch: DiffBatch): void {
    this.#failures += 1
    if (batch.branch === this.#to.branch) this.#txids = [...batch.txids, ...this.#txids].slice(-WAITING_TXIDS)
    this.#events.unshift(...batch.events)
    this.#invalid = [...batch.invalid, ...this.#invalid].slice(0, WAITING_REPORTS)
    this.#replace = true
    this.#onResync(this)
  }

  #next(): DiffBatch {
    const showsAll = this.#ready || this.#flowing
    const isFill = this.#ready && this.#pending.size < FILL_ROWS && this.#view.fill(this.#state!, FILL_ROWS - this.#pending.size)
    if (!this.#isBacklog && this.#pending.size > BATCH_ROWS) this.#pending.sort()
    const diffs = this.#have ? [] : this.#pending.drain(BATCH_ROWS, showsAll ? this.#view.urgent : this.#view.early, !showsAll)
    this.#isBacklog = this.#pending.size > 0
    const last = this.#ready && !this.#isBacklog && !this.#have
    const batch: DiffBatch = {
      epoch: this.#epoch,
      from: this.#from,
      to: this.#to.offset,
      branch: this.#to.branch,
      seq: this.#to.seq,
      digest: this.#to.digest,
      last,
      diffs: diffs.map((diff) => ({ ...diff, rows: pack(diff.rows) })),
      replace: this.#replace,
      replaced: this.#have ? [] : this.#replaced,
      served: this.#have ? [] : this.#view.serve(),
      filling: this.#view.filling,
      isFill,
      txids: last ? this.#txids : [],
      ready: last ? this.#ready : (this.#told?.ready ?? false),
      // Without a state, rows are a preview.
      stale: last ? this.#stale : (this.#told?.stale ?? this.#state === null),
      status: last ? this.#engineStatus() : null,
      events: this.#events.map((stream) => ({ ...stream, changes: stream.items.filter((item): item is ChangeEvent => parseStateEvent(item).kind === 'change') })),
      invalid: this.#invalid,
    }
    this.#replace = false
    if (!this.#have) this.#replaced = []
    this.#events = []
    this.#invalid = []
    if (last) {
      this.#txids = []
      this.#told = { ready: this.#ready, stale: this.#stale }
    }
    this.#makeRoom()
    return batch
  }

  #makeRoom(): void {
    const waiting = this.#room
    this.#room = []
    for (const resolve of waiting) resolve()
  }
}

const countItems = (batches: ReadonlyArray<StreamBatch>): number => batches.reduce((sum, { items }) => sum + items.length, 0)
