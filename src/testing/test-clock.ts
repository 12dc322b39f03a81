import type { Clock } from '../worker/ports.ts'

/** Longer than anything that the engine remembers of failures, ms. */
const SKIP_MS = 11 * 60 * 1000

/**
 * A clock that skips the time between two acts of a test: pauses between requests, and what is left of the allowance to cut
 * them short, are about servers that fail often. Timers run as they do.
 */
export class TestClock implements Clock {
  readonly #clock: Clock
  #skippedMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now() + this.#skippedMs
  }

  after(delayMs: number, task: () => void): () => void {
    return this.#clock.after(delayMs, task)
  }

  skip(): void {
    this.#skippedMs += SKIP_MS
  }
}
