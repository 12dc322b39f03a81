import type { RequestKind } from './request-pace.ts'

/** A long-poll may take so much longer than the longest one before, as a factor and in ms. */
const TOLERANCE = { factor: 1.25, ms: 5000 }

/** How long a server may say nothing before its answer is no longer waited for. */
export class SilenceLimit {
  readonly #timeoutMs: number
  /** The longest that the server has held a request that brought no news, ms; 0 before the first. */
  #longestHoldMs = 0

  /** @param timeoutMs no silence may be longer, ms */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  /** ms */
  of(kind: RequestKind): number {
    if (kind === 'catch-up' || this.#longestHoldMs === 0) return this.#timeoutMs
    return Math.min(this.#timeoutMs, this.#longestHoldMs * TOLERANCE.factor + TOLERANCE.ms)
  }

  /** A live request has ended without news after `heldMs`. */
  held(heldMs: number): void {
    this.#longestHoldMs = Math.max(this.#longestHoldMs, heldMs)
  }
}
