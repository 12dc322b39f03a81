/** Messages that one answer carries at most, so that what a tab lacks comes in several. */
const MESSAGES_PER_ANSWER = 3

/** A durable stream in memory, reached by a `fetch` of its own: no ports, no latency, the same protocol. */
export class MemoryStream {
  readonly url: string
  #messages: unknown[][] = []
  /** Counts the lives of the stream. */
  #life = 0
  #isOnline = true
  #waiting: (() => void)[] = []

  constructor(url: string) {
    this.url = url
  }

  get tail(): string {
    return offsetOf(this.#life, this.#messages.length)
  }

  /** Every item, for a naive fold to compare with. */
  get items(): unknown[] {
    return this.#messages.flat()
  }

  append(items: readonly unknown[]): void {
    if (items.length === 0) return
    this.#messages.push([...items])
    this.#wake()
  }

  /** The stream is deleted, and made again with these items. */
  remake(items: readonly unknown[]): void {
    this.#life += 1
    this.#messages = items.length === 0 ? [] : [[...items]]
    this.#wake()
  }

  set online(isOnline: boolean) {
    this.#isOnline = isOnline
    this.#wake()
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const params = new URL(input instanceof Request ? input.url : input).searchParams
    const offset = params.get('offset') ?? '-1'
    const [life, start] = offset === '-1' ? [this.#life, 0] : placeOf(offset)
    if (this.#isOnline && params.has('live') && offset === this.tail) await this.#news(init?.signal ?? null)
    if (!this.#isOnline) throw new TypeError('fetch failed')
    // Whoever has read, or waits for, what a stream had before it was deleted is told so.
    if (life !== this.#life) return new Response('gone', { status: 404 })
    const end = Math.min(this.#messages.length, start + MESSAGES_PER_ANSWER)
    return new Response(JSON.stringify(this.#messages.slice(start, end).flat()), {
      headers: {
        'Content-Type': 'application/json',
        'Stream-Next-Offset': offsetOf(life, end),
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

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

const offsetOf = (life: number, messages: number): string => [life, messages].map((part) => String(part).padStart(8, '0')).join('_')
const placeOf = (offset: string): [life: number, messages: number] => offset.split('_').map(Number) as [number, number]
