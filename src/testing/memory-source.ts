import { abortable } from '../shared/abortable.ts'
import type { StreamBatch } from '../shared/batch.ts'
import type { AppendSettings } from '../shared/calls.ts'
import { describe, SidestreamError, toErrorData } from '../shared/errors.ts'
import { Gate } from '../shared/gate.ts'
import { START_OFFSET } from '../shared/position.ts'
import { SourceError, type OutboxRequest, type ReadEnd, type ReadRequest, type RequestEnd, type Sent, type StreamSource } from '../worker/ports.ts'
import { producerAnswer, producerError, producerSent, type ProducerAnswer, type ProducerState } from './producers.ts'

/** How a test stream fails: with `offline` it does not answer; a number is the HTTP status of its answers. */
export type TestFailure = 'offline' | 401 | 403 | 404

interface Batch {
  readonly items: ReadonlyArray<unknown>
  readonly offset: string
}

/** A durable stream in memory, in batches. Events are copied, as if they had come over a network. */
export class MemorySource implements StreamSource {
  /** Gets the events that the application appends; it may throw. */
  onAppend: (events: unknown[]) => void | Promise<void> = () => undefined
  readonly noticesRepetition = true
  readonly #batches: Batch[] = []
  #isWhole = false
  #failure: TestFailure | null = null
  /** The reader has failed at the last batch: it gets the batch again only after its pause. */
  #isRefused = false
  readonly #producers = new Map<string, ProducerState>()
  /** Each settles when the producer's last request is over: `onAppend` may take its time, and a repetition has to wait for it. */
  readonly #turns = new Map<string, Promise<unknown>>()
  /** Settles when there is something new to read, or to fail with. */
  #news = new Gate<void>()

  /** The offset of the last batch. */
  get tail(): string {
    return this.#batches.at(-1)?.offset ?? START_OFFSET
  }

  get isWhole(): boolean {
    return this.#isWhole
  }

