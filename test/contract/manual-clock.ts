import type { Clock } from '../../src/worker/ports.ts'

/** A clock that stands still until it is told to go on. */
export class ManualClock implements Clock {
  #now = 0
  readonly #tasks = new Set<{ readonly at: number; run(): void }>()

  now(): number {
    return this.#now
  }

  after(delayMs: number, task: () => void): () => void {
    const entry = { at: this.#now + delayMs, run: task }
    this.#tasks.add(entry)
    return () => {
      this.#tasks.delete(entry)
    }
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#tasks.size
  }

  advance(ms: number): void {
    this.#now += ms
    const due = [...this.#tasks].filter(({ at }) => at <= this.#now).sort((a, b) => a.at - b.at)
    for (const entry of due) {
      if (this.#tasks.delete(entry)) entry.run()
    }
  }
}
