import type { ReconnectReason } from '../../shared/calls.ts'
import type { BackoffSettings } from '../../shared/settings.ts'
import { backoffMs } from './backoff.ts'

/** `catch-up` is answered at once · `live` (long-poll, SSE) is answered when there is news, or when its time is up */
export type RequestKind = 'catch-up' | 'live'

/** How a request ended. */
export interface RequestOutcome {
  readonly kind: RequestKind
  readonly ok: boolean
  /** The server said how long it wants to be left alone, ms. */
  readonly retryAfterMs: number
}

/** Between the starts of any two requests, ms. At least as many events come with fewer requests. */
const FLOOR_MS = 10
/** A live request that lasted so long has waited for news, as it should, ms. */
const HELD_MS = 1000
/** The longest wait that a server can ask for, ms. */
const MOST_RETRY_AFTER_MS = 3_600_000
/** Waits that can be cut short in a row; one more for each {@link HURRY_REFILL_MS}. */
const HURRIES = 5
/** ms */
const HURRY_REFILL_MS = 15_000

/**
 * Says when the next request may go out. Progress sets the pace: only an offset that has moved, or a live request that was
 * held as it should be, makes the back-off start again. All requests to a stream pass here, whoever makes them: no loop can ask a server
 * more often than this allows.
 */
export class RequestPace {
  readonly #backoff: BackoffSettings
  /** Requests in a row that brought nothing. */
  #fruitless = 0
  #sentAt = -Infinity
  #dueAt = -Infinity
  /** The server wants to be left alone until then. */
  #retryAfter = -Infinity
  /** Nothing goes out before this moment, whoever is in a hurry. */
  #closedUntil = -Infinity
  /** A catch-up that brought nothing new was answered, and no live request has followed it yet. */
  #isCaughtUp = false
  #hurries = HURRIES
  #refilledAt = -Infinity

  constructor(backoff: BackoffSettings) {
    this.#backoff = backoff
  }

  /** ms until the next request may go out */
  delayMs(now: number): number {
    return Math.max(0, this.#sentAt + FLOOR_MS - now, this.#dueAt - now, this.#retryAfter - now, this.#closedUntil - now)
  }

  sent(now: number): void {
    this.#sentAt = now
    this.#dueAt = -Infinity
  }

  /** @param random in [0, 1) */
  over({ kind, ok, retryAfterMs }: RequestOutcome, now: number, random: number): void {
    this.#retryAfter = now + Math.min(MOST_RETRY_AFTER_MS, retryAfterMs)
    if (kind === 'catch-up' && ok && !this.#isCaughtUp) {
      // The live request that follows waits for nothing: otherwise a server that is back would be heard late.
      this.#isCaughtUp = true
      return
    }
    this.#isCaughtUp = false
    if (kind === 'live' && ok && now - this.#sentAt >= HELD_MS) {
      this.#fruitless = 0
      return
    }
    this.#fruitless += 1
    this.#dueAt = now + backoffMs(this.#fruitless, random, this.#backoff)
  }

  /** The next request waits at least so long, whoever is in a hurry, and its back-off is at most so long. */
  pause(now: number, leastMs: number, mostMs = Infinity): void {
    this.#closedUntil = Math.max(this.#closedUntil, now + leastMs)
    this.#dueAt = Math.min(this.#dueAt, now + mostMs)
  }

  /** The answer was of use, but is no progress yet. */
  continued(): void {
    this.#dueAt = -Infinity
    this.#isCaughtUp = false
  }

  /** The offset has moved. */
  moved(): void {
    this.continued()
    this.#fruitless = 0
  }

  /**
   * Takes back what is left of the wait, unless that was done too often; what the server has asked for is passed over only
   * for the application.
   * @returns whether it may
   */
  hurry(now: number, reason: ReconnectReason): boolean {
    const refills = Math.floor((now - this.#refilledAt) / HURRY_REFILL_MS)
    if (refills > 0) {
      this.#hurries = Math.min(HURRIES, this.#hurries + refills)
      this.#refilledAt = this.#hurries === HURRIES ? now : this.#refilledAt + refills * HURRY_REFILL_MS
    }
    if (this.#hurries === 0) return false
    this.#hurries -= 1
    this.#dueAt = -Infinity
    if (reason === 'application') this.#retryAfter = -Infinity
    return true
  }
}
