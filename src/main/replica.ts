import { haveAfter, haveDuring } from '../shared/have.ts'
import type { Ack, DiffBatch } from '../shared/batch.ts'
import { START_OFFSET, type Have } from '../shared/position.ts'
import type { CollectionDiff } from '../shared/row-diff.ts'
import { isResultName } from '../shared/query.ts'
import { PendingKeys } from '../shared/pending-keys.ts'
import { countRows, sliceRows } from '../shared/row-table.ts'
import type { RowSink, RowWrite } from './collection-sink.ts'

/** A diff in one part of up to this many rows is one commit per collection, all in one task. */
const ATOMIC_ROWS = 1000
/**
 * The time of a slice of a larger diff, ms, and its fewest and most rows. When live queries run with every commit, each slice pays
 * their fixed cost again: fewer and longer slices end much sooner. Without queries, 100,000 rows in commits of 250 take a fifth less
 * time than in commits of 500. From 512 rows on, a TanStack DB collection sorts all its keys again with every commit; in smaller
 * ones, rows in order are appended.
 */
const SLICE = { unobserved: { ms: 8, leastRows: 50, mostRows: 250 }, observed: { ms: 25, leastRows: 250, mostRows: 500 } }
const FIRST_SLICE_ROWS = 250

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
  /** A live query or subscriber of the application threw during a commit. The rows are in the collection. */
  readonly onCommitError: (error: unknown) => void
  /** The rows of a batch are committed. @param visible resolves when they can be seen */
  readonly onCommitted: (batch: DiffBatch, visible: Promise<unknown>) => void
}

/**
 * A tab's copy of the engine's rows. It applies diff batches only in sequence (epoch, from → to), each once and whole; any other
 * batch is answered with `resync`. It applies large diffs in slices, so that no task grows with the diff.
 */
export class Replica {
  readonly #options: ReplicaOptions
  readonly #pendingKeys: PendingKeys
  #epoch: string | null = null
  #offset = START_OFFSET
  /** The position of the rows; null when they have none, or there are no rows. */
  #have: Have | null = null
  /** A diff's first part has come, and its last part has not. */
  #partial = false
  /** The rows are gone: only a replacing diff can follow. */
  #isLost = false
  /** Collection → keys that the replacing diff has mentioned so far; null outside of a replacing diff. */
  #mentioned: Map<string, Set<string>> | null = null
  #sliceRows = FIRST_SLICE_ROWS
  /** When the present slice began. */
  #sliceStart = 0
  /** Commits since the last reported batch whose rows cannot be seen yet. */
  #receipts: Array<Promise<unknown>> = []
  /** Resolves when the present part is applied. */
  #working: Promise<void> = Promise.resolve()

  constructor(options: ReplicaOptions) {
    this.#options = options
    this.#pendingKeys = new PendingKeys(new Map([...options.collections].map(([name, { primaryKey }]) => [name, primaryKey])))
  }

  /** Offset up to which the rows show the stream. */
  get offset(): string {
    return this.#offset
  }

  get hasRows(): boolean {
    return this.#ownNames.some((name) => !isEmpty(this.#options.collections.get(name)!))
  }

  /** No row is shown, of results neither. */
  get isEmpty(): boolean {
    return [...this.#options.collections.values()].every(isEmpty)
  }

  /** The collections of the stream: results of queries are replaced one by one. */
  get #ownNames(): ReadonlyArray<string> {
    return [...this.#options.collections.keys()].filter((name) => !isResultName(name))
  }

  get have(): Have | null {
    return this.#have
  }

  /** Keys of the rows that show pending changes, by collection. */
  get pendingKeys(): Readonly<Record<string, ReadonlyArray<string>>> {
    return this.#pendingKeys.all
  }

  /** Begins a sequence of batches, which continues the present rows or replaces them; null accepts no batch for now. */
  follow(epoch: string | null): void {
    this.#epoch = epoch
    this.#isLost = false
    this.#partial = false
    this.#mentioned = null
    this.#offset = this.#have?.offset ?? START_OFFSET
  }

  /** Whether a batch continues the present rows; any other batch is answered with `resync`. */
  continues(batch: DiffBatch): boolean {
    return batch.epoch === this.#epoch && (batch.replace || (!this.#isLost && batch.from === this.#offset))
  }

  /** The rows are gone (the collections were cleaned up): the engine sends them again. */
  lost(): void {
    this.#isLost = true
    this.#have = null
  }

  /** Removes all rows: they may not be shown any longer. When the engine removes them too, that changes nothing. */
  removeAll(): void {
    this.#have = null
    this.#pendingKeys.clear()
    this.#working = this.#working.then(async () => {
      for (const [collection, { sink }] of this.#options.collections) await this.#remove(collection, [...sink.keys()].reverse())
    })
  }

  /** @returns `applied` once every row is committed; `resync` when the batch does not continue the present rows */
  async apply(batch: DiffBatch): Promise<Ack> {
    // A part is acknowledged when work on it begins, so that the next part has come when this one is applied.
    await this.#working
    if (!this.continues(batch)) return 'resync'
    // Before the rows are in the collections: nothing keeps them from coming there.
    this.#pendingKeys.note(batch)
    this.#have = haveDuring(this.#have, batch)
    if (batch.replace) this.#mentioned = new Map(this.#ownNames.map((name) => [name, new Set<string>()]))
    if (batch.replaced.length > 0) {
      this.#mentioned ??= new Map()
      for (const name of batch.replaced) this.#mentioned.set(name, new Set())
    }
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
      // Another sequence may have begun in the meantime; it removes rows by itself.
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
      // The engine has set the primary key to the event's key, a string.
      for (const row of rows) mentioned.add(row[target.primaryKey] as string)
      for (const key of deleted) mentioned.delete(key)
    }
    try {
      // Not awaited here: the transaction that delays it may itself wait for the txid of these rows.
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
      // Removals first: a sorted list loses keys most cheaply at its end, and new rows are appended there.
      this.#commit(collection, {
        deleted: deleted.slice(position, end),
        rows: sliceRows(rows, Math.max(0, position - deleted.length), Math.max(0, end - deleted.length)),
      })
      const after = now()
      const tookMs = Math.max(0.1, after - before)
      position = end
      const slice = this.#options.collections.get(collection)?.sink.isObserved ? SLICE.observed : SLICE.unobserved
      const target = Math.round((this.#sliceRows * slice.ms) / tookMs)
      // Halfway towards the target, because one slow slice (a garbage collection, for example) is no trend.
      this.#sliceRows = Math.min(slice.mostRows, Math.max(slice.leastRows, Math.round((this.#sliceRows + target) / 2)))
      // Go on in this task while another commit as long as the last one still fits into the slice.
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
      await this.#remove(collection, [...sink.keys()].filter((key) => !kept.has(key)).reverse())
    }
  }

  async #remove(collection: string, deleted: ReadonlyArray<string>): Promise<void> {
    if (deleted.length > ATOMIC_ROWS) await this.#commitInSlices({ collection, rows: [], deleted })
    else if (deleted.length > 0) this.#commit(collection, { rows: [], deleted })
  }
}

/** How many rows diffs change. */
export const sizeOf = (diffs: ReadonlyArray<CollectionDiff>): number =>
  diffs.reduce((sum, { rows, deleted }) => sum + countRows(rows) + deleted.length, 0)

/**
 * Lets the browser paint and handle input. `scheduler.yield` is preferred, because it resumes before other tasks; then a message
 * port, because nested timers wait 4 ms each.
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

const isEmpty = ({ sink }: ReplicaCollection): boolean => sink.keys()[Symbol.iterator]().next().done === true
