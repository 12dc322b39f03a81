import { RowDiff } from '../../shared/row-diff.ts'
import type { RowData } from '../../shared/row.ts'
import type { RowAddress } from '../core/overlay.ts'

/** The acknowledgement of a write. */
interface Acknowledgement {
  readonly id: string
  /** The write's rows, as far as the tab gets them. */
  readonly addresses: ReadonlyArray<RowAddress>
}

/**
 * The acknowledgements that a tab has not been sent yet. An acknowledgement goes with the rows of its write. Most go with the last
 * part of a diff. A tab may have to wait long for that part: for many other rows, or for a state to compare its own with. Then they
 * go early: the next batch gets the acknowledgement and the rows of the write. These rows are sent once more in their turn.
 */
export class StoredWrites {
  #late: ReadonlyArray<Acknowledgement> = []
  #early: ReadonlyArray<Acknowledgement> = []
  /** Those of the last batch. */
  #taken: ReadonlyArray<Acknowledgement> = []
  /** Other rows that go early: pending changes were laid over them, or taken back. */
  #hurried: ReadonlyArray<RowAddress> = []
  /** Collection → keys of all rows that have gone early. */
  readonly #gone = new Map<string, Set<string>>()

  get hasNews(): boolean {
    return this.#late.length > 0
  }

  get hasEarly(): boolean {
    return this.#early.length > 0 || this.#hurried.length > 0
  }

  add(acknowledgement: Acknowledgement, isEarly: boolean): void {
    if (isEarly) this.#early = [...this.#early, acknowledgement]
    else this.#late = [...this.#late, acknowledgement]
  }

  /** These rows go early: pending changes were laid over them, or taken back. */
  hurry(addresses: ReadonlyArray<RowAddress>): void {
    this.#hurried = [...this.#hurried, ...addresses]
  }

  /** Collection → keys of the rows that have gone early so far. The tab's position does not cover them. */
  get goneEarly(): Readonly<Record<string, ReadonlyArray<string>>> {
    return Object.fromEntries([...this.#gone].map(([collection, keys]) => [collection, [...keys]]))
  }

  /**
   * The tab has not taken the batch with these acknowledgements: they go again, with the state that follows.
   * @param isEarly the state cannot be shown yet
   */
  putBack(isEarly: boolean): void {
    if (isEarly) this.#early = [...this.#taken, ...this.#early]
    else this.#late = [...this.#taken, ...this.#late]
    this.#taken = []
  }

  /**
   * The acknowledgements of the next batch, and the rows that go early.
   * @param isLast the batch is the last part of a diff
   */
  take(isLast: boolean, rowOf: (collection: string, key: string) => RowData | null): { readonly ids: ReadonlyArray<string>; readonly rows: RowDiff } {
    const rows = new RowDiff()
    for (const [collection, key] of [...this.#early.flatMap(({ addresses }) => addresses), ...this.#hurried]) {
      rows.set(collection, key, rowOf(collection, key))
      const gone = this.#gone.get(collection)
      if (gone) gone.add(key)
      else this.#gone.set(collection, new Set([key]))
    }
    this.#taken = isLast ? [...this.#late, ...this.#early] : this.#early
    if (isLast) this.#late = []
    this.#early = []
    this.#hurried = []
    return { ids: this.#taken.map(({ id }) => id), rows }
  }
}
