/** How long a condition has held without a break. A condition that holds for a time limit is believed. */
export class Since {
  readonly #limitMs: number
  #at: number | null = null

  /** @param limitMs how long the condition has to hold */
  constructor(limitMs: number) {
    this.#limitMs = limitMs
  }

  /** The condition holds now. @returns whether it is believed */
  holds(now: number): boolean {
    this.#at ??= now
    return this.leftMs(now) === 0
  }

  /** ms until the condition is believed; null while it does not hold */
  leftMs(now: number): number | null {
    return this.#at === null ? null : Math.max(0, this.#at + this.#limitMs - now)
  }

  /** The condition does not hold now. */
  end(): void {
    this.#at = null
  }
}
