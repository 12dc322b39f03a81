/** Answers in a row that it takes. Two are the least that a decision may rest on; one bad backend of two gives two in a row often. */
const LEAST_ANSWERS = 3
const MOST_ANSWERS = 12
/** A decision that is so old has no bearing on the next one, ms. */
const FORGET_MS = 600_000

/**
 * One answer drops nothing. Counts the answers in a row that say that a stream is gone, or another one, until they are
 * enough to believe it. Servers that contradict themselves have to say it more often.
 */
export class Doubt {
  #answers = 0
  #needed = LEAST_ANSWERS
  #decidedAt = -Infinity

  /** An answer says so. @returns whether it is to be believed now */
  add(now: number): boolean {
    if (this.#answers === 0 && now - this.#decidedAt > FORGET_MS) this.#needed = LEAST_ANSWERS
    this.#answers += 1
    if (this.#answers < this.#needed) return false
    this.#contradicted(now)
    return true
  }

  /** An answer says otherwise. */
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
