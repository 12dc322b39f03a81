import type { IR } from '@tanstack/db'
import type { Clock } from '../ports.ts'
import { Unfit } from './aggregates.ts'
import { compile, compileFast, type CompiledQuery, type CompileOptions } from './compile.ts'
import type { RowDeltas } from './deltas.ts'
import { Result, type ResultChanges } from './result.ts'
import type { IsOver, Source, SourceReader } from './source.ts'

/** What a query costs. */
export interface QueryCost {
  /** Rows of the result. */
  readonly rows: number
  /** Mean time of a run, ms; recent runs count more. */
  readonly runMs: number
  readonly runs: number
}

/** How much of the mean is the newest run. */
const WEIGHT = 0.25
/** Rows that a query takes at once: as many as take about this long, ms, but at least so many. */
const STEP_MS = 4
const LEAST_STEP = 64
const MOST_STEP = 16_384

export interface RunOptions {
  readonly clock: Clock
  readonly query: IR.QueryIR
  readonly nameOf: (collection: object) => string
  readonly every: number | null
  readonly sourceOf: (collection: string) => Source
  readonly onChanges: (changes: ResultChanges, isComplete: boolean) => void
}

/** One query at work. It first takes all rows in slices, then changes. What it tells is the result of all rows that it has taken. */
export class Run {
  readonly #options: RunOptions
  #query: CompiledQuery
  readonly #result: Result
  /** Null until the sources have seen all rows. */
  #readers: ReadonlyMap<string, SourceReader> | null = null
  readonly sources: ReadonlyMap<string, Source>
  #isComplete = false
  #isTurn = false
  #step = 256
  #spentMs = 0
  #runMs = 0
  #runs = 0
  /** When the last run ended. */
  #endedAt: number

  /** @throws SidestreamError with `INVALID_QUERY` */
  constructor(options: RunOptions) {
    const { clock, query, sourceOf } = options
    this.#options = options
    this.#result = new Result((query.orderBy?.length ?? 0) > 0)
    this.#query = compileFast(query, this.#compileOptions)
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

  /** It has begun with changes, and not ended. */
  get isInTurn(): boolean {
    return this.#isTurn
  }

  get hasChanges(): boolean {
    if (!this.#isComplete) return false
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

  /** Works until the slice is over, or all is done. */
  work(isOver: IsOver): void {
    try {
      if (this.#isComplete) this.#takeChanges(isOver)
      else this.#load(isOver)
    } catch (error) {
      if (!(error instanceof Unfit)) throw error
      this.#beginAnew()
    }
  }

  /** Goes on in the general way, with all rows. */
  #beginAnew(): void {
    this.close()
    this.#readers = null
    this.#isComplete = false
    this.#isTurn = false
    this.#result.beginAnew()
    this.#query = compile(this.#options.query, this.#compileOptions)
  }

  #load(isOver: IsOver): void {
    for (const source of this.sources.values()) {
      source.copy(isOver)
      if (!source.isWhole) return
    }
    if (!this.#readers && ![...this.sources.values()].every((source) => source.drain(isOver))) return
    // Few rows first: a row that comes to a join late comes with all rows that it joins.
    const sources = [...this.sources].sort(([, one], [, other]) => one.size - other.size)
    const readers = (this.#readers ??= new Map(sources.map(([name, source]) => [name, source.open()])))
    for (const [name, reader] of readers) {
      while (!reader.isThrough) {
        this.#give(name, reader.first(this.#step))
        if (isOver()) return
      }
    }
    this.#isComplete = true
    this.#end()
  }

  #takeChanges(isOver: IsOver): void {
    if (!this.#isTurn) {
      for (const source of this.sources.values()) {
        source.copy(isOver)
        if (!source.isWhole || !source.drain(isOver)) return
      }
      this.#isTurn = true
    }
    for (const [name, reader] of this.#readers!) {
      while (reader.hasChanges) {
        this.#give(name, reader.changes(this.#step))
        if (isOver()) return
      }
    }
    this.#isTurn = false
    this.#end()
  }

  close(): void {
    for (const reader of this.#readers?.values() ?? []) reader.close()
  }

  #give(collection: string, deltas: RowDeltas): void {
    if (deltas.length === 0) return
    const { clock } = this.#options
    const begin = clock.now()
    this.#query.give(collection, deltas)
    this.#query.run()
    const ms = clock.now() - begin
    this.#spentMs += ms
    if (ms > STEP_MS) this.#step = Math.max(LEAST_STEP, this.#step >> 1)
    else if (ms < STEP_MS / 2 && deltas.length >= this.#step) this.#step = Math.min(MOST_STEP, this.#step << 1)
  }

  #end(): void {
    const { clock, onChanges } = this.#options
    const isFirst = this.#runs === 0
    const begin = clock.now()
    this.#query.settle()
    this.#spentMs += clock.now() - begin
    const changes = this.#result.flush()
    this.#runs += 1
    // The first run has all rows, and says little about the next ones.
    if (this.#runs > 1) this.#runMs += (this.#spentMs - this.#runMs) * (this.#runs === 2 ? 1 : WEIGHT)
    this.#spentMs = 0
    this.#endedAt = clock.now()
    if (isFirst || changes.size > 0) onChanges(changes, true)
  }
}
