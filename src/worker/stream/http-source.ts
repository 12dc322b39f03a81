import { stream, type BackoffOptions, type DurableStream, type StreamResponse } from '@durable-streams/client'
import { abortable } from '../../shared/abortable.ts'
import { describe } from '../../shared/errors.ts'
import type { StreamBatch } from '../../shared/batch.ts'
import type { AppendSettings } from '../../shared/calls.ts'
import { START_OFFSET } from '../../shared/position.ts'
import type { StreamSettings } from '../../shared/settings.ts'
import { isEventStream, isFromStream, isInterruptedPoll, readItems, readWhole, retryAfterMs, watchBody } from './answer.ts'
import { type OutboxRequest, type ReadEnd, type ReadRequest, type RequestAsker, type RequestEnd, type Requests, type Sent, SourceError, type StreamSource } from '../ports.ts'
import { EventStream } from './event-stream.ts'
import { failureOf, HttpRequests, linked, statusOf } from './http-requests.ts'
import { HttpWriter } from './http-writer.ts'
import { OutboxRequests } from './outbox-requests.ts'
import { HandedItems } from './handed-items.ts'
import { limited } from './timeout.ts'

/** A read that has failed is not tried again by the client: the reader does that, and knows what progress was made. */
const NO_RETRIES: BackoffOptions = { initialDelay: 0, maxDelay: 0, multiplier: 1, maxRetries: 0 }
/** Caches on the way do not know a URL with a new value of this parameter. */
const FRESH_PARAM = 'cache-buster'
/** The longest time for handling the last batch of a session, which has been received whole, ms. */
const LAST_BATCH_LIMIT_MS = 30_000

/** The report of a failed session of the application's stream object. */
const GIVEN_UP: RequestEnd = { kind: 'catch-up', ok: false, isIdle: false, retryAfterMs: 0 }

/** The application's own `fetch` or stream object; only possible in the page. */
export interface GivenTransport {
  readonly fetch?: typeof fetch | undefined
  readonly stream?: DurableStream | undefined
}

/** A durable stream over HTTP: `@durable-streams/client` does the requests, long-poll and SSE. */
export class HttpSource implements StreamSource {
  readonly #settings: StreamSettings
  readonly #requests: HttpRequests
  readonly #writer: HttpWriter
  readonly #outbox: OutboxRequests
  /** The application's own stream object, which then makes the requests. */
  readonly #given: DurableStream | undefined

  constructor(settings: StreamSettings, ask: RequestAsker, given: GivenTransport = {}) {
    this.#settings = settings
    this.#requests = new HttpRequests(ask, given.fetch)
    this.#given = given.stream
    this.#writer = new HttpWriter(settings, this.#requests, given.stream)
    this.#outbox = new OutboxRequests(settings, this.#requests, given.stream)
  }

