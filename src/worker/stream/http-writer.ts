import { DurableStream } from '@durable-streams/client'
import type { AppendSettings } from '../../shared/calls.ts'
import { describe, fromErrorData, SidestreamError } from '../../shared/errors.ts'
import type { StreamSettings } from '../../shared/settings.ts'
import { SourceError } from '../ports.ts'
import { readWhole } from './answer.ts'
import { failureOf, type HttpRequests, linked, statusOf } from './http-requests.ts'
import { limited, Timeout } from './timeout.ts'

/** Back-off of a write, ms and factor. */
const WRITE_BACKOFF = { initialDelay: 100, maxDelay: 15_000, multiplier: 1.5 }
/** A write is tried this often before its caller is told. */
const WRITE_RETRIES = 3

/** The write side of a durable stream over HTTP, and the question where the stream ends. */
export class HttpWriter {
  readonly #settings: StreamSettings
  readonly #requests: HttpRequests
  /** An application's own stream object; it then does the requests as it likes. */
  readonly #given: DurableStream | undefined
  #writer: DurableStream | null = null

  constructor(settings: StreamSettings, requests: HttpRequests, given: DurableStream | undefined) {
    this.#settings = settings
    this.#requests = requests
    this.#given = given
  }

  async append(body: string | Uint8Array, options: AppendSettings): Promise<void> {
    try {
      await this.#open().append(body, options)
    } catch (error) {
      throw toWriteError(error)
    }
  }

  async end(): Promise<string | null> {
    const { url, silenceTimeoutMs } = this.#settings
    const asked = new AbortController()
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

  #open(): DurableStream {
    if (this.#given) return this.#given
    const { url, contentType, batching, backoff } = this.#settings
    return (this.#writer ??= new DurableStream({
      url,
      batching,
      backoffOptions: { ...(backoff ?? WRITE_BACKOFF), maxRetries: WRITE_RETRIES },
      warnOnHttp: false,
      fetch: this.#writeFetch(),
      ...(contentType === null ? {} : { contentType }),
    }))
  }

  /** A request that is swallowed must not keep its caller waiting for ever; whether it was carried out, nobody knows. */
  #writeFetch(): typeof fetch {
    return async (input, init) => {
      const given = new AbortController()
      const { signal, unlink } = linked(given.signal, init?.signal)
      try {
        const values = await this.#requests.values()
        const answer = this.#requests.send(new URL(input instanceof Request ? input.url : input), { ...init, signal }, values)
        return await limited(answer.then((response) => readWhole(response, () => undefined)), this.#settings.silenceTimeoutMs)
      } catch (error) {
        if (!(error instanceof Timeout)) throw error
        given.abort()
        // The client repeats what fails on the network. This one may have been carried out: it is for the application to decide.
        return new Response(null, { status: 408, statusText: 'the server has not answered' })
      } finally {
        unlink()
      }
    }
  }
}

function toWriteError(error: unknown): SidestreamError {
  if (error instanceof SidestreamError) return error
  if (error instanceof SourceError && error.data) return fromErrorData(error.data)
  const status = statusOf(error)
  const options = { cause: error, status }
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
