/** The fewest answers in a row that are believed. Two are too few: one bad backend of two often gives two in a row. */
const LEAST_ANSWERS = 3
const MOST_ANSWERS = 12
/** After this time, ms, an earlier decision no longer counts. */
const FORGET_MS = 600_000

/**
 * Counts the answers in a row which say that a stream is gone, or is another stream, until they are enough to believe it: one
 * answer drops no rows. A server that has contradicted itself has to give more answers, {@link MOST_ANSWERS} at most.
 */
export class Doubt {
  #answers = 0
  #needed = LEAST_ANSWERS
  #decidedAt = -Infinity

  /** An answer says that the stream is gone, or another one. @returns whether to believe it now */
  add(now: number): boolean {
    if (this.#answers === 0 && now - this.#decidedAt > FORGET_MS) this.#needed = LEAST_ANSWERS
    this.#answers += 1
    if (this.#answers < this.#needed) return false
    this.#contradicted(now)
    return true
  }

  /** An answer shows that the stream is there. */
  settle(now: number): void {
    if (this.#answers > 0) this.#contradicted(now)
  }

  get isOpen(): boolean {
    return this.#answers > 0
  }

  #contradicted(now: number): void {
    this.#answers = 0
    this.#needed = Math.min(MOST_ANSWERS, this.#needed * 2)
    this.#decidedAt = now
  }
}
