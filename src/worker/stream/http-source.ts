import { DurableStream, stream, type BackoffOptions, type StreamResponse } from '@durable-streams/client'
import { abortable } from '../../shared/abortable.ts'
import { describe, SidestreamError } from '../../shared/errors.ts'
import { START_OFFSET, type AppendSettings, type LiveMode, type StreamBatch, type StreamSettings } from '../../shared/protocol.ts'
import { SourceError, type ReadEnd, type ReadRequest, type RequestAsker, type SourceFailure, type StreamSource } from './source.ts'

/** ms and factors; the client's own, but for a shorter longest wait: people look at the page while it waits. */
const DEFAULT_BACKOFF = { initialDelay: 100, maxDelay: 15_000, multiplier: 1.5 }
/** Query parameters that belong to the protocol, not to the application. */
const PROTOCOL_PARAMS = new Set(['offset', 'live', 'cursor'])
/** The last batch of a session has been received whole; handling it cannot take so long, ms. */
const LAST_BATCH_LIMIT_MS = 30_000
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

  async read(request: ReadRequest): Promise<ReadEnd> {
    const { signal } = request
    if (signal.aborted) return 'aborted'
    try {
      // The client's pauses between retries do not heed the signal; nobody waits for them.
      return await abortable(this.#read(request), signal)
    } catch (error) {
      if (signal.aborted) return 'aborted'
      throw error
    }
  }

  async #read({ offset, live, signal, onBatch, onReachable }: ReadRequest): Promise<ReadEnd> {
    const session = new AbortController()
    const stop = (): void => {
      session.abort()
    }
    signal.addEventListener('abort', stop, { once: true })
    const progress = new Progress(offset)
    try {
      const onLaterFailure = (failure: SourceError): void => {
        progress.fail(failure)
        session.abort()
      }
      const response = await this.#request(offset, live, session.signal, onReachable, onLaterFailure)
      response.subscribeJson<unknown>(async (batch) => {
        // An SSE connection that is cut between data and its control event hands on the data with the offset from before
        // it. The same events come again after the reconnect, so these are left out: rows never outrun the offset.
        if (signal.aborted || (live === 'sse' && batch.items.length > 0 && batch.offset === progress.offset)) return
        try {
          await onBatch(batch)
          progress.advance(batch)
        } catch (error) {
          progress.fail(error)
          session.abort()
        }
      })
      await response.closed
      const ends = response.streamClosed || (live === false && response.upToDate)
      // The client calls itself closed before it has handed over its last batch.
      if (ends) await abortable(progress.reach(response.offset), AbortSignal.any([signal, AbortSignal.timeout(LAST_BATCH_LIMIT_MS)]))
      progress.assertIntact()
      if (!ends) throw new SourceError('unreachable', 'the response broke off')
      return response.streamClosed ? 'ended' : 'caught-up'
    } catch (error) {
      throw toSourceError(progress.failure ?? error, progress.hasBegun || offset !== START_OFFSET)
    } finally {
      signal.removeEventListener('abort', stop)
      session.abort()
    }
  }

  #request(
    offset: string,
    live: LiveMode,
    signal: AbortSignal,
    onReachable: ReadRequest['onReachable'],
    onLaterFailure: (failure: SourceError) => void,
  ): Promise<StreamResponse> {
    if (this.#given) return this.#given.stream<unknown>({ offset, live, json: true, signal })
    let hasAnswered = false
    return stream<unknown>({
      url: this.#settings.url,
      offset,
      live,
      json: true,
      signal,
      warnOnHttp: false,
      sseResilience: { logWarnings: false },
      backoffOptions: { ...(this.#settings.backoff ?? DEFAULT_BACKOFF), maxRetries: Infinity },
      fetch: this.#requestFetch((failure) => {
        if (signal.aborted) return
        if (failure === null) {
          hasAnswered = true
          onReachable(true, null)
        } else if (hasAnswered || failure.failure === 'refused') {
          // The client would try the same request again: a long-poll, which says nothing until there is news, and an offset
          // that may by then be another stream's. A new session asks at once what there is, and whether it is the same.
          onLaterFailure(failure)
        } else {
          onReachable(false, failure)
        }
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
  #requestFetch(report: (failure: SourceError | null) => void): typeof fetch {
    return async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input)
      let response: Response
      try {
        const values = await this.#ask()
        for (const [name, value] of Object.entries(values.params)) if (!PROTOCOL_PARAMS.has(name)) url.searchParams.set(name, value)
        const headers = new Headers(init?.headers)
        for (const [name, value] of Object.entries(values.headers)) headers.set(name, value)
        response = await readWhole(await this.#fetch(url.toString(), { ...init, headers, cache: 'no-store' }))
      } catch (error) {
        if (!init?.signal?.aborted) report(new SourceError('unreachable', describe(error)))
        throw error
      }
      const { ok, status } = response
      const isRead = (init?.method ?? 'GET') === 'GET'
      if (ok && isRead && !isFromStream(response)) {
        report(new SourceError('refused', 'the answer is not from a durable stream: it has no Stream-Next-Offset, or CORS hides it', status))
      } else if (await isInterruptedPoll(url, response)) report(new SourceError('interrupted', 'a long-poll ended with nothing'))
      else if (ok) report(null)
      else if (status >= 500 || status === 429) report(new SourceError('unreachable', `the server answered ${String(status)}`, status))
      return response
    }
  }
}

/** How far a session has come: the offset of the last batch that was handled, or what went wrong with one. */
class Progress {
  offset: string
  hasBegun = false
  failure: unknown = null
  #awaited: { offset: string; settle: () => void } | null = null

  constructor(offset: string) {
    this.offset = offset
  }

  advance({ offset }: StreamBatch): void {
    this.offset = offset
    this.hasBegun = true
    if (this.#awaited?.offset === offset) this.#awaited.settle()
  }

  fail(error: unknown): void {
    this.failure = error
    this.#awaited?.settle()
  }

  /** Settles when the batch that ends at `offset` has been handled, or has failed. */
  reach(offset: string): Promise<void> {
    if (this.failure !== null || (this.hasBegun && this.offset === offset)) return Promise.resolve()
    return new Promise((settle) => {
      this.#awaited = { offset, settle }
    })
  }

  assertIntact(): void {
    if (this.failure !== null) throw toSourceError(this.failure, true)
  }
}

const isEventStream = (response: Response): boolean => response.headers.get('content-type')?.includes('text/event-stream') ?? false

/** Durable Streams protocol: every answer to a read says where it ends. Others are from something else at that address. */
const isFromStream = (response: Response): boolean => isEventStream(response) || response.headers.has('stream-next-offset')

/**
 * A long-poll ends with news, or with 204 when its time is up. One that ends early with nothing is what a server does with
 * those that wait on a stream that is deleted, and the next request may meet another stream at the same offset.
 */
async function isInterruptedPoll(url: URL, response: Response): Promise<boolean> {
  if (url.searchParams.get('live') !== 'long-poll' || response.status !== 200) return false
  const text = await response.clone().text()
  return text.length <= 2
}

/**
 * Reads a body to its end, so that one that breaks off is a failed request, which the client repeats; it takes a body that
 * breaks off later for the end of the session. Event streams have no end.
 */
async function readWhole(response: Response): Promise<Response> {
  if (response.body === null || (response.ok && isEventStream(response))) return response
  const body = await response.arrayBuffer()
  const { status, statusText } = response
  const headers = new Headers(response.headers)
  // The client parses a refusal that calls itself JSON, and takes one that is not for a failure of the network.
  if (!response.ok) headers.set('content-type', 'text/plain')
  return new Response(status === 204 ? null : body, { status, statusText, headers })
}

/** Client errors carry `status` and sometimes `code`; their classes differ by where they arose. */
const statusOf = (error: unknown): number | undefined => {
  const status: unknown = typeof error === 'object' && error !== null ? (error as { status?: unknown }).status : undefined
  return typeof status === 'number' ? status : undefined
}

function toSourceError(error: unknown, resuming: boolean): SourceError {
  if (error instanceof SourceError) return error
  const status = statusOf(error)
  const isParseError = (error as { code?: unknown } | null)?.code === 'PARSE_ERROR'
  return new SourceError(isParseError ? 'refused' : failureOf(status, resuming), describe(error), status)
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
    case 'interrupted':
    case 'bad-offset':
    case 'refused':
      return new SidestreamError('STREAM_ERROR', message, options)
  }
}
