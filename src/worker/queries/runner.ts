import { SidestreamError, describe } from '../../shared/errors.ts'
import { windowOf, type Query } from '../../shared/query.ts'
import type { RowDiff } from '../../shared/row-diff.ts'
import { MOST_DELAY_MS } from '../../shared/settings.ts'
import type { RowData } from '../../shared/row.ts'
import type { Clock } from '../ports.ts'
import { decodeQuery, invalidQuery } from './decode-query.ts'
import { buildNamed, type NamedQueries } from './named.ts'
import type { ResultChanges } from './result.ts'
import { Run, type QueryCost } from './run.ts'
import { Source } from './source.ts'
import { StandIns, type QueriedCollection } from './stand-ins.ts'

export type { QueryCost } from './run.ts'
export type { ResultChanges, ResultRow } from './result.ts'

/** Queries work for so long at once, ms; then the stream has its turn. */
const SLICE_MS = 8
/** The shortest time between two runs of a query that does not say another, ms. */
const EVERY_MS = 100
/** The part of the worker's time that runs on changes may take, as far as {@link MOST_PAUSE_MS} allows. */
const SHARE = 0.5
/** The longest pause between two runs that comes of {@link SHARE}, ms. While changes come, a longer one makes the next run longer too. */
const MOST_PAUSE_MS = 250

export interface QueryRun {
  /** The first result has been told. */
  readonly isComplete: boolean
  readonly cost: QueryCost
  /**
   * Moves the window to that of a query that differs in nothing else. The result is told again, also when nothing in it changes.
   * @throws SidestreamError with `INVALID_QUERY`
   */
  move(query: Query): void
  close(): void
}

export interface QueryRunnerOptions {
  readonly clock: Clock
  readonly collections: ReadonlyArray<QueriedCollection>
  /** The visible rows, now. */
  readonly rows: (collection: string) => ReadonlyMap<string, RowData>
  readonly named: NamedQueries
}

/** Who hears of an opened query. */
interface Listener {
  readonly onFailed: (error: SidestreamError) => void
}

/**
 * Runs queries over the visible rows. Changes are gathered, and a query runs on them later: as often as its cost allows, and in
 * slices, so that the stream does not wait.
 */
export class QueryRunner {
  readonly #options: QueryRunnerOptions
  readonly #standIns: StandIns
  readonly #sources = new Map<string, Source>()
  readonly #runs = new Map<Run, Listener>()
  #next: { readonly at: number; cancel(): void } | null = null
  /** Time that first loads have waited for work on changes, ms. */
  #owedMs = 0

  constructor(options: QueryRunnerOptions) {
    this.#options = options
    this.#standIns = new StandIns(options.collections)
  }

