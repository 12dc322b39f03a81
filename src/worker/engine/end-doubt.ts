import { Since } from '../core/since.ts'
import type { Clock } from '../ports.ts'

/** A stream that seems to have gone back is believed when it has stayed so for this long, ms. */
const OLDER_LIMIT_MS = 5000

export interface EndDoubtOptions {
  readonly clock: Clock
  /** The server has to be asked again where the stream ends. */
  readonly onAsk: () => void
}

/**
 * Doubt about where a stream ends. A server that lags, or an HTTP cache, may show an earlier state of the stream: older than the
 * rows that are shown, or older than a tab's rows. Only a state that lasts is believed.
 */
export class EndDoubt {
  readonly #options: EndDoubtOptions
  /** The stream looks like an older copy of what is shown. */
  readonly #older = new Since(OLDER_LIMIT_MS)
  /** The stream ends before the rows that a tab has brought along. */
  readonly #behindTab = new Since(OLDER_LIMIT_MS)
  #cancel: (() => void) | null = null

  constructor(options: EndDoubtOptions) {
    this.#options = options
  }

  /** ms until an older copy is believed; null when the stream does not look like one */
  get olderLeftMs(): number | null {
    return this.#older.leftMs(this.#options.clock.now())
  }

  /** The stream looks like an older copy. @returns whether that is believed */
  looksOlder(): boolean {
    return this.#older.holds(this.#options.clock.now())
  }

  looksRight(): void {
    this.#older.end()
  }

  /**
   * The stream was read to its end. @param isBehindTab a tab's rows are newer: it has them from an engine that read further
   * @returns whether the end is believed; if not, `onAsk` is called later
   */
  isEndBelieved(isBehindTab: boolean): boolean {
    this.close()
    if (!isBehindTab) {
      this.#behindTab.end()
      return true
    }
    const { clock, onAsk } = this.#options
    if (this.#behindTab.holds(clock.now())) return true
    this.#cancel = clock.after(this.#behindTab.leftMs(clock.now()) ?? 0, onAsk)
    return false
  }

  close(): void {
    this.#cancel?.()
    this.#cancel = null
  }
}
