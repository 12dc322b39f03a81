import { RowDiff, type DrainedDiff } from '../../shared/row-diff.ts'

/**
 * Rows of a first load that need not wait for its end: those whose keys come after all keys that went before. TanStack DB appends
 * such rows, so the tab installs them while the stream still arrives (docs/decisions/0041). A row that changes after it was taken
 * is among the other rows, which follow.
 */
export class RisingRows {
  readonly #rows = new RowDiff()
  /** Collection → the highest key that was taken. */
  readonly #highest = new Map<string, string>()

  get size(): number {
    return this.#rows.size
  }

  /**
   * Takes the rows whose keys rise.
   * @param pending the changes that follow; they have no older version of a row that is taken
   * @param isWhole whether the tab gets all rows of a collection
   * @returns the other changes
   */
  take(diff: RowDiff, pending: RowDiff, isWhole: (collection: string) => boolean): RowDiff {
    const others = new RowDiff()
    for (const [collection, changes] of diff.entries()) {
      if (!isWhole(collection)) {
        others.foldRows(collection, changes)
        continue
      }
      let highest = this.#highest.get(collection)
      for (const [key, row] of changes) {
        if (row === null || (highest !== undefined && key <= highest)) {
          others.set(collection, key, row)
          continue
        }
        highest = key
        this.#rows.set(collection, key, row)
        pending.forget(collection, key)
      }
      if (highest !== undefined) this.#highest.set(collection, highest)
    }
    return others
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