  async read(request: ReadRequest): Promise<ReadEnd> {
    const { signal } = request
    if (signal.aborted) return 'aborted'
    try {
      return await abortable(this.#read(request), signal)
    } catch (error) {
      if (signal.aborted) return 'aborted'
      throw error
    }
  }

  async #read(request: ReadRequest): Promise<ReadEnd> {
    const { offset, live, signal, onBatch, requests } = request
    const session = new AbortController()
    const stop = (): void => {
      session.abort()
    }
    signal.addEventListener('abort', stop, { once: true })
    const progress = new Progress(offset)
    let fail: (error: unknown) => void = () => undefined
    // The client does not hear of an abort between two event streams: it would go on, and its session would never end.
    const failed = new Promise<never>((_, reject) => {
      fail = (error) => {
        progress.fail(error)
        session.abort()
        reject(toSourceError(error, true))
      }
    })
    failed.catch(() => undefined)
    const handed = new HandedItems()
    try {
      const response = await Promise.race([this.#request(request, { signal: session.signal, handed, fail }), failed])
      response.subscribeJson<unknown>(async (told) => {
        if (session.signal.aborted) return
        try {
          const batch = { ...told, items: handed.take(told.items) }
          assertOffset(batch)
          // When an SSE connection breaks between data and its control event, the client hands on the data with the offset
          // before it. A server may also repeat an offset. The events are read once more: rows never outrun the offset.
          if (live === 'sse' && batch.items.length > 0 && batch.offset === progress.offset) throw new SourceError('older', 'events came without the offset that follows them')
          if (this.#given) requests.over({ kind: progress.hasBegun ? 'live' : 'catch-up', ok: true, isIdle: false, retryAfterMs: 0 })
          await onBatch(batch)
          progress.advance(batch)
          if (this.#given && live !== false && !batch.streamClosed) await this.#nextOfGiven(requests, session.signal)
        } catch (error) {
          fail(error)
        }
      })
      await Promise.race([response.closed, failed])
      const ends = response.streamClosed || (live === false && response.upToDate)
      // The client calls itself closed before it has handed over its last batch.
      if (ends) await limited(progress.reach(response.offset), LAST_BATCH_LIMIT_MS)
      progress.assertIntact()
      if (!ends) throw new SourceError('unreachable', 'the response broke off')
      return response.streamClosed ? 'ended' : 'caught-up'
    } catch (error) {
      if (this.#given) requests.over(GIVEN_UP)
      throw toSourceError(progress.failure ?? error, progress.hasBegun || offset !== START_OFFSET)
    } finally {
      signal.removeEventListener('abort', stop)
      session.abort()
    }
  }

  async #request(request: ReadRequest, session: ReadSession): Promise<StreamResponse> {
    const { offset, live, requests } = request
    const { signal } = session
    if (this.#given) {
      // The object makes its requests out of sight: the session counts as one request, and each batch after the first as another.
      await requests.turn()
      requests.sent('catch-up')
      return this.#given.stream<unknown>({ offset, live, json: true, signal })
    }
    return stream<unknown>({
      url: this.#settings.url,
      offset,
      live,
      json: true,
      signal,
      warnOnHttp: false,
      sseResilience: { logWarnings: false },
      backoffOptions: NO_RETRIES,
      fetch: this.#readFetch(request, session),
    })
  }

  /** A given stream object reads on when its batch has been taken: until then the pace can hold it back. */
  async #nextOfGiven(requests: Requests, signal: AbortSignal): Promise<void> {
    await requests.turn()
    if (!signal.aborted) requests.sent('live')
  }

  append(body: string | Uint8Array, options: AppendSettings): Promise<void> {
    return this.#writer.append(body, options)
  }

  send(request: OutboxRequest, signal: AbortSignal): Promise<Sent> {
    return this.#outbox.send(request, signal)
  }

  get noticesRepetition(): boolean {
    return this.#outbox.noticesRepetition
  }

  end(signal?: AbortSignal): Promise<string | null> {
    return this.#writer.end(signal)
  }

  /** The `fetch` of a read's requests. The first failure ends the read, also when the client would try again. */
  #readFetch({ isFresh, requests, onAnswer, onBeginning }: ReadRequest, { signal: session, handed, fail }: ReadSession): typeof fetch {
    return async (input, init) => {
      const { signal, unlink } = linked(session, init?.signal)
      const isAborted = (): boolean => signal.aborted
      const heard = (): void => {
        requests.heard()
      }
      await requests.turn()
      const url = new URL(input instanceof Request ? input.url : input)
      const kind = url.searchParams.has('live') ? 'live' : 'catch-up'
      if (isFresh) url.searchParams.set(FRESH_PARAM, String(Date.now()))
      const end = (ok: boolean, isIdle: boolean, afterMs: number): void => {
        requests.over({ kind, ok, isIdle, retryAfterMs: afterMs })
      }
      try {
        const values = await this.#requests.values()
        if (isAborted()) throw new SourceError('interrupted', 'given up')
        requests.sent(kind)
        const answer = await this.#requests.send(url, { ...init, signal }, values)
        heard()
        if (answer.ok && isEventStream(answer)) {
          if (url.searchParams.get('live') !== 'sse') {
            void answer.body?.cancel()
            end(false, false, 0)
            throw new SourceError('refused', 'an event stream has answered a request for JSON')
          }
          onAnswer()
          return this.#watchEvents(answer, { heard, fail, unlink, end })
        }
        const isWhole = url.searchParams.get('offset') === START_OFFSET
        const { items, response } = await readAnswer(answer, heard, (beginning) => {
          if (isWhole && !isAborted()) onBeginning?.(beginning)
        })
        unlink()
        const failure = failureOfAnswer(url, response, items)
        // Only a refusal can ask for a pause (RFC 9110).
        end(failure === null || failure.failure === 'interrupted', response.status === 204, response.ok ? 0 : retryAfterMs(response))
        if (failure) throw failure
        onAnswer()
        return Array.isArray(items) ? handed.answer(response, items) : response
      } catch (error) {
        unlink()
        if (isAborted()) {
          requests.dropped()
          throw error
        }
        const failure = error instanceof SourceError ? error : new SourceError('unreachable', describe(error))
        if (!(error instanceof SourceError) || failure.failure === 'application') end(false, false, 0)
        fail(failure)
        throw failure
      }
    }
  }

  /** Events without a control event have no offset, and are not shown: a server that never sends one is given up. */
  #watchEvents(answer: Response, { heard, fail, unlink, end }: EventsWatch): Response {
    const events = new EventStream()
    const onPart = (bytes: Uint8Array): Uint8Array => {
      heard()
      const now = Date.now()
      const lines = events.take(bytes, now)
      if (events.openMs(now) <= this.#settings.silenceTimeoutMs) return lines
      const failure = new SourceError('unreachable', 'the server sends events, and not the offset that follows them')
      fail(failure)
      throw failure
    }
    return watchBody(answer, onPart, () => {
      unlink()
      end(true, false, 0)
    })
  }
}

/** One read, as its requests need it. */
interface ReadSession {
  /** Aborts when the read is over. */
  readonly signal: AbortSignal
  readonly handed: HandedItems
  readonly fail: (error: SourceError) => void
}

interface EventsWatch {
  readonly heard: () => void
  readonly fail: (error: SourceError) => void
  readonly unlink: () => void
  readonly end: (ok: boolean, isIdle: boolean, afterMs: number) => void
}

/** An event stream's control event without an offset reaches the client as the text `undefined`. @throws SourceError `refused` */
function assertOffset({ offset }: StreamBatch): void {
  if (typeof offset !== 'string' || ['', 'undefined', 'null'].includes(offset)) throw new SourceError('refused', 'the server did not say at which offset its events end')
}

/** An answer that was read to its end. */
interface WholeAnswer {
  readonly response: Response
  /** The events of a usable answer; an error when they are not JSON. Null when the answer has none. */
  readonly items: unknown[] | SyntaxError | null
}

async function readAnswer(answer: Response, heard: () => void, onBeginning: (items: ReadonlyArray<unknown>) => void): Promise<WholeAnswer> {
  if (!answer.ok || answer.body === null || !isFromStream(answer)) return { response: await readWhole(answer, heard), items: null }
  try {
    return { response: answer, items: await readItems(answer.body, heard, onBeginning) }
  } catch (error) {
    if (error instanceof SyntaxError) return { response: answer, items: error }
    throw error
  }
}

/** Why an answer cannot be used; null when it can. */
function failureOfAnswer(url: URL, response: Response, items: WholeAnswer['items']): SourceError | null {
  const { ok, status } = response
  if (!ok) return new SourceError(failureOf(status, url.searchParams.get('offset') !== START_OFFSET), `the server answered ${String(status)}`, { status })
  if (!isFromStream(response)) {
    return new SourceError('refused', 'the answer is not from a durable stream: it has no Stream-Next-Offset, or CORS hides it', { status })
  }
  if (items instanceof SyntaxError) return new SourceError('refused', `the answer is not JSON: ${items.message}`, { status })
  return items !== null && isInterruptedPoll(url, response, items) ? new SourceError('interrupted', 'a long-poll ended with nothing') : null
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
    this.failure ??= error
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

function toSourceError(error: unknown, resuming: boolean): SourceError {
  if (error instanceof SourceError) return error
  const status = statusOf(error)
  const isParseError = (error as { code?: unknown } | null)?.code === 'PARSE_ERROR'
  return new SourceError(isParseError ? 'refused' : failureOf(status, resuming), describe(error), { status })
}
