import type { RowData } from './row.ts'
import type { Rows } from './row-table.ts'

/** Key → the newest row, or null when the row was removed. Map order is the order of first change since the last drain. */
export type RowChanges = Map<string, RowData | null>

/** The changes of one collection, as they cross a port. A key is in `rows` (by its primary key) or in `deleted`. */
export interface CollectionDiff {
  readonly collection: string
  readonly rows: Rows
  readonly deleted: ReadonlyArray<string>
  /** Keys of the diff's rows, and of its deleted rows, that show pending changes. */
  readonly pending?: ReadonlyArray<string>
}

/** The changes of one collection before their rows are packed. */
export interface DrainedDiff extends CollectionDiff {
  readonly rows: ReadonlyArray<RowData>
}

const NONE: ReadonlySet<string> = new Set()

/**
 * A row diff: changes of many collections, merged by row. A row that changes several times between two drains leaves once. The
 * size depends on the changed rows, not on the events.
 */
export class RowDiff {
  readonly #collections = new Map<string, RowChanges>()
  /** Collection → sorted keys that leave before all other keys; the last key of the list leaves first. */
  readonly #sorted = new Map<string, string[]>()

  /** Number of changed rows in all collections. */
  get size(): number {
    let size = 0
    for (const changes of this.#collections.values()) size += changes.size
    return size
  }

  set(collection: string, key: string, row: RowData | null): void {
    this.#changes(collection).set(key, row)
  }

  /** Merges a later diff into this one. */
  fold(later: RowDiff): void {
    for (const [collection, changes] of later.#collections) this.foldRows(collection, changes)
  }

  /** Merges later changes of one collection into this diff. */
  foldRows(collection: string, rows: ReadonlyMap<string, RowData | null>): void {
    if (rows.size === 0) return
    const own = this.#collections.get(collection)
    if (own) for (const [key, row] of rows) own.set(key, row)
    else this.#collections.set(collection, new Map(rows))
  }

  entries(): IterableIterator<[string, RowChanges]> {
    return this.#collections.entries()
  }

  clear(): void {
    this.#collections.clear()
    this.#sorted.clear()
  }

  /**
   * Lets the present changes leave in order of key. TanStack DB collections keep their keys sorted: rows in order are appended,
   * other rows are spliced in, which with 100,000 rows costs more than all other work together.
   */
  sort(): void {
    this.#sorted.clear()
    // In the default order, as the collections sort; a comparator would make sorting several times slower.
    for (const [collection, changes] of this.#collections) {
      const keys = [...changes.keys()].sort()
      // Removed keys leave first, from the end of the order: removal near the end of a sorted list moves the fewest other keys.
      const gone = keys.filter((key) => changes.get(key) === null)
      const rows = gone.length === 0 ? keys : keys.filter((key) => changes.get(key) !== null)
      this.#sorted.set(collection, [...rows.reverse(), ...gone])
    }
  }

  /** Whether a row of that collection has changed. */
  has(collection: string): boolean {
    return this.#collections.has(collection)
  }

  /** Drops the changes of a collection. */
  drop(collection: string): void {
    this.#collections.delete(collection)
    this.#sorted.delete(collection)
  }

  /** Drops the change of a row. */
  forget(collection: string, key: string): void {
    const changes = this.#collections.get(collection)
    if (changes?.delete(key) && changes.size === 0) this.#collections.delete(collection)
  }

  /**
   * Removes up to `limit` changed rows and returns them.
   * @param urgent the collections whose changes come first
   * @param only drains the urgent collections only
   */
  drain(limit: number, urgent: ReadonlySet<string> = NONE, only = false): ReadonlyArray<DrainedDiff> {
    const drained: DrainedDiff[] = []
    let left = limit
    const order = [...this.#collections].filter(([name]) => urgent.has(name))
    if (!only) order.push(...[...this.#collections].filter(([name]) => !urgent.has(name)))
    for (const [collection, changes] of order) {
      if (left === 0) break
      const rows: RowData[] = []
      const deleted: string[] = []
      const take = (key: string): void => {
        const row = changes.get(key)
        if (row === undefined) return
        changes.delete(key)
        left -= 1
        if (row === null) deleted.push(key)
        else rows.push(row)
      }
      const sorted = this.#sorted.get(collection)
      while (left > 0 && sorted !== undefined && sorted.length > 0) take(sorted.pop()!)
      for (const key of changes.keys()) {
        if (left === 0) break
        take(key)
      }
      if (changes.size === 0) {
        this.#collections.delete(collection)
        this.#sorted.delete(collection)
      }
      if (rows.length + deleted.length > 0) drained.push({ collection, rows, deleted })
    }
    return drained
  }

  #changes(collection: string): RowChanges {
    let changes = this.#collections.get(collection)
    if (!changes) this.#collections.set(collection, (changes = new Map<string, RowData | null>()))
    return changes
  }
}
