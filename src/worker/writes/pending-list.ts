import { NO_OUTBOX_NEWS, type OutboxNews, type PendingWrite, type WriteProgress } from '../../shared/write.ts'
import type { OutboxEntry } from '../core/outbox.ts'

export interface PendingListOptions {
  /** Writes were added, have changed, or are gone. */
  readonly onNews: (news: OutboxNews) => void
  /** The list has begun anew. */
  readonly onReset: () => void
}

/** The pending writes as tabs know them. It tells tabs what changes, and counts the writes. */
export class PendingList {
  readonly #options: PendingListOptions
  /** By number. */
  readonly #known = new Map<number, WriteProgress>()
  #parked = 0

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
    for (const entry of entries) if (entry.phase !== 'confirmed') this.#set(entry, entry.phase)
    this.#options.onReset()
  }

  /** These entries are new, or have changed. */
  note(entries: Iterable<OutboxEntry>): void {
    const [added, changed, removed, rejected]: [PendingWrite[], WriteProgress[], string[], string[]] = [[], [], [], []]
    for (const entry of entries) {
      const known = this.#known.get(entry.number)
      if (known && isSame(entry, known)) continue
      if (entry.phase === 'confirmed') {
        removed.push(...this.#remove([entry.number]))
        continue
      }
      const progress = this.#set(entry, entry.phase)
      if (!known) added.push({ ...entry.write, ...progress })
      else changed.push(progress)
      if (known && entry.phase === 'parked') rejected.push(entry.write.id)
    }
    this.#tell({ reset: false, added, changed, removed, rejected })
  }

  /** The entries of these numbers are gone. */
  drop(numbers: ReadonlyArray<number>): void {
    this.#tell({ ...NO_OUTBOX_NEWS, removed: this.#remove(numbers) })
  }

  #set({ number, write: { id }, attempts, error }: OutboxEntry, state: WriteProgress['state']): WriteProgress {
    this.#count(number, -1)
    const progress = { id, state, attempts, error }
    this.#known.set(number, progress)
    this.#count(number, 1)
    return progress
  }

  #remove(numbers: ReadonlyArray<number>): string[] {
    return numbers.flatMap((number) => {
      const known = this.#known.get(number)
      this.#count(number, -1)
      this.#known.delete(number)
      return known ? [known.id] : []
    })
  }

  #count(number: number, by: number): void {
    if (this.#known.get(number)?.state === 'parked') this.#parked += by
  }

  #tell(news: OutboxNews): void {
    if (news.added.length + news.changed.length + news.removed.length > 0) this.#options.onNews(news)
  }
}

const isSame = ({ phase, attempts, error }: OutboxEntry, known: WriteProgress): boolean => phase === known.state && attempts === known.attempts && error === known.error
