import type { RowData } from './row.ts'
import type { Rows } from './row-table.ts'

/** Key → the row's newest value, or null when it is gone. Map order is the order of first change since the last drain. */
export type RowChanges = Map<string, RowData | null>

/** What changed in one collection, as it crosses a port. A key is in `rows` (by its primary key) or in `deleted`. */
export interface CollectionDiff {
  readonly collection: string
  readonly rows: Rows
  readonly deleted: ReadonlyArray<string>
}

/** The same before it is packed. */
export interface DrainedDiff extends CollectionDiff {
  readonly rows: ReadonlyArray<RowData>
}

const NONE: ReadonlySet<string> = new Set()

/**
 * Changes of many collections, folded per row: however often a row changes between two drains, it leaves once. Its size
 * follows the changed rows, never the events.
 */
export class RowDiff {
  readonly #collections = new Map<string, RowChanges>()
  /** Keys that leave first, the next one last. */
  readonly #sorted = new Map<string, string[]>()

  /** Changed rows over all collections. */
  get size(): number {
    let size = 0
    for (const changes of this.#collections.values()) size += changes.size
    return size
  }

  set(collection: string, key: string, row: RowData | null): void {
    this.#changes(collection).set(key, row)
  }

  /** Folds a later diff into this one. */
  fold(later: RowDiff): void {
    for (const [collection, changes] of later.#collections) this.foldRows(collection, changes)
  }

  /** Folds rows of one collection in, and keys that are gone. */
  foldRows(collection: string, rows: ReadonlyMap<string, RowData | null>): void {
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
   * Lets the present changes leave in order of key. Collections keep their keys sorted: rows that come in order are
   * appended there, others are spliced in, which over 100,000 rows costs more than everything else together.
   */
  sort(): void {
    this.#sorted.clear()
    // By the default order, that of the collections; a function of one's own makes sorting several times slower.
    for (const [collection, changes] of this.#collections) {
      const keys = [...changes.keys()].sort()
      // Keys that are gone leave first and from the end, where taking them out of a sorted list moves the fewest others.
      const gone = keys.filter((key) => changes.get(key) === null)
      const rows = gone.length === 0 ? keys : keys.filter((key) => changes.get(key) !== null)
      this.#sorted.set(collection, [...rows.reverse(), ...gone])
    }
  }

  /** Whether a row of that collection has changed. */
  has(collection: string): boolean {
    return this.#collections.has(collection)
  }

  /** Forgets that a row has changed. */
  forget(collection: string, key: string): void {
    const changes = this.#collections.get(collection)
    if (changes?.delete(key) && changes.size === 0) this.#collections.delete(collection)
  }

  /**
   * Removes up to `limit` changed rows and returns them.
   * @param urgent the collections that come before all others
   * @param only those and no others
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
