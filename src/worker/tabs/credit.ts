import type { Clock } from '../ports.ts'

/** From this many refusals in a row on a tab is given time: the answer to each is the whole state, 0.3 s of the worker for 100,000 rows. */
const REFUSALS_BEFORE_A_PAUSE = 3
/** The pause doubles with each further refusal, from the first to the second of these, ms. */
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000

/**
 * Leave to send a tab one message. Everything that is sent takes it and the tab's answer gives it back, so a frozen tab costs one
 * message, whatever happens meanwhile.
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

  /** The tab did not take a batch: the next one has everything, and a tab that refuses that as well is given time. */
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

  /** The tab itself asks for something: it is not given time any longer. */
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
