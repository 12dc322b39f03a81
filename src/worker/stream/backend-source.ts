import { abortable } from '../../shared/abortable.ts'
import type { AppendSettings, RequestValues } from '../../shared/calls.ts'
import { describe, SidestreamError, type ErrorData } from '../../shared/errors.ts'
import type { ChangeEvent } from '../../shared/events.ts'
import { isRecord } from '../../shared/guards.ts'
import type { SendWrite } from '../../shared/send-write.ts'
import type { OutboxRequest, ReadEnd, ReadRequest, RequestAsker, Sent, StreamSource } from '../ports.ts'

/** The most characters of a reason. */
const MOST_REASON = 300

/** A stream that is read as any other. Its writes go to an API of the application (`send`), which puts their events on the stream. */
export class BackendSource implements StreamSource {
  readonly target = 'backend'
  /** The API knows a repetition by the idempotency key. */
  readonly noticesRepetition = true
  readonly #stream: StreamSource
  readonly #ask: RequestAsker
  readonly #send: SendWrite

  constructor(stream: StreamSource, ask: RequestAsker, send: SendWrite) {
    this.#stream = stream
    this.#ask = ask
    this.#send = send
  }

  read(request: ReadRequest): Promise<ReadEnd> {
    return this.#stream.read(request)
  }

  append(body: string | Uint8Array, options: AppendSettings): Promise<void> {
    return this.#stream.append(body, options)
  }

  end(signal?: AbortSignal): Promise<string | null> {
    return this.#stream.end(signal)
  }

  /** @throws SidestreamError `REQUEST_VALUES` */
  async send({ writes: [write], body }: OutboxRequest, signal: AbortSignal): Promise<Sent> {
    if (!write) return undecided('there is no write', 0)
    try {
      const { headers, params } = await abortable(this.#values(), signal)
      const events = JSON.parse(`[${body}]`) as ChangeEvent[]
      // In a promise, because a function in plain JavaScript may return its answer itself.
      const answer = Promise.resolve(this.#send({ ...write, events }, { headers, params, signal, idempotencyKey: write.id }))
      return sentOf(await abortable(answer, signal))
    } catch (error) {
      if (error instanceof SidestreamError) throw error
      return undecided(signal.aborted ? 'the API has not answered in time' : describe(error), 0)
    }
  }

  async #values(): Promise<RequestValues> {
    return this.#ask()
  }
}

function sentOf(answer: unknown): Sent {
  const { status, reason, retryAfterMs } = isRecord(answer) ? answer : {}
  const said = typeof reason === 'string' ? reason.slice(0, MOST_REASON) : ''
  switch (status) {
    case 'accepted':
      return { kind: 'decided', verdict: { kind: 'accepted', offset: null } }
    case 'rejected': {
      const error: ErrorData = { code: 'STREAM_ERROR', message: said === '' ? 'the API has rejected the write' : said, retryable: false }
      return { kind: 'decided', verdict: { kind: 'refused', error, isOfAll: false } }
    }
    case 'unauthorized':
      return { kind: 'unauthorized', error: { code: 'NEEDS_AUTH', message: said === '' ? 'the API wants other credentials' : said, retryable: true } }
    case 'retry':
      return undecided(said === '' ? 'the API cannot take the write now' : said, typeof retryAfterMs === 'number' && retryAfterMs > 0 ? retryAfterMs : 0)
    default:
      return undecided('send has returned neither accepted, rejected, retry nor unauthorized', 0)
  }
}

const undecided = (message: string, retryAfterMs: number): Sent => ({ kind: 'undecided', error: { code: 'OFFLINE', message, retryable: true }, retryAfterMs })
