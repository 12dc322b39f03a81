import type { AppendSettings } from '../../shared/calls.ts'

export interface Append {
  readonly body: string | Uint8Array
  readonly options: AppendSettings
}

interface Waiting extends Append {
  resolve(): void
  reject(error: unknown): void
}

export interface AppendQueueOptions {
  /** Sends the appends in one request. */
  send(appends: ReadonlyArray<Append>): Promise<void>
  /** The server has refused this request, but may accept another append. */
  isRefusal(error: unknown): boolean
}

/**
 * Sends appends in their order; appends that come while a request is under way go together in the next request.
 *
 * The client batches as well, but when it rejects a refused append, it also rejects the waiting appends, which were never sent.
 * One engine writes for all tabs, so one faulty component would fail the writes of the other components.
 */
export class AppendQueue {
  readonly #options: AppendQueueOptions
  readonly #waiting: Waiting[] = []
  #isSending = false

  constructor(options: AppendQueueOptions) {
    this.#options = options
  }

  add(append: Append): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...append, resolve, reject })
      if (!this.#isSending) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#isSending = true
    while (this.#waiting.length > 0) {
      const batch = this.#next()
      try {
        await this.#deliver(batch)
      } catch (error) {
        // The server is away, or refuses every append: the waiting appends would fail too, each after another wait.
        for (const one of [...batch, ...this.#waiting.splice(0)]) one.reject(error)
      }
    }
    this.#isSending = false
  }

  /** Takes out the first appends, as many as can go in one request. */
  #next(): Waiting[] {
    const [first, ...others] = this.#waiting
    const count = others.findIndex((other) => !goTogether(first?.options, other.options))
    return this.#waiting.splice(0, count === -1 ? this.#waiting.length : count + 1)
  }

  /**
   * When a batch is refused, each of its appends is sent once more alone, so that only the faulty one is rejected. That writes
   * nothing twice, since a request that was refused was not carried out.
   */
  async #deliver(batch: ReadonlyArray<Waiting>): Promise<void> {
    try {
      await this.#options.send(batch)
    } catch (error) {
      if (!this.#options.isRefusal(error)) throw error
      if (batch.length === 1) batch[0]?.reject(error)
      else for (const one of batch) await this.#deliver([one])
      return
    }
    for (const one of batch) one.resolve()
  }
}

/** A server counts a producer's requests, and drops repeated ones: each append of a producer is a request of its own. */
export const isProducers = ({ producerId }: AppendSettings): boolean => producerId !== undefined

/** A request has one content type. */
const goTogether = (one: AppendSettings = {}, other: AppendSettings): boolean =>
  one.contentType === other.contentType && !isProducers(one) && !isProducers(other)

/** The body of one request with these appends, as the client's `append` takes it: it puts the brackets of a list around JSON. */
export function joined(appends: ReadonlyArray<Append>, contentType: string | null): string | Uint8Array {
  const bodies = appends.map(({ body }) => body)
  const [only] = bodies
  if (only !== undefined && bodies.length === 1) return only
  if (isJson(contentType)) return bodies.map((body) => (typeof body === 'string' ? body : new TextDecoder().decode(body))).join(',')
  if (bodies.every((body) => typeof body === 'string')) return bodies.join('')
  return concatenated(bodies.map((body) => (typeof body === 'string' ? new TextEncoder().encode(body) : body)))
}

const isJson = (contentType: string | null): boolean => contentType?.split(';')[0]?.trim().toLowerCase() === 'application/json'

function concatenated(parts: ReadonlyArray<Uint8Array>): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.byteLength
  }
  return bytes
}
