import { toErrorData, type ErrorData } from '../../shared/errors.ts'
import type { InspectedQuery } from '../../shared/inspection.ts'
import { RESULT_KEY, RESULT_ORDER, unwindowedKey, type Query, type QueryStatus } from '../../shared/query.ts'
import type { RowData } from '../../shared/row.ts'
import { RowDiff } from '../../shared/row-diff.ts'
import type { CollectionShape } from '../../shared/settings.ts'
import { subsetKey, type Subset } from '../../shared/subset.ts'
import { excerpt } from '../core/excerpt.ts'
import type { Clock, QueryEngine, QueryRun, QueryRunning, ResultChanges, ResultRow, WorkingSet } from '../ports.ts'
import type { ResultHolds } from '../tabs/result-view.ts'
import type { Readings } from './readings.ts'

/** The most rows of all results together that are stored for the next visit. */
const STORED_ROWS = 5000
/** How much of a query's parameters the devtools show, in characters. */
const MOST_TEXT = 200
/** How long a query runs on after the last tab has let it go, ms: a component that is mounted again finds its rows. */
const GRACE_MS = 2000

export interface QueriesOptions {
  readonly clock: Clock
  readonly collections: ReadonlyArray<CollectionShape>
  /** Null in a worker file without a query engine. */
  readonly engine: QueryEngine | null
  readonly readings: Pick<Readings, 'visible' | 'setResult'>
  /** The rows are complete: queries can run. */
  readonly isReady: () => boolean
  /** Results have changed by this diff, or are known now, or a query was refused. */
  readonly onResults: (diff: RowDiff) => void
  /** The cost of a query has changed, or the tabs that share it. */
  readonly onCost: () => void
}

/** A query that tabs want: equal queries are one. */
interface WantedQuery {
  readonly subset: Subset
  readonly query: Query
  readonly name: string
  /** Equal for queries that differ in their window only. */
  readonly unwindowed: string
  /** How many wants of tabs it serves. */
  wants: number
  /** Its query at work; null before it starts, and after it was refused. What any other tells is dropped. */
  running: Running | null
  /** Why it is not run here: the tabs run it. */
  refusal: ErrorData | null
  /** The rows of the result that tabs see. */
  readonly rows: Map<string, RowData>
  /** Changes that are shown once the result is complete. */
  waiting: Map<string, RowData | null>
  /** The result is in the state that tabs see. */
  isShown: boolean
  /** Calls off its end, which is due {@link GRACE_MS} after the last tab has let it go; null while a tab wants it. */
  cancelEnd: (() => void) | null
}

/** A query at work. When its window moves, it goes over to another wanted query. */
interface Running {
  run: QueryRun | null
  of: WantedQuery
}

/**
 * The queries that tabs want of one engine. A result is one more collection among those that tabs see: the sessions send it with
 * their credit, fold its changes and send it again, as they do with every collection (docs/decisions/0042).
 */
export class Queries implements ResultHolds {
  readonly #options: QueriesOptions
  readonly #wanted = new Map<string, WantedQuery>()
  /** Null until a tab wants a query. */
  #running: QueryRunning | null = null
  #cancelStart: (() => void) | null = null

  constructor(options: QueriesOptions) {
    this.#options = options
  }

  hold(subset: Subset): void {
    const { collection, query } = subset
    if (!query) return
    let wanted = this.#wanted.get(collection)
    if (!wanted) {
      const refusal = this.#options.engine ? null : NO_ENGINE
      wanted = { subset, query, name: collection, unwindowed: unwindowedKey(query), wants: 0, running: null, refusal, rows: new Map(), waiting: new Map(), isShown: false, cancelEnd: null }
      this.#wanted.set(collection, wanted)
      this.#startSoon()
    }
    wanted.wants += 1
    wanted.cancelEnd?.()
    wanted.cancelEnd = null
    if (wanted.running) this.#options.onCost()
  }

