import type { Clock } from '../ports.ts'

/** The shortest time between two messages that bring nothing but numbers that a busy stream changes all the time, ms. */
export const BUSY_INTERVAL_MS = 250

/**
 * Says when a tab is told of a position that brings it no rows. On a busy stream, most batches change no row that the tab shows, and
 * each message costs the tab's thread about a millisecond: the first of them is sent at once, and later ones at an interval.
 */
export class PositionNews {
  readonly #clock: Clock
  readonly #onDue: () => void
  #cancel: (() => void) | null = null

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  get isDue(): boolean {
    return this.#cancel === null
  }

  /** A batch was sent, which had a position. */
  told(): void {
    this.#cancel?.()
    this.#cancel = this.#clock.after(BUSY_INTERVAL_MS, () => {
      this.#cancel = null
      this.#onDue()
    })
  }

  close(): void {
    this.#cancel?.()
  }
}