  /** @throws SidestreamError `INVALID_ARGUMENT` when `items` is no list of JSON values */
  add(items: ReadonlyArray<unknown>): void {
    // A batch that is no list would be read again and again.
    if (!Array.isArray(items)) throw new SidestreamError('INVALID_ARGUMENT', 'a test stream takes events in a list')
    if (items.length === 0) return
    const offset = String(this.#batches.length + 1).padStart(16, '0')
    this.#batches.push({ items: copied(items), offset })
    this.#tell()
  }

  /** From now on, a reader that has all batches is at the stream's end. */
  complete(): void {
    this.#isWhole = true
    this.#tell()
  }

  end(): Promise<string | null> {
    return Promise.resolve(this.#isWhole ? this.#end : null)
  }

  fail(failure: TestFailure | null): void {
    this.#failure = failure
    this.#tell()
  }

  async read({ offset, live, signal, requests, onBatch, onAnswer }: ReadRequest): Promise<ReadEnd> {
    let next = this.#batches.findIndex((batch) => batch.offset > offset)
    if (next === -1) next = this.#batches.length
    let isAtEnd = false
    const deliver = async (batch: StreamBatch): Promise<void> => {
      try {
        await onBatch(batch)
        this.#isRefused = false
      } catch (error) {
        this.#isRefused = true
        requests.sent('catch-up')
        requests.over(FAILED)
        throw error
      }
    }
    if (this.#isRefused) {
      await requests.turn()
      requests.dropped()
    }
    while (!signal.aborted) {
      const news = this.#news.promise
      if (this.#failure !== null) {
        await requests.turn()
        if (this.#isAborted(signal)) break
        // The test may have let the server recover meanwhile.
        if (this.#failed === null) {
          requests.dropped()
          continue
        }
        requests.sent('catch-up')
        requests.over(FAILED)
        throw readError(this.#failure)
      }
      onAnswer()
      const batch = this.#batches[next]
      if (batch) {
        next += 1
        isAtEnd = this.#isWhole && next === this.#batches.length
        await deliver({ ...batch, upToDate: isAtEnd, streamClosed: false })
      } else if (this.#isWhole && !isAtEnd) {
        isAtEnd = true
        await deliver({ items: [], offset: this.#end, upToDate: true, streamClosed: false })
      } else {
        if (live === false && isAtEnd) return 'caught-up'
        await abortable(news, signal).catch(() => undefined)
      }
    }
    return 'aborted'
  }

  async append(body: string | Uint8Array, { producerId, producerEpoch, producerSeq }: AppendSettings = {}): Promise<void> {
    if (this.#failure !== null) throw writeError(this.#failure)
    const parsed: unknown = JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body))
    const events: unknown[] = Array.isArray(parsed) ? parsed : [parsed]
    if (producerId === undefined || producerEpoch === undefined || producerSeq === undefined) return this.#take(events)
    const error = producerError(await this.#takeOnce(producerId, { epoch: producerEpoch, seq: producerSeq }, events))
    if (error) throw error
  }

  async send({ producerId, epoch, seq, body }: OutboxRequest, signal: AbortSignal): Promise<Sent> {
    if (this.#failure !== null) return failedSent(this.#failure)
    try {
      const events = JSON.parse(`[${body}]`) as unknown[]
      return producerSent(await abortable(this.#takeOnce(producerId, { epoch, seq }, events), signal), this.#end)
    } catch (error) {
      if (signal.aborted) return failedSent('offline')
      return { kind: 'decided', verdict: { kind: 'refused', error: toErrorData(error, 'STREAM_ERROR'), isOfAll: false } }
    }
  }

  async #take(events: unknown[]): Promise<void> {
    await this.onAppend(events)
    this.add(events)
  }

  /** Takes the request of a producer, unless it is one that came before or has no place. */
  #takeOnce(producerId: string, request: ProducerState, events: unknown[]): Promise<ProducerAnswer> {
    const taken = (this.#turns.get(producerId) ?? Promise.resolve()).then(async () => {
      const answer = producerAnswer(this.#producers.get(producerId), request)
      if (answer.status !== 200) return answer
      await this.#take(events)
      this.#producers.set(producerId, request)
      return answer
    })
    this.#turns.set(producerId, taken.catch(() => undefined))
    return taken
  }

  get #end(): string {
    return this.tail === START_OFFSET ? NOTHING_YET : this.tail
  }

  // Methods, because TypeScript would narrow the fields and not see that they change during an `await`.
  #isAborted(signal: AbortSignal): boolean {
    return signal.aborted
  }

  get #failed(): TestFailure | null {
    return this.#failure
  }

  #tell(): void {
    this.#news.resolve()
    this.#news = new Gate<void>()
  }
}

const FAILED: RequestEnd = { kind: 'catch-up', ok: false, isIdle: false, retryAfterMs: 0 }

/** The offset of a stream without events. */
const NOTHING_YET = '0'.repeat(16)

function copied(items: ReadonlyArray<unknown>): unknown[] {
  try {
    return JSON.parse(JSON.stringify(items)) as unknown[]
  } catch (error) {
    throw new SidestreamError('INVALID_ARGUMENT', `a test stream takes what JSON has: ${describe(error)}`, { cause: error })
  }
}

function readError(failure: TestFailure): SourceError {
  if (failure === 'offline') return new SourceError('unreachable', 'the test stream is offline')
  return new SourceError(failure === 404 ? 'missing' : 'unauthorized', `the test stream answers ${String(failure)}`, { status: failure })
}

function writeError(failure: TestFailure): SidestreamError {
  if (failure === 'offline') return new SidestreamError('OFFLINE', 'the test stream is offline', { retryable: true })
  const code = failure === 404 ? 'STREAM_NOT_FOUND' : 'NEEDS_AUTH'
  return new SidestreamError(code, `the test stream answers ${String(failure)}`, { retryable: failure !== 404, status: failure })
}

function failedSent(failure: TestFailure): Sent {
  const error = toErrorData(writeError(failure), 'STREAM_ERROR')
  return error.code === 'NEEDS_AUTH' ? { kind: 'unauthorized', error } : { kind: 'undecided', error, retryAfterMs: 0 }
}
