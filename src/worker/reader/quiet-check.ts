import type { Clock, StreamSource } from '../ports.ts'

/** The server has so long to say where the stream ends, ms. */
const LIMIT_MS = 3000
/** It is asked at most this often, ms: every tab that is shown wants to know. */
const PAUSE_MS = 5000

export interface QuietCheckOptions {
  readonly clock: Clock
  readonly source: Pick<StreamSource, 'end'>
}

/**
 * A live request that brings nothing for a while may have been swallowed, or the stream may just be quiet. Where the stream ends
 * tells them apart. It costs no events, whereas to connect anew costs up to a thousand.
 */
export class QuietCheck {
  readonly #options: QuietCheckOptions
  #askedAt = -Infinity

  constructor(options: QuietCheckOptions) {
    this.#options = options
  }

  /** Whether the server may have news beyond `offset`; null when it was asked a short time ago. */
  async mayHaveNews(offset: string): Promise<boolean | null> {
    const { clock, source } = this.#options
    if (clock.now() - this.#askedAt < PAUSE_MS) return null
    this.#askedAt = clock.now()
    let cancel = (): void => undefined
    const tooLate = new Promise<null>((resolve) => {
      cancel = clock.after(LIMIT_MS, () => {
        resolve(null)
      })
    })
    const end = await Promise.race([source.end().catch(() => null), tooLate])
    cancel()
    // No answer, and a server that does not say it, prove nothing. Offsets sort as strings (Durable Streams protocol).
    return end === null || end > offset
  }
}
