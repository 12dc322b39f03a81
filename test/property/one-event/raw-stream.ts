const offsetOf = (messages: number): string => String(messages).padStart(16, '0')

/** A durable stream in memory whose events are JSON text, as a server hands it on: no server reads them, and so none refuses them. */
export class RawStream {
  readonly url: string
  #messages: string[][] = []
  #waiting: (() => void)[] = []
  isOnline = true

  constructor(url: string) {
    this.url = url
  }

  get tail(): string {
    return offsetOf(this.#messages.length)
  }

  append(events: readonly string[]): void {
    this.#messages.push([...events])
    for (const wake of this.#waiting.splice(0)) wake()
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const params = new URL(input instanceof Request ? input.url : input).searchParams
    const asked = params.get('offset') ?? '-1'
    const start = asked === '-1' ? 0 : Number(asked)
    if (this.isOnline && params.has('live') && start === this.#messages.length) await this.#news(init?.signal)
    if (!this.isOnline) throw new TypeError('fetch failed')
    return new Response(`[${this.#messages.slice(start).flat().join(',')}]`, {
      headers: { 'Content-Type': 'application/json', 'Stream-Next-Offset': this.tail, 'Stream-Cursor': '1', 'Stream-Up-To-Date': 'true' },
    })
  }

  #news(signal: AbortSignal | null | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve)
      signal?.addEventListener('abort', () => { reject(new DOMException('aborted', 'AbortError')) }, { once: true })
    })
  }
}
