import type { Outcome, ReconnectReason, RequestValues, TabDescription } from '../../shared/calls.ts'
import type { ErrorData } from '../../shared/errors.ts'
import type { InspectedTab } from '../../shared/inspection.ts'
import type { EngineHome, EngineStatus, TabStatus } from '../../shared/status.ts'
import type { SubsetChange } from '../../shared/subset.ts'
import type { Write } from '../../shared/write.ts'
import type { VisibleState } from '../core/materialize.ts'
import type { QueryStatus } from '../../shared/query.ts'
import type { Subsets } from '../core/subsets/subsets.ts'
import type { Clock } from '../ports.ts'
import type { ResultHolds } from '../tabs/result-view.ts'
import { TabSession, type PendingRows, type TabLink } from '../tabs/tab-session.ts'

/** A tab that joins an engine. */
export interface Joining {
  readonly link: TabLink
  readonly wantsEvents: boolean
  /** The tab wants to be told of refused writes. */
  readonly wantsRejected: boolean
  readonly tab: TabDescription
  /** Where the engine is, seen from the tab. */
  readonly where: EngineHome
  /** The tab's request values; rejects when the tab is gone. */
  request(): Promise<RequestValues>
}

/** A tab's place in an engine. */
export interface Membership {
  /** The tab is listening: hydrates and connects, if that has not happened yet. */
  start(): void
  /** The application wants a new connection, and the rows again after the cache was cleared. */
  reconnect(reason: ReconnectReason): void
  /** The tab needs all rows again. */
  resync(): void
  /** Stores a write of the tab. */
  write(write: Write): Promise<Outcome<null>>
  subsets(changes: ReadonlyArray<SubsetChange>): void
  show(visible: boolean): void
  /** The engine's status for this tab. */
  status(): TabStatus
  leave(): void
}

/** The engine, as a member knows it. */
export interface MemberEngine {
  readonly clock: Clock
  readonly epoch: string
  readonly held: Subsets
  readonly results: ResultHolds & { status(names: ReadonlyArray<string>): Readonly<Record<string, QueryStatus>> }
  readonly pendingRows: PendingRows
  /** The status that is the same for all tabs. */
  status(): EngineStatus
  /** The state that tabs see. */
  state(): VisibleState
  onStart(member: Member): void
  onReconnect(reason: ReconnectReason): void
  /** @param acknowledge called when the write is stored, before its rows go to the tabs */
  onWrite(write: Write, acknowledge: () => void): Promise<Outcome<null>>
  /** The session is to get the whole state. */
  onResync(session: TabSession): void
  /** The member holds other subsets. */
  onSubsets(member: Member): void
  /** @param hasAppeared the tab was hidden before, and is visible now */
  onVisible(hasAppeared: boolean): void
  /** The member's own part of the status has changed. */
  onStatus(): void
  onLeave(member: Member): void
}

/** One tab of an engine. */
export class Member implements Membership {
  readonly joining: Joining
  readonly session: TabSession
  readonly #engine: MemberEngine
  #visible: boolean
  /** `started` the tab gets rows; `refused` it has asked for rows, and may not get them ({@link TabDescription.cleared}). */
  #start: 'none' | 'refused' | 'started' = 'none'
  #isCleared: boolean
  /** An error of this tab alone: other tabs do not show it. */
  #problem: ErrorData | null = null

  constructor(joining: Joining, engine: MemberEngine) {
    this.joining = joining
    this.#engine = engine
    const { tab } = joining
    this.#visible = tab.visible
    this.#isCleared = tab.cleared
    this.session = new TabSession(joining.link, {
      clock: engine.clock,
      epoch: engine.epoch,
      wantsEvents: joining.wantsEvents,
      tab,
      subsets: engine.held,
      results: engine.results,
      pendingRows: engine.pendingRows,
      status: () => this.status(),
      onResync: (session) => {
        engine.onResync(session)
      },
      onProblem: (error) => {
        this.#problem = error
        engine.onStatus()
      },
    })
  }

  get visible(): boolean {
    return this.#visible
  }

  get isStarted(): boolean {
    return this.#start === 'started'
  }

  start(): void {
    if (this.#isCleared) {
      this.#start = 'refused'
      return
    }
    this.#engine.onStart(this)
    this.#start = 'started'
  }

  reconnect(reason: ReconnectReason): void {
    if (this.#isCleared) {
      this.#isCleared = false
      if (this.#start === 'refused') this.start()
      this.#engine.onStatus()
    }
    this.#engine.onReconnect(reason)
  }

  resync(): void {
    this.session.restart()
  }

  write(write: Write): Promise<Outcome<null>> {
    return this.#engine.onWrite(write, () => {
      this.session.acknowledge(write)
    })
  }

  subsets(changes: ReadonlyArray<SubsetChange>): void {
    this.session.want(changes, this.#engine.state())
    this.#engine.onSubsets(this)
  }

  show(visible: boolean): void {
    const hasAppeared = visible && !this.#visible
    this.#visible = visible
    this.#engine.onVisible(hasAppeared)
  }

  status(): TabStatus {
    const { where, tab } = this.joining
    const status = this.#engine.status()
    const own = { ...status, where, failovers: tab.failovers, queries: this.#engine.results.status(this.session.results), lastError: this.#problem ?? status.lastError }
    return this.#isCleared ? { ...own, cleared: true, rows: 0 } : own
  }

  leave(): void {
    this.#engine.onLeave(this)
  }

  inspect(): Omit<InspectedTab, 'isSelf'> {
    const { where, tab } = this.joining
    const { isBehind, offset } = this.session
    return { where, visible: this.#visible, started: this.isStarted, behind: isBehind, offset, failovers: tab.failovers }
  }

  /** The problem is solved, or the tab is about to show a newer error. */
  forgetProblem(): void {
    this.#problem = null
  }
}
