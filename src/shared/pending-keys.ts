import type { DiffBatch } from './batch.ts'
import type { CollectionDiff } from './row-diff.ts'
import { valuesOf } from './row-table.ts'

/**
 * The keys of a tab's rows that show pending changes. A key is in it when the last diff that mentioned the key listed it as pending.
 * While no row shows pending changes, a batch costs nothing here: its rows are not looked at.
 */
export class PendingKeys {
  readonly #primaryKeys: ReadonlyMap<string, string>
  /** No set is empty. */
  readonly #keys = new Map<string, Set<string>>()

  /**
   * @param primaryKeys collection → the field of the primary key
   * @param keys as {@link all} has them
   */
  constructor(primaryKeys: ReadonlyMap<string, string>, keys: Readonly<Record<string, ReadonlyArray<string>>> = {}) {
    this.#primaryKeys = primaryKeys
    for (const [collection, own] of Object.entries(keys)) if (own.length > 0) this.#keys.set(collection, new Set(own))
  }

  /** As a {@link TabDescription} has them. */
  get all(): Readonly<Record<string, ReadonlyArray<string>>> {
    return Object.fromEntries([...this.#keys].map(([collection, keys]) => [collection, [...keys]]))
  }

  /** The tab takes the rows of a batch. */
  note({ replace, replaced, diffs }: Pick<DiffBatch, 'replace' | 'replaced' | 'diffs'>): void {
    if (replace) this.#keys.clear()
    for (const collection of replaced) this.#keys.delete(collection)
    for (const diff of diffs) this.#noteDiff(diff)
  }

  clear(): void {
    this.#keys.clear()
  }

  #noteDiff({ collection, rows, deleted, pending = [] }: CollectionDiff): void {
    let keys = this.#keys.get(collection)
    const primaryKey = this.#primaryKeys.get(collection)
    if (primaryKey === undefined || (!keys && pending.length === 0)) return
    if (keys) {
      // The engine has set the primary key to the event's key, a string.
      for (const key of valuesOf(rows, primaryKey)) keys.delete(key as string)
      for (const key of deleted) keys.delete(key)
    } else {
      this.#keys.set(collection, (keys = new Set()))
    }
    for (const key of pending) keys.add(key)
    if (keys.size === 0) this.#keys.delete(collection)
  }
}
