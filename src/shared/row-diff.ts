/** A row: always an object; carries its primary key and `_seq`. Never mutated once it is in a diff or a snapshot. */
export type RowData = Readonly<Record<string, unknown>>

/** Key → the row's newest value, or null when it is gone. Map order is the order of first change since the last drain. */
export type RowChanges = Map<string, RowData | null>

/** What changed in one collection, as it crosses a port. A key is in `rows` (by its primary key) or in `deleted`. */
export interface CollectionDiff {
  readonly collection: string
  readonly rows: ReadonlyArray<RowData>
  readonly deleted: ReadonlyArray<string>
}

/**
 * Changes of many collections, folded per row: however often a row changes between two drains, it leaves once. Its size
 * follows the changed rows, never the events.
 */
export class RowDiff {
  readonly #collections = new Map<string, RowChanges>()

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
    for (const [collection, changes] of later.#collections) {
      const own = this.#changes(collection)
      for (const [key, row] of changes) own.set(key, row)
    }
  }

  /** Folds all rows of a collection in, in the order given. */
  foldRows(collection: string, rows: Iterable<readonly [string, RowData]>): void {
    const own = this.#changes(collection)
    for (const [key, row] of rows) own.set(key, row)
  }

  entries(): IterableIterator<[string, RowChanges]> {
    return this.#collections.entries()
  }

  clear(): void {
    this.#collections.clear()
  }

  /** Removes up to `limit` changed rows, oldest first, and returns them as they cross a port. */
  drain(limit: number): ReadonlyArray<CollectionDiff> {
    const drained: CollectionDiff[] = []
    let left = limit
    for (const [collection, changes] of this.#collections) {
      if (left === 0) break
      const rows: RowData[] = []
      const deleted: string[] = []
      for (const [key, row] of changes) {
        if (left === 0) break
        left -= 1
        changes.delete(key)
        if (row === null) deleted.push(key)
        else rows.push(row)
      }
      if (changes.size === 0) this.#collections.delete(collection)
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
