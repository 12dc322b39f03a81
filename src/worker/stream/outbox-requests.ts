import { type DurableStream, FetchError } from '@durable-streams/client'
import { abortable } from '../../shared/abortable.ts'
import type { RequestValues } from '../../shared/calls.ts'
import { describe, type ErrorData, fromErrorData, SidestreamError } from '../../shared/errors.ts'
import type { StreamSettings } from '../../shared/settings.ts'
import { meaningOf } from '../core/verdict.ts'
import { type OutboxRequest, type Sent, SourceError } from '../ports.ts'
import { readWhole, retryAfterMs } from './answer.ts'
import { type HttpRequests, linked, statusOf } from './http-requests.ts'
import { limited, Timeout } from './timeout.ts'

const DEFAULT_CONTENT_TYPE = 'application/json'

/**
 * The requests of the outbox over HTTP. Each is sent once, and without the client: the client would send it again by itself, and hide
 * the answer's headers.
 */
export class OutboxRequests {
  readonly #settings: StreamSettings
  readonly #requests: HttpRequests
  /** The application's own stream object, which then makes the requests. */
  readonly #given: DurableStream | undefined

  constructor(settings: StreamSettings, requests: HttpRequests, given: DurableStream | undefined) {
    this.#settings = settings
    this.#requests = requests
    this.#given = given
  }

  /** The application's stream object sends no producer headers, so the server cannot know a repetition. */
  get noticesRepetition(): boolean {
    return this.#given === undefined
  }

  /** @throws SidestreamError `REQUEST_VALUES` */
  async send(request: OutboxRequest, signal: AbortSignal): Promise<Sent> {
    const own = new AbortController()
    const { signal: either, unlink } = linked(own.signal, signal)
    try {
      if (signal.aborted) return GIVEN_UP
      const sent = this.#given ? this.#append(this.#given, request, either) : this.#post(request, either)
      return await abortable(sent, signal)
    } catch (error) {
      if (signal.aborted) return GIVEN_UP
      if (error instanceof SidestreamError) throw error
      return unanswered(error instanceof Timeout ? this.#late('the server has not answered') : describe(error))
    } finally {
      // Aborted before the signals are unlinked: a late request must not arrive after the next one.
      own.abort()
      unlink()
    }
  }

  async #post({ producerId, epoch, seq, body }: OutboxRequest, signal: AbortSignal): Promise<Sent> {
    const { url, contentType, silenceTimeoutMs } = this.#settings
    const values = await this.#values()
    if (signal.aborted) return GIVEN_UP
    const headers = {
      'Content-Type': contentType ?? DEFAULT_CONTENT_TYPE,
      'Producer-Id': producerId,
      'Producer-Epoch': String(epoch),
      'Producer-Seq': String(seq),
    }
    const answer = this.#requests.send(new URL(url), { method: 'POST', headers, body: `[${body}]`, signal }, values)
    return limited(answer.then(sentOf), silenceTimeoutMs)
  }

  /** With a time limit, because the outbox tries again. A read waits without one: a user may be signing in. */
  async #values(): Promise<RequestValues> {
    try {
      const { headers, params } = await limited(this.#requests.values(), this.#settings.silenceTimeoutMs)
      // The application must not set these headers: with a constant sequence number the server would take each request for a repetition.
      return { headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !name.toLowerCase().startsWith('producer-'))), params }
    } catch (error) {
      if (error instanceof Timeout) throw new SidestreamError('REQUEST_VALUES', this.#late('no tab has given its headers and params'), { retryable: true })
      if (error instanceof SourceError && error.failure === 'application' && error.data) throw fromErrorData(error.data)
      throw error
    }
  }

  async #append(stream: DurableStream, { body }: OutboxRequest, signal: AbortSignal): Promise<Sent> {
    const contentType = this.#settings.contentType ?? stream.contentType ?? DEFAULT_CONTENT_TYPE
    try {
      await limited(stream.append(body, { contentType, signal }), this.#settings.silenceTimeoutMs)
      return { kind: 'decided', verdict: { kind: 'accepted', offset: null } }
    } catch (error) {
      const status = statusOf(error)
      if (status === undefined || status < 400) throw error
      return sentOf(error instanceof FetchError ? new Response(error.text ?? JSON.stringify(error.json), error) : new Response(describe(error), { status }))
    }
  }

  #late(what: string): string {
    return `${what} within ${String(this.#settings.silenceTimeoutMs)} ms`
  }
}

/** The body is read to its end, so that the connection can be used again. */
async function sentOf(response: Response): Promise<Sent> {
  const { status, headers } = response
  const isRedirected = response.redirected
  const whole = await readWhole(response, () => undefined)
  const text = response.ok ? '' : await whole.text()
  const meaning = meaningOf({ status, header: (name) => headers.get(name), text, isRedirected })
  return meaning.kind === 'undecided' ? { ...meaning, retryAfterMs: retryAfterMs(response) } : meaning
}

const unanswered = (message: string): Sent => {
  const error: ErrorData = { code: 'OFFLINE', message, retryable: true }
  return { kind: 'undecided', error, retryAfterMs: 0 }
}

const GIVEN_UP = unanswered('the request was given up')