  /**
   * @param onChanges is told the whole result first, then changes of it. `isComplete`: they make the result of all rows taken so far
   * @param onFailed is told when the query throws; nothing follows
   * @throws SidestreamError with `INVALID_QUERY`
   */
  open(query: Query, onChanges: (changes: ResultChanges, isComplete: boolean) => void, onFailed: (error: SidestreamError) => void = () => undefined): QueryRun {
    const standIns = this.#standIns
    const { query: ir, every } =
      query.kind === 'named'
        ? buildNamed(this.#options.named, query.name, query.params, standIns.record)
        : { query: decodeQuery(query.ir, (name) => standIns.get(name)), every: null }
    const run = new Run({ clock: this.#options.clock, query: ir, window: query.kind === 'named' ? windowOf(query) : null, every, onChanges, nameOf: (collection) => standIns.nameOf(collection), sourceOf: (collection) => this.#sourceOf(collection) })
    this.#runs.set(run, { onFailed })
    this.#schedule()
    return {
      get isComplete() {
        return run.isComplete
      },
      get cost() {
        return run.cost
      },
      move: (moved) => {
        run.move(windowOf(moved))
        this.#schedule()
      },
      close: () => {
        this.#close(run)
      },
    }
  }

  /** Visible rows have changed. */
  changed(diff: RowDiff): void {
    for (const [collection, rows] of diff.entries()) this.#sources.get(collection)?.changed(rows)
    this.#schedule()
  }

  /** The state was replaced. */
  replaced(): void {
    for (const source of this.#sources.values()) source.replaced()
    this.#schedule()
  }

  close(): void {
    for (const run of [...this.#runs.keys()]) this.#close(run)
    this.#next?.cancel()
    this.#next = null
  }

  #sourceOf(collection: string): Source {
    let source = this.#sources.get(collection)
    if (!source) this.#sources.set(collection, (source = new Source(() => this.#options.rows(collection))))
    return source
  }

  #close(run: Run): void {
    if (!this.#runs.delete(run)) return
    run.close()
    const used = new Set([...this.#runs.keys()].flatMap(({ sources }) => [...sources.keys()]))
    for (const name of this.#sources.keys()) if (!used.has(name)) this.#sources.delete(name)
  }

  /** Sets the time of the next slice: at once for a first load, else when the first query is due. */
  #schedule(): void {
    const at = this.#dueAt()
    if (at === null || (this.#next && this.#next.at <= at)) return
    this.#next?.cancel()
    const { clock } = this.#options
    const cancel = clock.after(Math.min(Math.max(0, at - clock.now()), MOST_DELAY_MS), () => {
      this.#next = null
      this.#slice()
      this.#schedule()
    })
    this.#next = { at, cancel }
  }

  #dueAt(): number | null {
    let first: number | null = null
    const pause = this.#pause()
    for (const run of this.#runs.keys()) {
      const at = this.#dueOf(run, pause)
      if (at !== null && (first === null || at < first)) first = at
    }
    return first
  }

  /** When a run is due; null when it has nothing to do. */
  #dueOf(run: Run, pause: number): number | null {
    if (!run.isComplete || run.isInTurn) return -Infinity
    if (run.hasMoved) return -Infinity
    return run.hasChanges ? run.endedAt + Math.max(run.every ?? EVERY_MS, pause) : null
  }

  /** The pause between two runs that keeps all queries together within their share of the time; {@link MOST_PAUSE_MS} at most. */
  #pause(): number {
    let ms = 0
    for (const { cost } of this.#runs.keys()) ms += cost.runMs
    return Math.min(MOST_PAUSE_MS, ms * (1 / SHARE - 1))
  }

  /** A slice of work: on the run that is in its turn, else on one that is due or a first load. */
  #slice(): void {
    const { clock } = this.#options
    const end = clock.now() + SLICE_MS
    const isOver = (): boolean => clock.now() >= end
    while (!isOver()) {
      const run = this.#nextRun()
      if (!run) return
      const begin = clock.now()
      const isLoad = !run.isComplete
      try {
        run.work(isOver)
      } catch (error) {
        this.#fail(run, error)
      }
      const ms = clock.now() - begin
      this.#owedMs = Math.max(0, this.#owedMs + (isLoad ? -ms : ms))
    }
  }

  /** Changes may come without end: a first load that waits gets as much time as they take. */
  #nextRun(): Run | null {
    const now = this.#options.clock.now()
    const pause = this.#pause()
    let inTurn: Run | null = null
    let loading: Run | null = null
    let due: Run | null = null
    let dueAt = Infinity
    for (const run of this.#runs.keys()) {
      if (run.isInTurn) inTurn ??= run
      if (!run.isComplete) {
        loading ??= run
        continue
      }
      const at = this.#dueOf(run, pause)
      if (at === null || at > now || at >= dueAt) continue
      due = run
      dueAt = at
    }
    if (!loading) this.#owedMs = 0
    return inTurn ?? (loading && this.#owedMs > 0 ? loading : (due ?? loading))
  }

  #fail(run: Run, error: unknown): void {
    const listener = this.#runs.get(run)
    this.#close(run)
    listener?.onFailed(error instanceof SidestreamError ? error : invalidQuery(describe(error), error))
  }
}
