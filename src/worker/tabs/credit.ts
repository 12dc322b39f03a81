import type { Clock } from '../ports.ts'

/** This many refusals in a row cause a pause: each costs the worker the whole state, 0.3 s for 100,000 rows. */
const REFUSALS_BEFORE_A_PAUSE = 3
/** The first and the longest pause, ms; the pause doubles with each further refusal. */
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000

/**
 * The permission to send a tab one message. Each message takes it, and the tab's answer gives it back, so a frozen tab costs only
 * one message.
 *
 * - `free` a message may go out · `taken` one is under way · `paused` the tab has refused too often in a row
 */
export type CreditPhase = { readonly kind: 'free' } | { readonly kind: 'taken' } | { readonly kind: 'paused'; readonly cancel: () => void }

export class Credit {
  readonly #clock: Clock
  /** A pause is over. */
  readonly #onFree: () => void
  #phase: CreditPhase = { kind: 'free' }
  /** Batches refused in a row. */
  #refusals = 0

  constructor(clock: Clock, onFree: () => void) {
    this.#clock = clock
    this.#onFree = onFree
  }

  get isFree(): boolean {
    return this.#phase.kind === 'free'
  }

  get isTaken(): boolean {
    return this.#phase.kind === 'taken'
  }

  get hasRefused(): boolean {
    return this.#refusals > 0
  }

  take(): void {
    this.#phase = { kind: 'taken' }
  }

  /** The tab has answered a message that cannot be refused. */
  answered(): void {
    this.#phase = { kind: 'free' }
  }

  applied(): void {
    this.#refusals = 0
    this.answered()
  }

  /** The tab has refused a batch: the next batch has the whole state. After several refusals in a row a pause comes first. */
  refused(): void {
    this.#refusals += 1
    const excess = this.#refusals - REFUSALS_BEFORE_A_PAUSE
    if (excess < 0) {
      this.answered()
      return
    }
    const cancel = this.#clock.after(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** excess), () => {
      this.answered()
      this.#onFree()
    })
    this.#phase = { kind: 'paused', cancel }
  }

  /** The tab itself asks for something: the pause ends. */
  renew(): void {
    this.#refusals = 0
    if (this.#phase.kind !== 'paused') return
    this.close()
    this.answered()
  }

  close(): void {
    if (this.#phase.kind === 'paused') this.#phase.cancel()
  }
}
