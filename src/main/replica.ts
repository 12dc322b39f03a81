import { haveAfter, haveDuring } from '../shared/have.ts'
import type { Ack, DiffBatch } from '../shared/batch.ts'
import { START_OFFSET, type Have } from '../shared/position.ts'
import type { CollectionDiff } from '../shared/row-diff.ts'
import { countRows, sliceRows } from '../shared/row-table.ts'
import type { RowSink, RowWrite } from './collection-sink.ts'

/** A whole diff of up to this many rows is one commit per collection, all in one task. */
const ATOMIC_ROWS = 1000
/**
 * What a slice of a larger one may take, ms, and the rows that it has at least. Where live queries run with every commit, each
 * slice costs their fixed share again: fewer and longer ones end much sooner.
 */
const SLICE = { unobserved: { ms: 8, leastRows: 50 }, observed: { ms: 25, leastRows: 250 } }
const FIRST_SLICE_ROWS = 250
/** From 512 rows a commit, a TanStack DB collection sorts all its keys anew; below, rows in order are appended. */
const MOST_SLICE_ROWS = 500

export interface ReplicaCollection {
  readonly primaryKey: string
  readonly sink: RowSink
}

export interface ReplicaOptions {
  readonly collections: ReadonlyMap<string, ReplicaCollection>
  /** ms, monotonic */
  readonly now: () => number
  /** Lets the browser paint and handle input. */
  readonly pause: () => Promise<void>
  /** A commit threw: one of the application's live queries or subscribers did. The rows are in. */
  readonly onCommitError: (error: unknown) => void
  /** The rows of a batch are committed. @param visible settles when they can be seen */
  readonly onCommitted: (batch: DiffBatch, visible: Promise<unknown>) => void
}

/**
 * A tab's copy of the engine's rows. Takes diff batches only in sequence (epoch, from → to), each once and whole; anything
 * else is answered with `resync`. Works off large ones in slices, so that no task grows with the backlog.
 */
export class Replica {
  readonly #options: ReplicaOptions
  #epoch: string | null = null
  #offset = START_OFFSET
  /** Which rows are here; null when they are of no position, or there are none. */
  #have: Have | null = null
  /** Between the first and the last part of a diff. */
  #partial = false
  /** The rows are gone: nothing but a replacing snapshot makes sense now. */
  #isLost = false
  /** Keys that the replacing snapshot has mentioned so far; null outside of one. */
  #mentioned: Map<string, Set<string>> | null = null
  #sliceRows = FIRST_SLICE_ROWS
  /** When the present slice began. */
  #sliceStart = 0
  /** Of commits since the last batch was reported, those whose rows cannot be seen yet. */
  #receipts: Array<Promise<unknown>> = []
  /** The part that is being worked off. */
  #working: Promise<void> = Promise.resolve()

  constructor(options: ReplicaOptions) {
    this.#options = options
  }

  /** Offset up to which the rows show the stream. */
  get offset(): string {
    return this.#offset
  }

