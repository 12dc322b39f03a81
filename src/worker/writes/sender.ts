import { toErrorData, type ErrorData } from '../../shared/errors.ts'
import { isRecord } from '../../shared/guards.ts'
import { START_OFFSET } from '../../shared/position.ts'
import { backoffMs, backoffOf } from '../core/backoff.ts'
import type { Moment } from '../core/lineage.ts'
import type { Outbox, OutboxChange, Verdict } from '../core/outbox.ts'
import { type EngineEnv, type Requests, SourceError, type StreamSource } from '../ports.ts'
import type { StreamSettings } from '../../shared/settings.ts'

/** An attempt without an answer may still be on its way to the server for this long, ms. */
const UNDER_WAY_MS = 1000
/** The steps of a request that have a time limit of their own: headers and params, the answer, its body. */
const STEPS = 3
/** The longest `Retry-After` that is respected, ms. */
const LONGEST_PAUSE_MS = 3_600_000

export interface SenderOptions {
  readonly env: Pick<EngineEnv, 'clock' | 'random'>
  readonly source: StreamSource
  readonly settings: Pick<StreamSettings, 'backoff' | 'silenceTimeoutMs'>
  /** The present outbox. */
  readonly outbox: () => Outbox
  /** The stream was read to its end: patches can be laid over its rows. */
  readonly isCaughtUp: () => boolean
  /** Offset of the rows that tabs see. */
  readonly shownOffset: () => string
  /** Whether the stream that tabs see is the one that was read then. */
  readonly holds: (moment: Moment) => boolean
  /** Makes a request of the next writes. */
  readonly freeze: () => OutboxChange
  /** Everything of this outbox is stored, or it is in memory only. A request is sent only then: the next engine has to repeat the same one. */
  readonly isSaved: () => boolean
  /** Stores the whole outbox. @throws when it cannot be stored */
  readonly saveAll: () => Promise<void>
  /** Takes a change, and stores it. @throws when it cannot be stored */
  readonly save: (change: OutboxChange) => Promise<void>
  /** The attempts or the errors of the request's writes have changed. */
  readonly onAttempt: () => void
  readonly onProblem: (error: ErrorData) => void
}

const UNKNOWN_PRODUCER: ErrorData = { code: 'STREAM_ERROR', message: 'the server does not know the producer, whatever its epoch', retryable: true }

/** `idle` nothing can be sent for now · `working` sends or looks up · `waiting` for a pause to end · `closed` for good */
type Phase =
  | { readonly kind: 'idle' | 'working' | 'closed' }
  | { readonly kind: 'waiting'; readonly cancel: () => void }

/**
 * Sends the outbox's writes, one request at a time, in order. A request that may be in the stream already is looked for first, by
 * reading the stream from the offset at which the request was frozen, or from its start when the stream may be another one.
 */
export class Sender {
  readonly #options: SenderOptions
  readonly #closed = new AbortController()
  #phase: Phase = { kind: 'idle' }
  #failures = 0
  /** When the last attempt without an answer ended. At first: when this sender began, because an earlier engine may have sent. */
  #unansweredAt: number
  /** The stream does not know the request's `since` any more: it is read from its start. */
  #looksFromStart = false

  constructor(options: SenderOptions) {
    this.#options = options
    this.#unansweredAt = options.env.clock.now()
  }

  /** There is something to send, or it can be sent now. */
  notice(): void {
    if (this.#phase.kind !== 'idle') return
    this.#phase = { kind: 'working' }
    void this.#run()
  }

  /** The server can be reached, or the credentials are new: ends a pause. */
  hurry(): void {
    if (this.#phase.kind === 'waiting') {
      this.#phase.cancel()
      this.#phase = { kind: 'idle' }
    }
    this.notice()
  }

  close(): void {
    if (this.#phase.kind === 'waiting') this.#phase.cancel()
    this.#phase = { kind: 'closed' }
    this.#closed.abort()
  }

  /** A getter: TypeScript would narrow the field, and not see that it changes during an `await`. */
  get #isWorking(): boolean {
    return this.#phase.kind === 'working'
  }

  async #run(): Promise<void> {
    // Not at once: a step may change the rows that tabs see, and the caller first publishes the changes that it has made.
    await Promise.resolve()
    while (this.#isWorking) {
      const pauseMs = await this.#step()
      if (!this.#isWorking || pauseMs === 0) continue
      this.#phase = pauseMs === null ? { kind: 'idle' } : { kind: 'waiting', cancel: this.#options.env.clock.after(pauseMs, () => { this.hurry() }) }
    }
  }

  /** Takes the next step. @returns the pause after it, ms; null when there is nothing to do for now */
  async #step(): Promise<number | null> {
    const { outbox, isCaughtUp, freeze, save, isSaved, saveAll } = this.#options
    const now = outbox()
    if (!isCaughtUp()) return null
    try {
      if (now.request === null && !now.isInDoubt && !now.hasUnsent) return null
      if (!isSaved()) await saveAll()
      if (now.isInDoubt) return await this.#lookUp(now)
      if (now.request !== null) return await this.#send(now)
      const frozen = freeze()
      // The next write is still being stored: the sender is told when it is.
      if (frozen.put.length === 0) return null
      // Stored before it is sent: an engine that follows has to repeat the same request.
      await save(frozen)
      return 0
    } catch (error) {
      return this.#failed(toErrorData(error, 'STREAM_ERROR'), 0)
    }
  }

