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
    // Without an end in the answer, or without an answer, there may be news. Offsets sort as strings (Durable Streams protocol).
    return end === null || end > offset
  }
}
