import type { RowData } from '../../shared/row.ts'
import type { RowDeltas } from './deltas.ts'

/** How many rows are worked on between two looks at the clock. */
export const STRIDE = 128

/** Whether a slice of work is over. */
export type IsOver = () => boolean

/**
 * The rows of a collection as the queries have seen them. A query is told the former row with the new one, and the engine has the
 * new one only; so the former rows are kept here, once for all queries.
 */
export class Source {
  readonly #rows: () => ReadonlyMap<string, RowData>
  /** A row that is gone is null while a reader is on its way through the map, so that no row is met twice. */
  readonly #seen = new Map<string, RowData | null>()
  /** Changes that the queries have not seen. */
  readonly #pending = new Map<string, RowData | null>()
  /** Keys of rows that are null in `#seen`. */
  readonly #gone = new Set<string>()
  readonly #readers = new Set<SourceReader>()
  /** The copy of all rows that is under way; null when there is none. */
  #copying: Iterator<unknown> | null

  /** @param rows the rows now */
  constructor(rows: () => ReadonlyMap<string, RowData>) {
    this.#rows = rows
    this.#copying = this.#copy()
  }

  /** All rows have been seen, or are pending. */
  get isWhole(): boolean {
    return this.#copying === null
  }

  get size(): number {
    return this.#seen.size
  }

  get hasPending(): boolean {
    return this.#pending.size > 0
  }

  changed(rows: ReadonlyMap<string, RowData | null>): void {
    for (const [key, row] of rows) this.#pending.set(key, row)
  }

  /** The rows were replaced. */
  replaced(): void {
    // What is pending are changes of the former rows.
    this.#pending.clear()
    this.#copying = this.#copy()
  }

  /** Goes on until it is whole, or the slice is over. */
  copy(isOver: IsOver): void {
    if (this.#copying && advance(this.#copying, isOver)) this.#copying = null
  }

  /**
   * Shows pending changes to the readers.
   * @returns whether no change is pending any more
   */
  drain(isOver: IsOver): boolean {
    return advance(this.#drain(), isOver)
  }

  /** Lets a query read the rows that were seen, and all changes from now on. */
  open(): SourceReader {
    const reader = new SourceReader(this.#seen, () => {
      this.#sweep()
    }, () => {
      this.#readers.delete(reader)
      this.#sweep()
    })
    this.#readers.add(reader)
    return reader
  }

  *#copy(): Generator<void> {
    const rows = this.#rows()
    for (const [key, row] of rows) {
      yield
      if (this.#readers.size === 0) this.#seen.set(key, row)
      else if (this.#seen.get(key) !== row) this.#pending.set(key, row)
    }
    for (const [key, seen] of this.#seen) {
      yield
      if (seen !== null && !rows.has(key)) this.#pending.set(key, null)
    }
  }

  *#drain(): Generator<void> {
    for (const [key, row] of this.#pending) {
      yield
      this.#pending.delete(key)
      const former = this.#seen.get(key) ?? null
      if (former === row) continue
      if (row !== null || this.#isBeingRead) this.#seen.set(key, row)
      else this.#seen.delete(key)
      if (row === null && this.#isBeingRead) this.#gone.add(key)
      for (const reader of this.#readers) reader.note(key, former)
    }
  }

  get #isBeingRead(): boolean {
    for (const reader of this.#readers) if (!reader.isThrough) return true
    return false
  }

  #sweep(): void {
    if (this.#gone.size === 0 || this.#isBeingRead) return
    for (const key of this.#gone) if (this.#seen.get(key) === null) this.#seen.delete(key)
    this.#gone.clear()
  }
}

/** One query's way through the rows of a collection: first all rows as they were when it began, then the changes since. */
export class SourceReader {
  readonly #seen: ReadonlyMap<string, RowData | null>
  readonly #onThrough: () => void
  readonly close: () => void
  /** The rows that have changed, as this query knows them; null for a row that it does not have. */
  readonly #former = new Map<string, RowData | null>()
  #first: Iterator<readonly [string, RowData | null], undefined> | null

  constructor(seen: ReadonlyMap<string, RowData | null>, onThrough: () => void, onClose: () => void) {
    this.#seen = seen
    this.#onThrough = onThrough
    this.close = () => {
      this.#first = null
      onClose()
    }
    this.#first = seen.entries()
  }

  /** It has met all rows that were there when it began. */
  get isThrough(): boolean {
    return this.#first === null
  }

  get hasChanges(): boolean {
    return this.#former.size > 0
  }

  /** A row has changed. @param former the row before; null when there was none */
  note(key: string, former: RowData | null): void {
    if (!this.#former.has(key)) this.#former.set(key, former)
  }

  /** The next rows that were there when it began. */
  first(most: number): RowDeltas {
    const deltas: RowDeltas = []
    while (this.#first && deltas.length < most) {
      const next = this.#first.next()
      if (next.done) {
        this.#first = null
        this.#onThrough()
        break
      }
      const [key, now] = next.value
      const row = this.#former.has(key) ? this.#former.get(key)! : now
      if (row !== null) deltas.push([[key, row], 1])
    }
    return deltas
  }

  /** The next changes. */
  changes(most: number): RowDeltas {
    const deltas: RowDeltas = []
    for (const [key, former] of this.#former) {
      if (deltas.length >= most) break
      this.#former.delete(key)
      const row = this.#seen.get(key) ?? null
      if (row === former) continue
      if (former !== null) deltas.push([[key, former], -1])
      if (row !== null) deltas.push([[key, row], 1])
    }
    return deltas
  }
}

/** @returns whether the work is done */
function advance(work: Iterator<unknown>, isOver: IsOver): boolean {
  for (let steps = 1; ; steps += 1) {
    if (work.next().done) return true
    if (steps % STRIDE === 0 && isOver()) return false
  }
}
