import { RowDiff } from '../../shared/row-diff.ts'
import type { RowData } from '../../shared/row.ts'
import type { RowAddress } from '../core/overlay.ts'

/**
 * The acknowledgements that a tab has not been sent yet. An acknowledgement goes with the rows of its write. Most go with the last
 * part of a diff. A tab may have to wait long for that part: for many other rows, or for a state to compare its own with. Then they
 * go early: the next batch gets the acknowledgement and the rows of the write. These rows are sent once more in their turn.
 */
export class StoredWrites {
  #ids: string[] = []
  #earlyIds: string[] = []
  /** Collection → keys of the rows that go early. */
  readonly #early = new Map<string, Set<string>>()
  /** The keys of all rows that have gone early. */
  readonly #gone = new Map<string, Set<string>>()

  get hasNews(): boolean {
    return this.#ids.length > 0
  }

  get hasEarly(): boolean {
    return this.#earlyIds.length > 0 || this.#early.size > 0
  }

  add(id: string): void {
    this.#ids.push(id)
  }

  addEarly(id: string, addresses: Iterable<RowAddress>): void {
    this.#earlyIds.push(id)
    this.hurry(addresses)
  }

  /** These rows go early: pending changes were laid over them, or taken back. */
  hurry(addresses: Iterable<RowAddress>): void {
    for (const [collection, key] of addresses) note(this.#early, collection, key)
  }

  /** Collection → keys of the rows that have gone early so far. The tab's position does not cover them. */
  get goneEarly(): Readonly<Record<string, ReadonlyArray<string>>> {
    return Object.fromEntries([...this.#gone].map(([collection, keys]) => [collection, [...keys]]))
  }

  /**
   * The tab has not taken the batch with these acknowledgements: they go again, with the state that follows.
   * @param isEarly the state cannot be shown yet
   */
  putBack(ids: ReadonlyArray<string>, isEarly: boolean): void {
    if (isEarly) this.#earlyIds = [...ids, ...this.#earlyIds]
    else this.#ids = [...ids, ...this.#ids]
  }

  /**
   * The acknowledgements of the next batch, and the rows that go early.
   * @param isLast the batch is the last part of a diff
   */
  take(isLast: boolean, rowOf: (collection: string, key: string) => RowData | null): { readonly ids: ReadonlyArray<string>; readonly rows: RowDiff } {
    const ids = isLast ? [...this.#ids, ...this.#earlyIds] : this.#earlyIds
    const rows = new RowDiff()
    for (const [collection, keys] of this.#early) {
      for (const key of keys) {
        rows.set(collection, key, rowOf(collection, key))
        note(this.#gone, collection, key)
      }
    }
    if (isLast) this.#ids = []
    this.#earlyIds = []
    this.#early.clear()
    return { ids, rows }
  }
}

function note(all: Map<string, Set<string>>, collection: string, key: string): void {
  const keys = all.get(collection)
  if (keys) keys.add(key)
  else all.set(collection, new Set([key]))
}
