import { DurableStream, FetchError } from '@durable-streams/client'
import type { AppendSettings } from '../../shared/calls.ts'
import { describe, type ErrorCode, fromErrorData, SidestreamError } from '../../shared/errors.ts'
import type { StreamSettings } from '../../shared/settings.ts'
import { SourceError } from '../ports.ts'
import { type Append, AppendQueue, isProducers, joined } from './append-queue.ts'
import { readWhole, retryAfterMs } from './answer.ts'
import { failureOf, type HttpRequests, linked, statusOf } from './http-requests.ts'
import { limited, Timeout } from './timeout.ts'

/** Back-off of a write, ms and factor. */
const WRITE_BACKOFF = { initialDelay: 100, maxDelay: 15_000, multiplier: 1.5 }
/** How often a failed write is tried again before its caller is told. */
const WRITE_RETRIES = 3
/** The longest `Retry-After` that a write waits for, ms: an append does not wait for hours, but rejects. */
const LONGEST_PAUSE_MS = WRITE_BACKOFF.maxDelay

/** The write side of a durable stream over HTTP, and the question where the stream ends. */
export class HttpWriter {
  readonly #settings: StreamSettings
  readonly #requests: HttpRequests
  /** The application's own stream object, which then makes the requests. */
  readonly #given: DurableStream | undefined
  readonly #queue = new AppendQueue({ send: (appends) => this.#post(appends), isRefusal })

  constructor(settings: StreamSettings, requests: HttpRequests, given: DurableStream | undefined) {
    this.#settings = settings
    this.#requests = requests
    this.#given = given
  }

  async append(body: string | Uint8Array, options: AppendSettings): Promise<void> {
    try {
      if (this.#given) await this.#given.append(body, options)
      // A server takes a producer's appends only in their order, so they wait for each other also without `batching`.
      else if (this.#settings.batching || isProducers(options)) await this.#queue.add({ body, options })
      else await this.#post([{ body, options }])
    } catch (error) {
      throw toWriteError(error)
    }
  }

  async end(signal?: AbortSignal): Promise<string | null> {
    const { url, silenceTimeoutMs } = this.#settings
    const asked = new AbortController()
    signal?.addEventListener('abort', () => {
      asked.abort()
    })
    const ask: typeof fetch = async (input, init) =>
      this.#requests.send(new URL(input instanceof Request ? input.url : input), { ...init, signal: asked.signal }, await this.#requests.values())
    try {
      const head = this.#given ? this.#given.head({ signal: asked.signal }) : DurableStream.head({ url, fetch: ask, warnOnHttp: false })
      const answer = await limited(head, silenceTimeoutMs)
      return (answer.exists && answer.offset) || null
    } catch (error) {
      throw toWriteError(error)
    } finally {
      asked.abort()
    }
  }

  /** Sends appends in one request, with the last sequence number among them, as the client does. */
  async #post(appends: ReadonlyArray<Append>): Promise<void> {
    const { url, backoff } = this.#settings
    const options = appends[0]?.options ?? {}
    const contentType = options.contentType ?? this.#settings.contentType
    const seq = appends.flatMap((append) => append.options.seq ?? []).at(-1)
    const stream = new DurableStream({
      url,
      batching: false,
      backoffOptions: { ...(backoff ?? WRITE_BACKOFF), maxRetries: WRITE_RETRIES },
      warnOnHttp: false,
      fetch: this.#writeFetch(),
      headers: producerHeaders(options),
    })
    await stream.append(joined(appends, contentType), { ...(contentType === null ? {} : { contentType }), ...(seq === undefined ? {} : { seq }) })
  }

  /** The `fetch` of a write's requests. Each step has a time limit, so that no append is pending for ever. */
  #writeFetch(): typeof fetch {
    return async (input, init) => {
      const { silenceTimeoutMs } = this.#settings
      const within = `within ${String(silenceTimeoutMs)} ms`
      // A read waits for the values without a limit, since a user may be signing in; the caller of an append needs an answer.
      const values = await told(limited(this.#requests.values(), silenceTimeoutMs), 'REQUEST_VALUES', `no tab has given its headers and params ${within}`)
      const given = new AbortController()
      const { signal, unlink } = linked(given.signal, init?.signal)
      try {
        const answer = this.#requests.send(new URL(input instanceof Request ? input.url : input), { ...init, signal }, values)
        const whole = limited(answer.then((response) => readWhole(response, () => undefined)), silenceTimeoutMs)
        // The client repeats a request that fails on the network. This request may have been carried out, so the caller decides.
        return boundedPause(await told(whole, 'OFFLINE', `the server has not answered ${within}; it may have carried the append out`))
      } finally {
        given.abort()
        unlink()
      }
    }
  }
}

/** `work`; its time-out becomes a failure that the client does not repeat. @throws GivenUp */
async function told<T>(work: Promise<T>, code: ErrorCode, message: string): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw error instanceof Timeout ? new GivenUp(new SidestreamError(code, message, { retryable: true })) : error
  }
}

