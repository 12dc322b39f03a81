import type { ErrorData } from '../../shared/errors.ts'
import type { AppendSettings, LiveMode, RequestValues, StreamBatch } from '../../shared/protocol.ts'
import type { RequestKind } from '../core/request-pace.ts'
import type { RequestEnd } from './request-gate.ts'

/** Gives the headers and params of the next request; rejects when no tab can say. */
export type RequestAsker = () => Promise<RequestValues>

/**
 * Why a read ended early. Which of them are worth another try is the engine's to decide. `interrupted`: nothing is wrong,
 * but the stream may have been made again, and a new read will tell. `older`: the answer shows the stream as it was before.
 * `application`: the application could not say its headers or params.
 */
export type SourceFailure = 'interrupted' | 'unreachable' | 'unauthorized' | 'missing' | 'bad-offset' | 'older' | 'refused' | 'application'

export interface SourceErrorOptions {
  readonly status?: number | undefined
  /** The application's own error. */
  readonly data?: ErrorData | undefined
}

export class SourceError extends Error {
  override readonly name = 'SourceError'
  readonly failure: SourceFailure
  readonly status: number | undefined
  readonly data: ErrorData | undefined

  constructor(failure: SourceFailure, message: string, { status, data }: SourceErrorOptions = {}) {
    super(message)
    this.failure = failure
    this.status = status
    this.data = data
  }
}

/** What a read says of each request that it makes, one after the other. */
export interface Requests {
  /** Settles when the next request may go out; by then the read may be aborted. */
  turn(): Promise<void>
  /** A request goes out. */
  sent(kind: RequestKind): void
  /** Something has come from the server: headers, or a part of a body. */
  heard(): void
  /** The request was aborted. */
  dropped(): void
  /** The answer is here whole, or there will be none. Not called for a request that was aborted. */
  over(end: RequestEnd): void
}

export interface ReadRequest {
  /** Read what follows this offset; `-1` for everything. */
  readonly offset: string
  readonly live: LiveMode
  /** The last answer was not to be trusted: caches on the way are to be passed by. */
  readonly isFresh: boolean
  readonly signal: AbortSignal
  readonly requests: Requests
  /** Takes a batch; the next one is read when it is done. */
  readonly onBatch: (batch: StreamBatch) => Promise<void>
  /** The server answers. */
  readonly onAnswer: () => void
}

/** `ended`: closed and read whole · `caught-up`: at the end, with `live: false` · `aborted`: by the signal. */
export type ReadEnd = 'ended' | 'caught-up' | 'aborted'

/** A durable stream, as the engine reads and writes it. */
export interface StreamSource {
  /**
   * Reads until the end, until the first failure, or until the signal aborts; then it returns at once and calls back no more.
   * It never tries again by itself: when to do that is decided in one place, by the progress that was made.
   * @throws SourceError
   */
  read(request: ReadRequest): Promise<ReadEnd>
  /** @throws SidestreamError `NEEDS_AUTH`, `STREAM_NOT_FOUND`, `OFFLINE` or `STREAM_ERROR` */
  append(body: string | Uint8Array, options: AppendSettings): Promise<void>
  /** The offset at which the stream ends; null where the server does not say. @throws SidestreamError as `append` does */
  end(): Promise<string | null>
}
