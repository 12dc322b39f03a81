import type { RequestValues } from '../../shared/calls.ts'
import type { ErrorData } from '../../shared/errors.ts'
import type { Have } from '../../shared/position.ts'
import type { SyncMode } from '../../shared/state-schema.ts'
import type { EngineHome, EngineStatus } from '../../shared/status.ts'
import type { SubsetChange } from '../../shared/subset.ts'
import type { State } from '../core/materialize.ts'
import type { Subsets } from '../core/subsets/subsets.ts'
import type { Clock } from '../ports.ts'
import { TabSession, type TabLink } from '../tabs/tab-session.ts'

/** What a tab says of itself when it joins. */
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

/** The engine, as a member knows it. */
export interface MemberEngine {
  readonly clock: Clock
  readonly epoch: string
  readonly held: Subsets
  /** What is the same for all tabs. */
  status(): EngineStatus
  /** What tabs see. */
  state(): State
  onStart(member: Member): void
  /** The session is to get the whole state. */
  onResync(session: TabSession): void
  /** It holds other subsets. */
  onSubsets(member: Member): void
  /** @param hasAppeared it could not be seen before */
  onVisible(hasAppeared: boolean): void
  onProblem(): void
  onLeave(member: Member): void
}

/** One tab of an engine. */
export class Member implements Membership {
  readonly joining: Joining
  readonly session: TabSession
  readonly #engine: MemberEngine
  #visible: boolean
  /** The tab listens. */
  #isStarted = false
  /** What is wrong with this tab alone: no other is told. */
  #problem: ErrorData | null = null

  constructor(joining: Joining, engine: MemberEngine) {
    this.joining = joining
    this.#engine = engine
    this.#visible = joining.visible
    this.session = new TabSession(joining.link, {
      clock: engine.clock,
      epoch: engine.epoch,
      wantsEvents: joining.wantsEvents,
      hasRows: joining.hasRows,
      have: joining.have,
      modes: joining.modes,
      wants: joining.subsets,
      subsets: engine.held,
      status: () => this.status(),
      onResync: (session) => {
        engine.onResync(session)
      },
      onProblem: (error) => {
        this.#problem = error
        engine.onProblem()
      },
    })
  }

  get visible(): boolean {
    return this.#visible
  }

  get isStarted(): boolean {
    return this.#isStarted
  }

  start(): void {
    this.#engine.onStart(this)
    this.#isStarted = true
  }

  resync(): void {
    this.session.restart()
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

  status(): EngineStatus {
    const { where, failovers } = this.joining.about
    const status = this.#engine.status()
    return { ...status, where, failovers, lastError: this.#problem ?? status.lastError }
  }

  leave(): void {
    this.#engine.onLeave(this)
  }

  /** What was wrong is mended, or something newer is to be told. */
  forgetProblem(): void {
    this.#problem = null
  }
}
