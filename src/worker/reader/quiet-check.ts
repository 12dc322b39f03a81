import type { Clock, StreamSource } from '../ports.ts'

/** How long the server may take to say where the stream ends, ms. */
const LIMIT_MS = 3000
/** The shortest time between two questions, ms: every tab that is shown asks. */
const PAUSE_MS = 5000

export interface QuietCheckOptions {
  readonly clock: Clock
  readonly source: Pick<StreamSource, 'end'>
}

/**
 * A live request without an answer may be lost, or the stream may just be quiet. The stream's end shows which. The question costs
 * no events; a new connection costs up to 1000 events.
 */
export class QuietCheck {
  readonly #options: QuietCheckOptions
  #askedAt = -Infinity
  #cancelTurn: (() => void) | null = null

  constructor(options: QuietCheckOptions) {
    this.#options = options
  }

  /**
   * Asks the server, now or when the pause after the last question is over. A call while another one waits for that asks nothing.
   * @param ask says where the request has come to; null when nothing is to be asked any more
   * @param onNews the stream does not end at that offset, or the server does not say where it ends
   */
  whenAllowed(ask: () => string | null, onNews: () => void): void {
    if (this.#cancelTurn) return
    const { clock } = this.#options
    const turn = (): void => {
      this.#cancelTurn = null
      const offset = ask()
      if (offset === null) return
      this.#askedAt = clock.now()
      void this.#end().then((end) => {
        // An end before the offset is news too: the stream may have been made again.
        if (end !== offset) onNews()
      })
    }
    const pauseMs = this.#askedAt + PAUSE_MS - clock.now()
    if (pauseMs <= 0) turn()
    else this.#cancelTurn = clock.after(pauseMs, turn)
  }

  close(): void {
    this.#cancelTurn?.()
  }

  /** The stream's end; null when the server does not say it in time. */
  async #end(): Promise<string | null> {
    const { clock, source } = this.#options
    const limit = new AbortController()
    const cancel = clock.after(LIMIT_MS, () => {
      limit.abort()
    })
    const tooLate = new Promise<null>((resolve) => {
      limit.signal.addEventListener('abort', () => {
        resolve(null)
      })
    })
    const end = await Promise.race([source.end(limit.signal).catch(() => null), tooLate])
    cancel()
    return end
  }
}
