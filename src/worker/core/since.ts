/** For how long something has been so without a break: what lasts is believed, what blinks is not. */
export class Since {
  readonly #limitMs: number
  #at: number | null = null

  /** @param limitMs after which it is believed */
  constructor(limitMs: number) {
    this.#limitMs = limitMs
  }

  /** It is so. @returns whether that is believed */
  holds(now: number): boolean {
    this.#at ??= now
    return this.leftMs(now) === 0
  }

  /** ms until it is believed; null while it is not so */
  leftMs(now: number): number | null {
    return this.#at === null ? null : Math.max(0, this.#at + this.#limitMs - now)
  }

  /** It is not so. */
  end(): void {
    this.#at = null
  }
}
