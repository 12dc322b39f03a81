import { DurableStream, stream, type BackoffOptions, type StreamResponse } from '@durable-streams/client'
import { describe, SidestreamError } from '../../shared/errors.ts'
import type { AppendSettings, LiveMode, StreamBatch, StreamSettings } from '../../shared/protocol.ts'
import { SourceError, type ReadEnd, type ReadRequest, type RequestAsker, type SourceFailure, type StreamSource } from './source.ts'

/** ms and factors; the client's own, but for a shorter longest wait: people look at the page while it waits. */
const DEFAULT_BACKOFF = { initialDelay: 100, maxDelay: 15_000, multiplier: 1.5 }
/** Query parameters that belong to the protocol, not to the application. */
const PROTOCOL_PARAMS = new Set(['offset', 'live', 'cursor'])
/** A write is tried this often before its caller is told. */
const WRITE_RETRIES = 3

/** What an application may bring of its own; only possible in the page. */
export interface GivenTransport {
  readonly fetch?: typeof fetch | undefined
  readonly stream?: DurableStream | undefined
}

/** A durable stream over HTTP: `@durable-streams/client` does the requests, long-poll, SSE and back-off. */
export class HttpSource implements StreamSource {
  readonly #settings: StreamSettings
  readonly #ask: RequestAsker
  readonly #fetch: typeof fetch
  /** An application's own stream object; it then does the requests as it likes. */
  readonly #given: DurableStream | undefined
  #writer: DurableStream | null = null

  constructor(settings: StreamSettings, ask: RequestAsker, given: GivenTransport = {}) {
    this.#settings = settings
    this.#ask = ask
    this.#fetch = given.fetch ?? ((...args) => fetch(...args))
    this.#given = given.stream
  }

  read(request: ReadRequest): Promise<ReadEnd> {
    const { signal } = request
    const work = this.#read(request)
    // The client's pauses between retries do not heed the signal; nobody waits for them.
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        resolve('aborted')
      }
      signal.addEventListener('abort', leave, { once: true })
      work.then(resolve, reject).finally(() => {
        signal.removeEventListener('abort', leave)
      })
    })
  }

  async #read({ offset, live, signal, onBatch, onReachable }: ReadRequest): Promise<ReadEnd> {
    const abort = new AbortController()
    const stop = (): void => {
      abort.abort()
    }
    signal.addEventListener('abort', stop, { once: true })
    let last: StreamBatch | null = null
    let failure: unknown = null
    try {
      const response = await this.#request(offset, live, abort.signal, onReachable)
      response.subscribeJson<unknown>(async (batch) => {
        if (signal.aborted) return
        // An SSE connection that is cut between data and its control event hands on the data with the offset from before
        // it. The same events come again after the reconnect, so these are left out: rows never outrun the offset.
        if (live === 'sse' && batch.items.length > 0 && batch.offset === (last?.offset ?? offset)) return
        last = batch
        try {
          await onBatch(batch)
        } catch (error) {
          failure = error
          abort.abort()
        }
      })
      await response.closed
    } catch (error) {
      if (signal.aborted) return 'aborted'
      throw toSourceError(failure ?? error, last !== null || offset !== '-1')
    } finally {
      signal.removeEventListener('abort', stop)
      abort.abort()
    }
    if (failure !== null) throw toSourceError(failure, false)
    if (signal.aborted) return 'aborted'
    const end = last as StreamBatch | null
    if (end?.streamClosed) return 'ended'
    if (live === false && end?.upToDate) return 'caught-up'
    // The client takes some broken bodies for the end of the session.
    throw new SourceError('unreachable', 'the response broke off')
  }

  #request(offset: string, live: LiveMode, signal: AbortSignal, onReachable: ReadRequest['onReachable']): Promise<StreamResponse> {
    if (this.#given) return this.#given.stream<unknown>({ offset, live, json: true, signal })
    return stream<unknown>({
      url: this.#settings.url,
      offset,
      live,
      json: true,
      signal,
      warnOnHttp: false,
      sseResilience: { logWarnings: false },
      backoffOptions: { ...(this.#settings.backoff ?? DEFAULT_BACKOFF), maxRetries: Infinity },
      fetch: this.#requestFetch((...report) => {
        if (!signal.aborted) onReachable(...report)
      }),
    })
  }

  async append(body: string | Uint8Array, options: AppendSettings): Promise<void> {
    try {
      await this.#open().append(body, options)
    } catch (error) {
      throw toWriteError(error)
    }
  }

  #open(): DurableStream {
    if (this.#given) return this.#given
    const { url, contentType, batching, backoff } = this.#settings
    const backoffOptions: BackoffOptions = { ...(backoff ?? DEFAULT_BACKOFF), maxRetries: WRITE_RETRIES }
    return (this.#writer ??= new DurableStream({
      url,
      batching,
      backoffOptions,
      warnOnHttp: false,
      fetch: this.#requestFetch(() => undefined),
      ...(contentType === null ? {} : { contentType }),
    }))
  }

  /**
   * Asks the application for headers and params at each request, also at the client's own retries, so that a token
   * refreshes while the server is being tried again. The browser's HTTP cache is left out: the engine keeps a copy of its
   * own, and a stream that was made again can have the old one's ETag.
   */
  #requestFetch(onReachable: ReadRequest['onReachable']): typeof fetch {
    return async (input, init) => {
      let response: Response
      try {
        const values = await this.#ask()
        const url = new URL(input instanceof Request ? input.url : input)
        for (const [name, value] of Object.entries(values.params)) if (!PROTOCOL_PARAMS.has(name)) url.searchParams.set(name, value)
        const headers = new Headers(init?.headers)
        for (const [name, value] of Object.entries(values.headers)) headers.set(name, value)
        response = await this.#fetch(url.toString(), { ...init, headers, cache: 'no-store' })
      } catch (error) {
        if (!init?.signal?.aborted) onReachable(false, new SourceError('unreachable', describe(error)))
        throw error
      }
      const { ok, status } = response
      if (ok) onReachable(true, null)
      else if (status >= 500 || status === 429) onReachable(false, new SourceError('unreachable', `the server answered ${String(status)}`, status))
      return response
    }
  }
}

/** Client errors carry `status` and sometimes `code`; their classes differ by where they arose. */
const statusOf = (error: unknown): number | undefined => {
  const status: unknown = typeof error === 'object' && error !== null ? (error as { status?: unknown }).status : undefined
  return typeof status === 'number' ? status : undefined
}

function toSourceError(error: unknown, resuming: boolean): SourceError {
  if (error instanceof SourceError) return error
  const status = statusOf(error)
  return new SourceError(failureOf(status, resuming), describe(error), status)
}

function failureOf(status: number | undefined, resuming: boolean): SourceFailure {
  if (status === 401 || status === 403) return 'unauthorized'
  if (status === 404 || status === 410) return 'missing'
  // An offset that a server does not know is one from another life of the stream.
  if ((status === 400 || status === 416) && resuming) return 'bad-offset'
  if (status !== undefined && status >= 400 && status < 500 && status !== 429) return 'refused'
  return 'unreachable'
}

function toWriteError(error: unknown): SidestreamError {
  if (error instanceof SidestreamError) return error
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
    case 'bad-offset':
    case 'refused':
      return new SidestreamError('STREAM_ERROR', message, options)
  }
}
