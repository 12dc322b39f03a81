import { NO_OUTBOX_NEWS, type OutboxNews, type PendingWrite, type WriteProgress } from '../../shared/write.ts'
import { pendingOf, type OutboxEntry } from '../core/outbox.ts'

export interface PendingListOptions {
  /** Writes were added, have changed, or are gone. */
  readonly onNews: (news: OutboxNews) => void
  /** Tabs get the whole list again: it has begun anew, or a write belongs before one that they know. */
  readonly onReset: () => void
}

/** The pending writes as tabs know them. It tells tabs what changes, and counts the writes. */
export class PendingList {
  readonly #options: PendingListOptions
  /** By number; confirmed entries are left out. */
  readonly #known = new Map<number, OutboxEntry>()
  #parked = 0
  /** The highest number that tabs know, or knew. */
  #highest = 0

  constructor(options: PendingListOptions) {
    this.#options = options
  }

  /** Number of writes that are stored or sent. */
  get pending(): number {
    return this.#known.size - this.#parked
  }

  get parked(): number {
    return this.#parked
  }

  /** Whether tabs know the write. */
  has({ number }: OutboxEntry): boolean {
    return this.#known.has(number)
  }

  /** The list begins anew with these entries. */
  reset(entries: Iterable<OutboxEntry>): void {
    this.#known.clear()
    this.#parked = 0
    this.#highest = 0
    for (const entry of entries) if (entry.phase !== 'confirmed') this.#set(entry)
    this.#options.onReset()
  }

  /** These entries are new, or have changed. */
  note(entries: Iterable<OutboxEntry>): void {
    const [added, changed, removed, rejected]: [PendingWrite[], WriteProgress[], string[], string[]] = [[], [], [], []]
    let isLate = false
    for (const entry of entries) {
      const known = this.#known.get(entry.number)
      if (known && isSame(entry, known)) continue
      const pending = pendingOf(entry)
      if (pending === null) {
        removed.push(...this.#remove([entry.number]))
        continue
      }
      // It took longer to be stored than a later write.
      if (!known && entry.number < this.#highest) isLate = true
      this.#set(entry)
      const { id, state, attempts, error } = pending
      if (!known) added.push(pending)
      else changed.push({ id, state, attempts, error })
      if (known && state === 'parked') rejected.push(id)
    }
    this.#tell({ reset: false, added, changed, removed, rejected })
    if (isLate) this.#options.onReset()
  }

  /** The entries of these numbers are gone. */
  drop(numbers: ReadonlyArray<number>): void {
    this.#tell({ ...NO_OUTBOX_NEWS, removed: this.#remove(numbers) })
  }

  #set(entry: OutboxEntry): void {
    this.#count(entry.number, -1)
    this.#known.set(entry.number, entry)
    this.#highest = Math.max(this.#highest, entry.number)
    this.#count(entry.number, 1)
  }

  #remove(numbers: ReadonlyArray<number>): string[] {
    return numbers.flatMap((number) => {
      const known = this.#known.get(number)
      this.#count(number, -1)
      this.#known.delete(number)
      return known ? [known.write.id] : []
    })
  }

  #count(number: number, by: number): void {
    if (this.#known.get(number)?.phase === 'parked') this.#parked += by
  }

  #tell(news: OutboxNews): void {
    if (news.added.length + news.changed.length + news.removed.length > 0) this.#options.onNews(news)
  }
}

const isSame = (one: OutboxEntry, other: OutboxEntry): boolean => one === other || (one.phase === other.phase && one.attempts === other.attempts && one.error === other.error)
