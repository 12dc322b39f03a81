/** Removals that are remembered in memory. One is a few dozen bytes; a tab that was away for longer gets all rows. */
const REMEMBERED = 10_000
/** And in the cache, where they are written with every flush. */
const STORED = 500

export interface Removal {
  /** Change events materialized before it. */
  readonly seq: number
  readonly collection: string
  readonly key: string
}

/** Removals as they are stored. */
export interface RemovalLog {
  /** All removals are known to whoever has materialized at least so many change events. */
  readonly floor: number
  readonly entries: ReadonlyArray<Removal>
}

/**
 * The newest removals of a state, oldest first. A row says by its `_seq` when it was written; of one that is gone only
 * this log can tell.
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
    // Not at every removal: shortening a list costs its length.
    if (this.#entries.length > 2 * REMEMBERED) this.#forget(REMEMBERED)
  }

  /** The removals that somebody lacks who has materialized `seq` change events; null when that is not known any more. */
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
  // A control event removes many rows at one number: whoever is at that number may lack any of them.
  return dropped === undefined ? { floor, entries } : { floor: dropped.seq + 1, entries: entries.slice(-most) }
}
