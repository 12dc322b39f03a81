/** Removals that are remembered in memory, a few dozen bytes each. A tab that lacks older removals gets all rows. */
const REMEMBERED = 10_000
/** Removals in the cache, where they are written with every flush. */
const STORED = 500

export interface Removal {
  /** Change events materialized before the removal. */
  readonly seq: number
  readonly collection: string
  readonly key: string
}

/** Removals as they are stored. */
export interface RemovalLog {
  /** The log has every removal that a tab with at least this many change events can lack. */
  readonly floor: number
  readonly entries: ReadonlyArray<Removal>
}

/**
 * The newest removals of a state, oldest first. The `_seq` of a row says when it was written; when a row was removed, only this
 * log says.
 */
export class Removals {
  #floor: number
  #entries: Removal[]

  constructor({ floor, entries }: RemovalLog = { floor: 0, entries: [] }) {
    this.#floor = floor
    this.#entries = [...entries]
  }

  note(seq: number, collection: string, key: string): void {
    this.#entries.push({ seq, collection, key })
    // Not at every removal, because shortening a list costs its length.
    if (this.#entries.length > 2 * REMEMBERED) this.#forget(REMEMBERED)
  }

  /** The removals that a tab lacks when it has the first `seq` change events; null when the log does not reach back so far. */
  since(seq: number): ReadonlyArray<Removal> | null {
    if (seq < this.#floor) return null
    let first = this.#entries.length
    while (first > 0 && this.#entries[first - 1]!.seq >= seq) first -= 1
    return this.#entries.slice(first)
  }

  stored(): RemovalLog {
    const { floor, entries } = newest(this.#floor, this.#entries, STORED)
    return { floor, entries: entries.map(({ seq, collection, key }) => ({ seq, collection, key })) }
  }

  #forget(most: number): void {
    const { floor, entries } = newest(this.#floor, this.#entries, most)
    this.#floor = floor
    this.#entries = [...entries]
  }
}

function newest(floor: number, entries: ReadonlyArray<Removal>, most: number): RemovalLog {
  const dropped = entries.at(-1 - most)
  // A control event removes many rows at one number: a tab at that number may lack any of these removals.
  return dropped === undefined ? { floor, entries } : { floor: dropped.seq + 1, entries: entries.slice(-most) }
}
