import type { ReconnectReason } from '../../shared/calls.ts'
import type { BackoffSettings } from '../../shared/settings.ts'
import { backoffMs } from './backoff.ts'

/** `catch-up`: the server answers at once · `live` (long-poll, SSE): it answers when there is news, or when its time is up */
export type RequestKind = 'catch-up' | 'live'

/** How a request ended. */
export interface RequestOutcome {
  readonly kind: RequestKind
  readonly ok: boolean
  /** `Retry-After`, ms; 0 without one. */
  readonly retryAfterMs: number
}

/**
 * The shortest time between the starts of two requests, ms. It loses no events: the next answer has all of them.
 */
const FLOOR_MS = 10
/** The same in a flood, ms: each request also costs the UI thread of the worker's page some 0.2 ms, and the server as much as ever. */
const FLOOD_FLOOR_MS = 40
/** An answer is fast when it brings so many events for each second since the one before, or more. */
const FLOOD_EVENTS = 1000
/** After so many fast answers in a row, events are a flood; the first answer that is not fast ends it. */
const FLOOD_ANSWERS = 10
/** A live request that lasted this long, ms, was held by the server to wait for news. */
const HELD_MS = 1000
/** The longest `Retry-After` that is honoured, ms. */
const MOST_RETRY_AFTER_MS = 3_600_000
/** How many waits {@link RequestPace.hurry} can cut short in a row; one more after each {@link HURRY_REFILL_MS}. */
const HURRIES = 5
/** See {@link HURRIES}, ms. */
const HURRY_REFILL_MS = 15_000

/**
 * Says when the next request may go out. Progress sets the pace: the back-off starts again only when the offset has moved, or
 * when the server has held a live request. All requests that read a stream pass here, those of the client library included, so
 * no loop can read more often than this allows.
 */
export class RequestPace {
  readonly #backoff: BackoffSettings
  /** Requests in a row without progress. */
  #fruitless = 0
  #sentAt = -Infinity
  #dueAt = -Infinity
  /** When the server's `Retry-After` ends, ms. */
  #retryAfter = -Infinity
  /** No request goes out before this moment; {@link hurry} does not change it. */
  #closedUntil = -Infinity
  /** A catch-up request was answered without news, and no live request has followed it yet. */
  #isCaughtUp = false
  /** Of the last request that is over. */
  #kind: RequestKind = 'catch-up'
  /** Fast answers in a row. */
  #fast = 0
  #movedAt = -Infinity
  #hurries = HURRIES
  #refilledAt = -Infinity

  constructor(backoff: BackoffSettings) {
    this.#backoff = backoff
  }

  /** ms until the next request may go out */
  delayMs(now: number): number {
    return Math.max(0, this.#sentAt + (this.#fast >= FLOOD_ANSWERS ? FLOOD_FLOOR_MS : FLOOR_MS) - now, this.#dueAt - now, this.#retryAfter - now, this.#closedUntil - now)
  }

  sent(now: number): void {
    this.#sentAt = now
    this.#dueAt = -Infinity
  }

  /** @param random in [0, 1) */
  over({ kind, ok, retryAfterMs }: RequestOutcome, now: number, random: number): void {
    this.#kind = kind
    this.#retryAfter = now + Math.min(MOST_RETRY_AFTER_MS, retryAfterMs)
    if (kind === 'catch-up' && ok && !this.#isCaughtUp) {
      // The live request that follows goes out at once: otherwise the status would show late that the server is back.
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

  /** The next request waits at least `leastMs`, which {@link hurry} does not shorten; its back-off is at most `mostMs`. */
  pause(now: number, leastMs: number, mostMs = Infinity): void {
    this.#closedUntil = Math.max(this.#closedUntil, now + leastMs)
    this.#dueAt = Math.min(this.#dueAt, now + mostMs)
  }

  /** The answer was usable, but is no progress yet. */
  continued(): void {
    this.#dueAt = -Infinity
    this.#isCaughtUp = false
  }

  /** The offset has moved, by so many events. */
  moved(now: number, events: number): void {
    // Pages of a backlog are read as fast as they come.
    const isFast = this.#kind === 'live' && events * 1000 >= FLOOD_EVENTS * Math.max(now - this.#movedAt, 1)
    this.#fast = isFast ? this.#fast + 1 : 0
    this.#movedAt = now
    this.continued()
    this.#fruitless = 0
  }

  /**
   * Ends the wait for the next request, if that was not done too often ({@link HURRIES}). Ends the server's `Retry-After` only
   * for `application`.
   * @returns whether the wait has ended
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