  get hasRows(): boolean {
    return [...this.#options.collections.values()].some(({ sink }) => !sink.keys()[Symbol.iterator]().next().done)
  }

  get have(): Have | null {
    return this.#have
  }

  /** Begins a sequence of batches, which continues what is here, or replaces it; null to take none for now. */
  follow(epoch: string | null): void {
    this.#epoch = epoch
    this.#isLost = false
    this.#partial = false
    this.#mentioned = null
    this.#offset = this.#have?.offset ?? START_OFFSET
  }

  /** Whether a batch continues what is here; others are to be answered with `resync`. */
  continues(batch: DiffBatch): boolean {
    return batch.epoch === this.#epoch && (batch.replace || (!this.#isLost && batch.from === this.#offset))
  }

  /** The rows are gone (the collections were cleaned up): the engine sends them again. */
  lost(): void {
    this.#isLost = true
    this.#have = null
  }

  /** @returns `applied` once every row is committed; `resync` when the batch does not continue what is here */
  async apply(batch: DiffBatch): Promise<Ack> {
    // A part is acknowledged when work on it begins, so that the next one is here when it ends.
    await this.#working
    if (!this.continues(batch)) return 'resync'
    this.#have = haveDuring(this.#have, batch)
    const replaced = batch.replace ? [...this.#options.collections.keys()] : batch.replaced
    if (replaced.length > 0) this.#mentioned = new Map(replaced.map((name) => [name, new Set<string>()]))
    if (batch.replace) {
      this.#offset = batch.from
      this.#isLost = false
      this.#partial = false
    }
    const whole = batch.last && !this.#partial
    this.#partial = !batch.last && (this.#partial || batch.diffs.length > 0)
    if (whole && sizeOf(batch.diffs) <= ATOMIC_ROWS) {
      for (const { collection, rows, deleted } of batch.diffs) this.#commit(collection, { rows: sliceRows(rows, 0, Infinity), deleted })
      this.#report(batch)
    } else {
      this.#working = this.#workOff(batch)
    }
    if (batch.last) {
      await this.#working
      // In the meantime another sequence may have begun; what it replaces is then its own to find.
      if (this.#isOver(batch)) return 'resync'
      await this.#removeUnmentioned()
      if (this.#isOver(batch)) return 'resync'
      this.#offset = batch.to
      this.#have = haveAfter(batch)
    }
    return 'applied'
  }

  #isOver({ epoch }: DiffBatch): boolean {
    return this.#isLost || epoch !== this.#epoch
  }

  #commit(collection: string, { rows, deleted }: RowWrite): void {
    const target = this.#options.collections.get(collection)
    if (!target) return
    const mentioned = this.#mentioned?.get(collection)
    if (mentioned) {
      // The engine has put the event's key there, which is a string.
      for (const row of rows) mentioned.add(row[target.primaryKey] as string)
      for (const key of deleted) mentioned.delete(key)
    }
    try {
      // Not awaited here: what it waits for may be waiting for these rows' txid.
      const visible = target.sink.write({ rows, deleted })
      if (visible !== true) this.#receipts.push(visible)
    } catch (error) {
      this.#options.onCommitError(error)
    }
  }

  async #workOff(batch: DiffBatch): Promise<void> {
    this.#sliceStart = this.#options.now()
    for (const diff of batch.diffs) await this.#commitInSlices(diff)
    this.#report(batch)
  }

  #report(batch: DiffBatch): void {
    const visible = Promise.all(this.#receipts)
    visible.catch(() => undefined)
    this.#receipts = []
    this.#options.onCommitted(batch, visible)
  }

  async #commitInSlices({ collection, rows, deleted }: CollectionDiff): Promise<void> {
    const { now, pause } = this.#options
    let position = 0
    while (position < countRows(rows) + deleted.length) {
      const end = position + this.#sliceRows
      const before = now()
      // Removals first: a list in order loses them most cheaply from its end, and gains rows there.
      this.#commit(collection, {
        deleted: deleted.slice(position, end),
        rows: sliceRows(rows, Math.max(0, position - deleted.length), Math.max(0, end - deleted.length)),
      })
      const after = now()
      const tookMs = Math.max(0.1, after - before)
      position = end
      const slice = this.#options.collections.get(collection)?.sink.isObserved ? SLICE.observed : SLICE.unobserved
      const target = Math.round((this.#sliceRows * slice.ms) / tookMs)
      // Halfway towards the target: one slow slice (a collection of garbage, say) is no trend.
      this.#sliceRows = Math.min(MOST_SLICE_ROWS, Math.max(slice.leastRows, Math.round((this.#sliceRows + target) / 2)))
      // Another one as long as this one would exceed what a slice may take.
      if (after - this.#sliceStart + tookMs <= slice.ms) continue
      await pause()
      this.#sliceStart = now()
    }
  }

  async #removeUnmentioned(): Promise<void> {
    const mentioned = this.#mentioned
    this.#mentioned = null
    if (!mentioned) return
    for (const [collection, kept] of mentioned) {
      const sink = this.#options.collections.get(collection)?.sink
      if (!sink) continue
      const deleted = [...sink.keys()].filter((key) => !kept.has(key)).reverse()
      if (deleted.length <= ATOMIC_ROWS) this.#commit(collection, { rows: [], deleted })
      else await this.#commitInSlices({ collection, rows: [], deleted })
    }
  }
}

const sizeOf = (diffs: ReadonlyArray<CollectionDiff>): number =>
  diffs.reduce((sum, { rows, deleted }) => sum + countRows(rows) + deleted.length, 0)

/**
 * Lets the browser paint and handle input. Prefers `scheduler.yield`, which returns before other tasks; a message port is
 * next, because nested timers wait 4 ms each.
 */
export function yieldToBrowser(): Promise<void> {
  const { scheduler } = globalThis as { scheduler?: { yield?: () => Promise<void> } }
  if (scheduler?.yield) return scheduler.yield()
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}
