import type { AppendSettings, LiveMode, RequestValues, StreamBatch } from '../../shared/protocol.ts'

/** Gives the headers and params of the next request; rejects when no tab can say. */
export type RequestAsker = () => Promise<RequestValues>

/**
 * Why a read ended early. Which of them are worth another try is the engine's to decide. `interrupted`: nothing is wrong,
 * but the stream may have been made again, and a new read will tell.
 */
export type SourceFailure = 'interrupted' | 'unreachable' | 'unauthorized' | 'missing' | 'bad-offset' | 'refused'

export class SourceError extends Error {
  override readonly name = 'SourceError'
  readonly failure: SourceFailure
  readonly status: number | undefined

  constructor(failure: SourceFailure, message: string, status?: number) {
    super(message)
    this.failure = failure
    this.status = status
  }
}

export interface ReadRequest {
  /** Read what follows this offset; `-1` for everything. */
  readonly offset: string
  readonly live: LiveMode
  readonly signal: AbortSignal
  /** Takes a batch; the next one is read when it is done. */
  readonly onBatch: (batch: StreamBatch) => Promise<void>
  /** The server answered (true), or could not be reached and is tried again with back-off (false). */
  readonly onReachable: (reachable: boolean, reason: SourceError | null) => void
}

/** `ended`: closed and read whole · `caught-up`: at the end, with `live: false` · `aborted`: by the signal. */
export type ReadEnd = 'ended' | 'caught-up' | 'aborted'

/** A durable stream, as the engine reads and writes it. */
export interface StreamSource {
  /**
   * Reads until the end, or until the signal aborts; then it returns at once and calls back no more.
   * @throws SourceError
   */
  read(request: ReadRequest): Promise<ReadEnd>
  /** @throws SidestreamError `NEEDS_AUTH`, `STREAM_NOT_FOUND`, `OFFLINE` or `STREAM_ERROR` */
  append(body: string | Uint8Array, options: AppendSettings): Promise<void>
}
