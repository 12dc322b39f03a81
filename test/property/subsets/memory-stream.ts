/** Messages that one answer carries at most, so that what a tab lacks comes in several. */
const MESSAGES_PER_ANSWER = 3

/** A durable stream in memory, reached by a `fetch` of its own: no ports, no latency, the same protocol. */
export class MemoryStream {
  readonly url: string
  readonly #messages: unknown[][] = []
  #waiting: (() => void)[] = []

  constructor(url: string) {
    this.url = url
  }

  get tail(): string {
    return offsetOf(this.#messages.length)
  }

  /** Every item, for a naive fold to compare with. */
  get items(): unknown[] {
    return this.#messages.flat()
  }

  append(items: readonly unknown[]): void {
    if (items.length === 0) return
    this.#messages.push([...items])
    for (const wake of this.#waiting.splice(0)) wake()
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const params = new URL(input instanceof Request ? input.url : input).searchParams
    const from = Number(params.get('offset') ?? '-1')
    const start = Math.max(0, from)
    if (params.has('live') && start === this.#messages.length) await this.#news(init?.signal ?? null)
    const end = Math.min(this.#messages.length, start + MESSAGES_PER_ANSWER)
    return new Response(JSON.stringify(this.#messages.slice(start, end).flat()), {
      headers: {
        'Content-Type': 'application/json',
        'Stream-Next-Offset': offsetOf(end),
        'Stream-Cursor': String(end),
        ...(end === this.#messages.length ? { 'Stream-Up-To-Date': 'true' } : {}),
      },
    })
  }

  #news(signal: AbortSignal | null): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve)
      const abort = (): void => {
        reject(new DOMException('aborted', 'AbortError'))
      }
      if (signal?.aborted) abort()
      else signal?.addEventListener('abort', abort, { once: true })
    })
  }
}

const offsetOf = (messages: number): string => String(messages).padStart(8, '0')
