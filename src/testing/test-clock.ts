import type { Clock } from '../worker/ports.ts'

/** Longer than the engine remembers any failure, ms. */
const SKIP_MS = 11 * 60 * 1000

/**
 * A clock that skips the time between two steps of a test. Otherwise a test with many failures would meet long pauses between
 * requests, and a limit on how often a pause is cut short. Timers run in real time.
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
