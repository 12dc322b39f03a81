import { RowDiff } from '../../shared/row-diff.ts'
import type { RowData } from '../../shared/row.ts'
import type { RowAddress } from '../core/overlay.ts'

/** The acknowledgement of a write. */
interface Acknowledgement {
  readonly id: string
  /** The write's rows, as far as the tab gets them. */
  readonly addresses: ReadonlyArray<RowAddress>
}

/** The present row; null when there is none, and undefined when that is not known yet. */
type RowOf = (collection: string, key: string) => RowData | null | undefined

/**
 * The acknowledgements that a tab has not been sent yet. An acknowledgement goes with the rows of its write. Most go with the last
 * part of a diff. A tab may have to wait long for that part: for many other rows, or for a state to compare its own with. Then they
 * go early: the next batch gets the acknowledgement and the rows of the write. These rows are sent once more in their turn. What has a row that is not known yet waits
 * until it is known.
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

  /** Whether something would go early now. */
  hasEarly(rowOf: RowOf): boolean {
    return this.#early.some(({ addresses }) => areKnown(addresses, rowOf)) || this.#hurried.some((address) => isKnown(address, rowOf))
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
  take(isLast: boolean, rowOf: RowOf): { readonly ids: ReadonlyArray<string>; readonly rows: RowDiff } {
    const [early, waiting] = split(this.#early, ({ addresses }) => areKnown(addresses, rowOf))
    const [hurried, unknown] = split(this.#hurried, (address) => isKnown(address, rowOf))
    const rows = new RowDiff()
    for (const [collection, key] of [...early.flatMap(({ addresses }) => addresses), ...hurried]) {
      rows.set(collection, key, rowOf(collection, key) ?? null)
      const gone = this.#gone.get(collection)
      if (gone) gone.add(key)
      else this.#gone.set(collection, new Set([key]))
    }
    this.#taken = isLast ? [...this.#late, ...early] : early
    if (isLast) this.#late = []
    this.#early = waiting
    this.#hurried = unknown
    return { ids: this.#taken.map(({ id }) => id), rows }
  }
}

const isKnown = ([collection, key]: RowAddress, rowOf: RowOf): boolean => rowOf(collection, key) !== undefined

const areKnown = (addresses: ReadonlyArray<RowAddress>, rowOf: RowOf): boolean => addresses.every((address) => isKnown(address, rowOf))

function split<T>(all: ReadonlyArray<T>, isFirst: (each: T) => boolean): readonly [T[], T[]] {
  const [first, others]: [T[], T[]] = [[], []]
  for (const each of all) (isFirst(each) ? first : others).push(each)
  return [first, others]
}
