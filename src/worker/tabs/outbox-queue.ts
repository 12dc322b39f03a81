import type { OutboxNews, PendingWrite, WriteProgress } from '../../shared/write.ts'

/** The most writes of one message. */
const NEWS_WRITES = 500

/** The changes of the list of pending writes that a tab was not told yet. Of a write that changes several times only the last state is told. */
export class OutboxQueue {
  #isReset = false
  readonly #added = new Map<string, PendingWrite>()
  readonly #changed = new Map<string, WriteProgress>()
  readonly #removed = new Set<string>()
  #rejected: string[] = []

  get isEmpty(): boolean {
    return !this.#isReset && this.#added.size + this.#changed.size + this.#removed.size + this.#rejected.length === 0
  }

  add({ reset, added, changed, removed, rejected }: OutboxNews): void {
    if (reset) {
      this.#isReset = true
      this.#added.clear()
      this.#changed.clear()
      this.#removed.clear()
    }
    for (const write of added) this.#added.set(write.id, write)
    for (const progress of changed) {
      const own = this.#added.get(progress.id)
      if (own) this.#added.set(progress.id, { ...own, ...progress })
      else this.#changed.set(progress.id, progress)
    }
    for (const id of removed) {
      this.#changed.delete(id)
      if (!this.#added.delete(id)) this.#removed.add(id)
    }
    this.#rejected = [...this.#rejected, ...rejected]
  }

  take(): OutboxNews {
    const added = taken(this.#added)
    // Changes and removals follow when all added writes were told.
    const isWhole = this.#added.size === 0
    const news = {
      reset: this.#isReset,
      added,
      changed: isWhole ? taken(this.#changed) : [],
      removed: isWhole ? [...this.#removed] : [],
      rejected: isWhole ? this.#rejected : [],
    }
    this.#isReset = false
    if (isWhole) {
      this.#removed.clear()
      this.#rejected = []
    }
    return news
  }
}

/** Takes the first writes out. */
function taken<T>(writes: Map<string, T>): T[] {
  const first: T[] = []
  for (const [id, write] of writes) {
    if (first.length === NEWS_WRITES) break
    first.push(write)
    writes.delete(id)
  }
  return first
}