  async #send(outbox: Outbox): Promise<number> {
    const { env, source, settings, save, onAttempt } = this.#options
    const { epoch, seq, body } = outbox.request!
    outbox.attempt()
    onAttempt()
    const writes = outbox.requested.map(({ write }) => write)
    const { signal, stop, end } = this.#underWay()
    const cancel = env.clock.after(STEPS * settings.silenceTimeoutMs, stop)
    const sent = await source.send({ producerId: outbox.head.producer.id, epoch, seq, body, writes }, signal).catch((error: unknown) => ({
      kind: 'undecided' as const,
      error: toErrorData(error, 'STREAM_ERROR'),
      retryAfterMs: 0,
    }))
    cancel()
    end()
    // Another outbox may be in use by now: the answer says nothing about that one.
    if (!this.#isWorking || this.#options.outbox() !== outbox) return 0
    if (sent.kind === 'decided') {
      this.#looksFromStart = false
      // Not waited for: if the stored answer is lost, the next engine looks for the request in the stream, or the server notices it.
      save(outbox.answered(this.#believed(sent.verdict))).catch(() => undefined)
      const isKnown = sent.verdict.kind === 'accepted' || sent.verdict.kind === 'refused'
      if (isKnown || this.#failures === 0) {
        this.#failures = isKnown ? 0 : 1
        return 0
      }
      // Otherwise a server that never knows the producer would get one request after another, without a pause.
      return this.#failed(UNKNOWN_PRODUCER, 0)
    }
    if (sent.kind === 'undecided') this.#unansweredAt = env.clock.now()
    outbox.failed(sent.error, source.noticesRepetition)
    onAttempt()
    return this.#failed(sent.error, sent.kind === 'undecided' ? sent.retryAfterMs : 0)
  }

  /**
   * New events are beyond all rows that tabs see. An offset that is not is of another stream, which was made again a moment ago, or is
   * made up: then only the write's own events show that it has arrived.
   */
  #believed(verdict: Verdict): Verdict {
    return verdict.kind === 'accepted' && verdict.offset !== null && verdict.offset <= this.#options.shownOffset() ? { ...verdict, offset: null } : verdict
  }

  /** Looks for a request's writes in the stream. */
  async #lookUp(outbox: Outbox): Promise<number> {
    const { env, source, save } = this.#options
    const leftMs = this.#unansweredAt + UNDER_WAY_MS - env.clock.now()
    if (leftMs > 0) return leftMs
    const { since = START_OFFSET, moment } = outbox.head.request ?? {}
    const isSameStream = !this.#looksFromStart && moment !== undefined && this.#options.holds(moment)
    const offset = isSameStream ? since : START_OFFSET
    let end: string | null = null
    const { signal, stop, end: over } = this.#underWay()
    const requests = this.#requests(stop)
    try {
      await source.read({
        offset,
        live: false,
        isFresh: true,
        signal,
        requests,
        onAnswer: () => undefined,
        onBatch: async (batch) => {
          end = batch.upToDate || batch.streamClosed ? batch.offset : null
          if (this.#options.outbox() === outbox) await save(outbox.seen(txidsOf(batch.items), batch.offset, end !== null))
        },
      })
    } catch (error) {
      if (error instanceof SourceError && (error.failure === 'bad-offset' || error.failure === 'missing')) this.#looksFromStart = true
      return this.#failed(error instanceof SourceError && error.data ? error.data : toErrorData(error, 'OFFLINE'), 0)
    } finally {
      requests.dropped()
      over()
    }
    if (!this.#isWorking || this.#options.outbox() !== outbox) return 0
    if (end === null) return this.#failed({ code: 'OFFLINE', message: 'the stream could not be read to its end', retryable: true }, 0)
    this.#looksFromStart = false
    await save(outbox.caughtUp(end))
    return 0
  }

  #failed(error: ErrorData, retryAfterMs: number): number {
    this.#failures += 1
    this.#options.onProblem(error)
    const { env, settings } = this.#options
    return Math.max(1, Math.min(retryAfterMs, LONGEST_PAUSE_MS), backoffMs(this.#failures, env.random(), backoffOf(settings.backoff)))
  }

  /** A signal for one request: it aborts when the sender is closed, or by `stop`. */
  #underWay(): { readonly signal: AbortSignal; readonly stop: () => void; readonly end: () => void } {
    const own = new AbortController()
    const stop = (): void => {
      own.abort()
    }
    this.#closed.signal.addEventListener('abort', stop, { once: true })
    const end = (): void => {
      this.#closed.signal.removeEventListener('abort', stop)
    }
    return { signal: own.signal, stop, end }
  }

  /** Requests without a byte from the server for too long are given up. */
  #requests(giveUp: () => void): Requests {
    const { env, settings } = this.#options
    let cancel = (): void => undefined
    const wait = (): void => {
      cancel()
      cancel = env.clock.after(settings.silenceTimeoutMs, giveUp)
    }
    const end = (): void => {
      cancel()
    }
    return { turn: () => Promise.resolve(), sent: wait, heard: wait, dropped: end, over: end }
  }
}

/** Each txid once, in the order in which they came first. */
function txidsOf(items: ReadonlyArray<unknown>): string[] {
  const txids = items.flatMap((item) => {
    const headers = isRecord(item) ? item['headers'] : null
    const txid = isRecord(headers) ? headers['txid'] : null
    return typeof txid === 'string' ? [txid] : []
  })
  return [...new Set(txids)]
}