/** A failure that the client does not repeat, because it looks like a refusal (408). */
class GivenUp extends FetchError {
  readonly told: SidestreamError

  constructor(told: SidestreamError) {
    super(408, undefined, undefined, {}, '', told.message)
    this.told = told
  }
}

/**
 * The answer, with a `Retry-After` that is safe for the client: it waits without a limit, reads a negative number as a year, and
 * asks at once when the time is longer than a timer can wait.
 * @throws GivenUp when the server asks for more than {@link LONGEST_PAUSE_MS}
 */
function boundedPause(response: Response): Response {
  const { status, statusText, headers, body } = response
  if (status !== 429 && status < 500) return response
  const ms = retryAfterMs(response)
  if (ms > LONGEST_PAUSE_MS) {
    const message = `the server answered ${String(status)} and wants to be left alone for ${String(Math.ceil(ms / 1000))} s`
    throw new GivenUp(new SidestreamError('OFFLINE', message, { retryable: true, status }))
  }
  const bounded = new Headers(headers)
  bounded.set('retry-after', String(ms / 1000))
  return new Response(body, { status, statusText, headers: bounded })
}

/** The client's `append` accepts a producer in its options, but ignores it; so the headers are given to the stream object. */
function producerHeaders({ producerId, producerEpoch, producerSeq }: AppendSettings): Record<string, string> {
  if (producerId === undefined || producerEpoch === undefined || producerSeq === undefined) return {}
  return { 'Producer-Id': producerId, 'Producer-Epoch': String(producerEpoch), 'Producer-Seq': String(producerSeq) }
}

/** A header of the answer that caused the client's error. */
const headerOf = (error: unknown, name: string): string | undefined => (error instanceof FetchError ? error.headers[name] : undefined)

/** Why the server refuses this producer's append, in words; null when the error has another cause. */
function producerRefusal(error: unknown): string | null {
  const status = statusOf(error)
  const epoch = headerOf(error, 'producer-epoch')
  if (status === 403 && epoch !== undefined) return `the producer is fenced off: another has taken over with epoch ${epoch}`
  const expected = headerOf(error, 'producer-expected-seq')
  return status === 409 && expected !== undefined ? `the producer has left appends out: the server expects ${expected} as its producerSeq` : null
}

/** Whether the server refuses only this request: a closed stream refuses every append. */
const isRefusal = (error: unknown): boolean =>
  producerRefusal(error) !== null || (failureOf(statusOf(error), false) === 'refused' && headerOf(error, 'stream-closed') !== 'true')

function toWriteError(error: unknown): SidestreamError {
  if (error instanceof SidestreamError) return error
  if (error instanceof GivenUp) return error.told
  if (error instanceof SourceError && error.data) return fromErrorData(error.data)
  const status = statusOf(error)
  const options = { cause: error, status }
  const refusal = producerRefusal(error)
  if (refusal !== null) return new SidestreamError('STREAM_ERROR', refusal, options)
  const message = describe(error)
  switch (failureOf(status, false)) {
    case 'unauthorized':
      return new SidestreamError('NEEDS_AUTH', message, { ...options, retryable: true })
    case 'missing':
      return new SidestreamError('STREAM_NOT_FOUND', message, options)
    case 'unreachable':
      return new SidestreamError('OFFLINE', message, { ...options, retryable: true })
    case 'interrupted':
    case 'bad-offset':
    case 'older':
    case 'refused':
    case 'application':
      return new SidestreamError('STREAM_ERROR', message, options)
  }
}
