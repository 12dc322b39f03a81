import { NO_OUTBOX_NEWS, type OutboxNews, type PendingWrite, type WriteProgress } from '../../shared/write.ts'
import { pendingOf, type OutboxEntry } from '../core/outbox.ts'

/** The pending writes as tabs know them. It tells tabs what changes, and counts the writes. */
export class PendingList {
  readonly #onNews: (news: OutboxNews) => void
  /** By number. */
  readonly #known = new Map<number, WriteProgress>()
  #parked = 0

  constructor(onNews: (news: OutboxNews) => void) {
    this.#onNews = onNews
  }

  /** Number of writes that are stored or sent. */
  get pending(): number {
    return this.#known.size - this.#parked
  }

  get parked(): number {
    return this.#parked
  }

  /** The list begins anew with these entries. */
  reset(entries: Iterable<OutboxEntry>): void {
    this.#known.clear()
    this.#parked = 0
    this.#tell({ ...NO_OUTBOX_NEWS, reset: true, added: this.#add(entries) })
  }

  /** These entries are new, or have changed. */
  note(entries: Iterable<OutboxEntry>): void {
    const before = [...entries]
    const added = this.#add(before.filter(({ number, phase }) => phase !== 'confirmed' && !this.#known.has(number)))
    const changed: WriteProgress[] = []
    const rejected: string[] = []
    for (const entry of before) {
      const write = pendingOf(entry)
      const known = this.#known.get(entry.number)
      if (!write || !known || isSame(write, known)) continue
      if (write.state === 'parked') rejected.push(write.id)
      changed.push(this.#set(entry.number, write))
    }
    const removed = this.#remove(before.filter(({ phase }) => phase === 'confirmed').map(({ number }) => number))
    this.#tell({ reset: false, added, changed, removed, rejected })
  }

  /** The entries of these numbers are gone. */
  drop(numbers: ReadonlyArray<number>): void {
    this.#tell({ ...NO_OUTBOX_NEWS, removed: this.#remove(numbers) })
  }

  #add(entries: Iterable<OutboxEntry>): PendingWrite[] {
    return [...entries].flatMap((entry) => {
      const write = pendingOf(entry)
      if (write) this.#set(entry.number, write)
      return write ?? []
    })
  }

  #set(number: number, { id, state, attempts, error }: WriteProgress): WriteProgress {
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
    if (news.reset || news.added.length + news.changed.length + news.removed.length > 0) this.#onNews(news)
  }
}

const isSame = (one: WriteProgress, other: WriteProgress): boolean => one.state === other.state && one.attempts === other.attempts && one.error === other.error
