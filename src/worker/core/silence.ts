import type { RequestKind } from './request-pace.ts'

/** How much longer a live request may be silent than the longest one before: times `factor`, plus `ms`. */
const TOLERANCE = { factor: 1.25, ms: 5000 }

/** How long a server may send no byte before its answer is given up. */
export class SilenceLimit {
  readonly #timeoutMs: number
  /** The longest that the server has held a request that brought no news, ms; 0 before the first. */
  #longestHoldMs = 0

  /** @param timeoutMs the limit for every request, ms */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  /** The limit for the next request of this kind, ms. */
  of(kind: RequestKind): number {
    if (kind === 'catch-up' || this.#longestHoldMs === 0) return this.#timeoutMs
    return Math.min(this.#timeoutMs, this.#longestHoldMs * TOLERANCE.factor + TOLERANCE.ms)
  }

  /** A live request has ended without news after `heldMs`. */
  held(heldMs: number): void {
    this.#longestHoldMs = Math.max(this.#longestHoldMs, heldMs)
  }
}