  release({ collection }: Subset): void {
    const wanted = this.#wanted.get(collection)
    if (!wanted) return
    wanted.wants -= 1
    if (wanted.running) this.#options.onCost()
    if (wanted.wants > 0) return
    wanted.cancelEnd = this.#options.clock.after(GRACE_MS, () => {
      this.#end(wanted)
      this.#forget(wanted)
    })
  }

  refusalOf(collection: string): ErrorData | null {
    return this.#wanted.get(collection)?.refusal ?? null
  }

  /** The key under which a result is stored for the next visit; null where queries are not run. */
  keyOf(subset: Subset): string | null {
    const { engine } = this.#options
    return engine && `${subsetKey(subset)}:${engine.version}`
  }

  /** The results to store: those of the newest queries first, and each only if it fits into what is left of {@link STORED_ROWS}. */
  working(): WorkingSet {
    let left = STORED_ROWS
    return [...this.#wanted.values()].reverse().flatMap(({ subset, name, rows, isShown }) => {
      const key = this.keyOf(subset)
      if (!isShown || key === null || rows.size > left) return []
      left -= rows.size
      return [{ key, collection: name, rows: [...rows.values()], edge: null, whole: true }]
    })
  }

  /** What the queries of these results cost, by name: of those that are at work. */
  status(names: ReadonlyArray<string>): Readonly<Record<string, QueryStatus>> {
    return Object.fromEntries(names.flatMap((name) => {
      const { running, wants } = this.#wanted.get(name) ?? NOT_WANTED
      const run = running?.run
      return run ? [[name, { rows: run.cost.rows, runMs: Math.round(run.cost.runMs * 10) / 10, tabs: wants }] as const] : []
    }))
  }

  inspect(): ReadonlyArray<InspectedQuery> {
    return [...this.#wanted.values()].map(({ query, running, rows, wants, refusal }) => {
      const cost = running?.run?.cost
      return { ...textOf(query), rows: cost?.rows ?? rows.size, runMs: cost?.runMs ?? null, tabs: wants, error: refusal }
    })
  }

  /** The rows that tabs see have changed by this diff; null when they were replaced as a whole. */
  onRows(diff: RowDiff | null): void {
    if (diff) this.#running?.changed(diff)
    else this.#running?.replaced()
    this.#startSoon()
  }

  /** No rows may be shown any more, and the queries start anew. @returns the changes that empty the results */
  clear(): RowDiff {
    const diff = new RowDiff()
    for (const wanted of this.#wanted.values()) {
      for (const key of wanted.rows.keys()) diff.set(wanted.name, key, null)
      wanted.rows.clear()
      this.#end(wanted)
    }
    this.#startSoon()
    return diff
  }

  close(): void {
    this.#cancelStart?.()
    for (const wanted of this.#wanted.values()) {
      wanted.cancelEnd?.()
      this.#end(wanted)
    }
    this.#wanted.clear()
    this.#running?.close()
  }

  /** In a task of its own: what a query sees is then never in the middle of a change. */
  #startSoon(): void {
    const isDue = [...this.#wanted.values()].some(({ running, refusal }) => !running && !refusal)
    if (!isDue || this.#cancelStart || !this.#options.isReady()) return
    this.#cancelStart = this.#options.clock.after(0, () => {
      this.#cancelStart = null
      this.#start()
    })
  }

  #start(): void {
    const { engine, clock, collections, readings, onResults } = this.#options
    if (!engine) return
    this.#running ??= engine.create({ clock, collections, rows: (name) => readings.visible.rows.get(name) ?? NO_ROWS })
    let isRefused = false
    for (const wanted of this.#wanted.values()) {
      if (wanted.running || wanted.refusal || this.#takeOver(wanted)) continue
      try {
        this.#open(wanted, this.#running)
      } catch (error) {
        wanted.refusal = toErrorData(error, 'INVALID_QUERY')
        isRefused = true
      }
    }
    if (isRefused) onResults(new RowDiff())
  }

  /** @throws SidestreamError */
  #open(wanted: WantedQuery, runner: QueryRunning): void {
    const running: Running = { run: null, of: wanted }
    running.run = runner.open(
      wanted.query,
      (changes, isComplete) => {
        if (running.of.running === running) this.#onChanges(running.of, changes, isComplete)
      },
      (error) => {
        const { of } = running
        if (of.running !== running) return
        this.#end(of)
        of.refusal = toErrorData(error, 'INVALID_QUERY')
        this.#options.onResults(new RowDiff())
      },
    )
    wanted.running = running
  }

  /** Moves the window of a query at work that no tab wants any more, if it differs in its window only. @returns whether there was one */
  #takeOver(wanted: WantedQuery): boolean {
    const former = [...this.#wanted.values()].find(({ wants, running, unwindowed }) => wants === 0 && running && unwindowed === wanted.unwindowed)
    const running = former?.running
    if (!running?.run) return false
    try {
      running.run.move(wanted.query)
    } catch {
      // The query is opened instead, and the error of that is its refusal.
      return false
    }
    for (const [key, row] of former!.rows) wanted.rows.set(key, row)
    wanted.waiting = former!.waiting
    wanted.running = running
    running.of = wanted
    this.#forget(former!)
    return true
  }

  /** It is wanted no more, and its result leaves the state. */
  #forget(wanted: WantedQuery): void {
    wanted.cancelEnd?.()
    this.#wanted.delete(wanted.name)
    this.#options.readings.setResult(wanted.name, null)
  }

  #onChanges(wanted: WantedQuery, changes: ResultChanges, isComplete: boolean): void {
    for (const [key, row] of changes) wanted.waiting.set(key, row && flat(row))
    if (!isComplete) return
    const { waiting, rows, name, isShown } = wanted
    wanted.waiting = new Map()
    for (const [key, row] of waiting) {
      if (row) rows.set(key, row)
      else rows.delete(key)
    }
    const diff = new RowDiff()
    if (isShown) diff.foldRows(name, waiting)
    else this.#options.readings.setResult(name, rows)
    wanted.isShown = true
    if (!isShown || waiting.size > 0) this.#options.onResults(diff)
    this.#options.onCost()
  }

  /** It is run no more. Tabs still see its rows. */
  #end(wanted: WantedQuery): void {
    wanted.running?.run?.close()
    wanted.running = null
    wanted.waiting = new Map()
  }
}

/** A row as it crosses: its key and its place in the order are fields of it, so that it packs as every row does. */
const flat = ({ key, value, order }: ResultRow): RowData => (order === null ? { ...value, [RESULT_KEY]: key } : { ...value, [RESULT_KEY]: key, [RESULT_ORDER]: order })

const NO_ROWS: ReadonlyMap<string, RowData> = new Map()
const NOT_WANTED = { running: null, wants: 0 }

const NO_ENGINE: ErrorData = {
  code: 'NO_QUERY_ENGINE',
  message: 'the engine runs no queries: a worker file does when it imports sidestream/worker-with-queries',
  retryable: false,
}

/** How the devtools name a query: by its name and parameters, or by the collections that it reads. */
function textOf(query: Query): Pick<InspectedQuery, 'name' | 'about'> {
  if (query.kind === 'named') return { name: query.name, about: query.params === null ? '' : excerpt(query.params, MOST_TEXT) }
  const collections = [...JSON.stringify(query.ir).matchAll(/"collection":"((?:[^"\\]|\\.)*)"/g)].map(([, collection]) => collection!)
  return { name: null, about: [...new Set(collections)].join(', ').slice(0, MOST_TEXT) }
}
