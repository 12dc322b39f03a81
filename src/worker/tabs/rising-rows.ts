import { RowDiff, type DrainedDiff } from '../../shared/row-diff.ts'

/**
 * Rows of a first load that need not wait for its end: those whose keys come after all keys that went before. TanStack DB appends
 * such rows, so the tab installs them while the stream still arrives (docs/decisions/0041). A row is either here or among the
 * pending changes, so what goes first is never newer than what follows.
 */
export class RisingRows {
  readonly #rows = new RowDiff()
  /** Collection → the highest key that was taken. */
  readonly #highest = new Map<string, string>()

  get size(): number {
    return this.#rows.size
  }

  /**
   * Takes the rows whose keys rise out of the pending changes.
   * @param changed the pending changes that are looked at; it may be `pending` itself
   * @param isWhole whether the tab gets all rows of a collection
   */
  take(pending: RowDiff, changed: RowDiff, isWhole: (collection: string) => boolean): void {
    for (const [collection, changes] of changed.entries()) {
      if (!isWhole(collection)) continue
      let highest = this.#highest.get(collection)
      for (const [key, row] of changes) {
        if (row === null || (highest !== undefined && key <= highest)) continue
        highest = key
        this.#rows.set(collection, key, row)
        pending.forget(collection, key)
      }
      if (highest !== undefined) this.#highest.set(collection, highest)
    }
  }

  /** These rows have changed: what has not gone out of them is outdated, and their new versions are pending. */
  forget(changed: RowDiff): void {
    if (this.#rows.size === 0) return
    for (const [collection, changes] of changed.entries()) for (const key of changes.keys()) this.#rows.forget(collection, key)
  }

  /** Removes up to `limit` of the taken rows and returns them. */
  drain(limit: number): ReadonlyArray<DrainedDiff> {
    return this.#rows.drain(limit)
  }

  clear(): void {
    this.#rows.clear()
    this.#highest.clear()
  }
}
