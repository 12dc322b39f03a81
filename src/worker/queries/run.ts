import type { IR } from '@tanstack/db'
import type { Clock } from '../ports.ts'
import { Unfit } from './aggregates.ts'
import { compile, compileFast, type CompiledQuery, type CompileOptions } from './compile.ts'
import type { RowDeltas } from './deltas.ts'
import { within, type ResultWindow } from '../../shared/query.ts'
import { invalidQuery } from './decode-query.ts'
import { partsOf } from './query-parts.ts'
import { Result, type ResultChanges } from './result.ts'
import { Exhausted } from './window.ts'
import type { IsOver, Source, SourceReader } from './source.ts'

/** What a query costs. */
export interface QueryCost {
  /** Rows of the result. */
  readonly rows: number
  /** Mean time of a run, ms; recent runs count more. */
  readonly runMs: number
  readonly runs: number
}

/** How much the newest run counts in the mean. */
const WEIGHT = 0.25
/** A query takes as many rows at once as take about this long, ms, but no fewer than the least step and no more than the most. */
const STEP_MS = 4
const LEAST_STEP = 64
const MOST_STEP = 16_384

export interface RunOptions {
  readonly clock: Clock
  readonly query: IR.QueryIR
  /** Null for the query's own window. */
  readonly window: ResultWindow | null
  readonly nameOf: (collection: object) => string
  /** The shortest time between two runs, ms. */
  readonly every: number | null
  readonly sourceOf: (collection: string) => Source
  readonly onChanges: (changes: ResultChanges, isComplete: boolean) => void
}

/**
 * One query at work. It takes all rows first, and changes from then on, in slices. What it tells is the result of all rows that it has
 * taken. A run in its counts and times ({@link QueryCost}) is the work from one told result to the next.
 */
export class Run {
  readonly #options: RunOptions
  /** The query with its present window. */
  #ir: IR.QueryIR
  #query: CompiledQuery
  readonly #result: Result
  /** Null until the sources have seen all rows. */
  #readers: ReadonlyMap<string, SourceReader> | null = null
  readonly sources: ReadonlyMap<string, Source>
  #isComplete = false
  /** It has begun to take changes, and has not told their result. */
  #isTurn = false
  /** The window was moved, and the result was not told since. */
  #hasMoved = false
  /** How many rows of a collection are taken at once: a row of one may be joined to thousands of another. */
  readonly #steps = new Map<string, number>()
  #spentMs = 0
  #runMs = 0
  #runs = 0
  /** When the last run ended. */
  #endedAt: number

  /** @throws SidestreamError with `INVALID_QUERY` */
  constructor(options: RunOptions) {
    const { clock, query, window, sourceOf } = options
    this.#options = options
    this.#result = new Result(isOrdered(query), partsOf(query).hasFunctions)
    this.#ir = windowed(query, window)
    this.#query = compileFast(this.#ir, this.#compileOptions)
    this.sources = new Map(this.#query.collections.map((collection) => [collection, sourceOf(collection)]))
    this.#endedAt = clock.now()
  }

  get isComplete(): boolean {
    return this.#isComplete
  }

  get cost(): QueryCost {
    return { rows: this.#result.size, runMs: this.#runMs, runs: this.#runs }
  }

  get every(): number | null {
    return this.#options.every
  }

  get endedAt(): number {
    return this.#endedAt
  }

  /** It has begun to take changes, and has not told their result. The runner works on no other query meanwhile. */
  get isInTurn(): boolean {
    return this.#isTurn
  }

  get hasChanges(): boolean {
    if (!this.#isComplete) return false
    if (this.#hasMoved) return true
    for (const [, source] of this.sources) if (source.hasPending || !source.isWhole) return true
    return this.#hasNoted
  }

  get #compileOptions(): CompileOptions {
    return { nameOf: this.#options.nameOf, onRows: this.#result.takeRows, onOrders: this.#result.takeOrders }
  }

  get #hasNoted(): boolean {
    for (const reader of this.#readers!.values()) if (reader.hasChanges) return true
    return false
  }

  /** The window was moved: the next run is due at once. */
  get hasMoved(): boolean {
    return this.#hasMoved
  }

  /**
   * Moves the window. The result is told again, also when nothing in it changes.
   * @param window null for the query's own
   * @throws SidestreamError with `INVALID_QUERY`, when the query has no order
   */
  move(window: ResultWindow | null): void {
    const { query } = this.#options
    this.#ir = windowed(query, window)
    const { offset = 0, limit = null } = this.#ir
    this.#query.move({ offset, limit })
    this.#hasMoved = true
  }

  /** Works until the slice is over, or all is done. */
  work(isOver: IsOver): void {
    const { clock, onChanges } = this.#options
    const begin = clock.now()
    let changes: ResultChanges | null = null
    try {
      const hasAll = this.#isComplete ? this.#takeChanges(isOver) : this.#load(isOver)
      if (hasAll && this.#query.settle(isOver)) changes = this.#result.flush(isOver)
    } catch (error) {
      if (error instanceof Unfit) this.#beginAnew(compile)
      else if (error instanceof Exhausted) this.#beginAnew(compileFast)
      else throw error
    }
    this.#spentMs += clock.now() - begin
    if (!changes) return
    const isAwaited = this.#runs === 0 || this.#hasMoved
    this.#end()
    if (isAwaited || changes.size > 0) onChanges(changes, true)
  }

  /** Takes all rows again. The result stays as it was told until then. */
  #beginAnew(make: typeof compileFast): void {
    this.close()
    this.#readers = null
    this.#isComplete = false
    this.#isTurn = false
    this.#result.beginAnew()
    this.#query = make(this.#ir, this.#compileOptions)
  }

  /** @returns whether all rows are taken */
  #load(isOver: IsOver): boolean {
    for (const source of this.sources.values()) {
      source.copy(isOver)
      if (!source.isWhole) return false
    }
    if (!this.#readers && ![...this.sources.values()].every((source) => source.drain(isOver))) return false
    // Few rows first: a row that comes to a join late comes with all rows that it joins.
    const sources = [...this.sources].sort(([, one], [, other]) => one.size - other.size)
    const readers = (this.#readers ??= new Map(sources.map(([name, source]) => [name, source.open()])))
    for (const [name, reader] of readers) {
      while (!reader.isThrough) {
        this.#give(name, reader.first(this.#stepOf(name)))
        if (isOver()) return false
      }
    }
    return true
  }

  /** @returns whether all changes are taken */
  #takeChanges(isOver: IsOver): boolean {
    if (!this.#isTurn) {
      for (const source of this.sources.values()) {
        source.copy(isOver)
        if (!source.isWhole || !source.drain(isOver)) return false
      }
      this.#isTurn = true
    }
    for (const [name, reader] of this.#readers!) {
      while (reader.hasChanges) {
        this.#give(name, reader.changes(this.#stepOf(name)))
        if (isOver()) return false
      }
    }
    return true
  }

  close(): void {
    for (const reader of this.#readers?.values() ?? []) reader.close()
  }

  #stepOf(collection: string): number {
    return this.#steps.get(collection) ?? LEAST_STEP
  }

  #give(collection: string, deltas: RowDeltas): void {
    if (deltas.length === 0) return
    const { clock } = this.#options
    const begin = clock.now()
    this.#query.give(collection, deltas)
    this.#query.run()
    const ms = clock.now() - begin
    const step = this.#stepOf(collection)
    if (ms > STEP_MS) this.#steps.set(collection, Math.max(LEAST_STEP, step >> 1))
    else if (ms < STEP_MS / 2 && deltas.length >= step) this.#steps.set(collection, Math.min(MOST_STEP, step << 1))
  }

  #end(): void {
    // A collection that was loaded first was joined to nothing then.
    if (!this.#isComplete) this.#steps.clear()
    this.#isComplete = true
    this.#isTurn = false
    this.#hasMoved = false
    this.#runs += 1
    // The first run has all rows, and says little about the next ones.
    if (this.#runs > 1) this.#runMs += (this.#spentMs - this.#runMs) * (this.#runs === 2 ? 1 : WEIGHT)
    this.#spentMs = 0
    this.#endedAt = this.#options.clock.now()
  }
}

const isOrdered = ({ orderBy }: IR.QueryIR): boolean => (orderBy?.length ?? 0) > 0

/** The query with this window. @throws SidestreamError with `INVALID_QUERY` */
function windowed(query: IR.QueryIR, window: ResultWindow | null): IR.QueryIR {
  if (!window) return query
  if (!isOrdered(query)) throw invalidQuery('it has a window, and no orderBy()')
  return within(query, window)
}
