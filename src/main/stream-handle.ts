import { SidestreamError, fromErrorData } from '../shared/errors.ts'
import type { StreamOperation } from '../shared/protocol.ts'
import type { Link } from './link.ts'

export interface AppendOptions {
  /** Writer coordination (`Stream-Seq`); a lower one than the stream's last is refused with 409. */
  seq?: string
  contentType?: string
  signal?: AbortSignal
  producerId?: string
  producerEpoch?: number
  producerSeq?: number
}

export type HeadResult =
  | { exists: true; contentType?: string; offset?: string; etag?: string; cacheControl?: string; streamClosed: boolean }
  | { exists: false }

/**
 * The stream itself, written through the engine: the part of `DurableStream` of @durable-streams/client that an
 * application with a StreamDB needs. Every method rejects with a SidestreamError `NEEDS_AUTH`, `STREAM_NOT_FOUND`,
 * `OFFLINE`, `STREAM_ERROR`, `WORKER_DIED` or `CLOSED`.
 */
export class StreamHandle {
  readonly url: string
  readonly contentType: string | undefined
  readonly #link: Link

  constructor(url: string, contentType: string | undefined, link: Link) {
    this.url = url
    this.contentType = contentType
    this.#link = link
  }

  /** @param body a JSON text for a JSON stream; an array is as many events */
  async append(body: string | Uint8Array | Promise<string | Uint8Array>, options: AppendOptions = {}): Promise<void> {
    const { signal, ...rest } = options
    const resolved = await body
    await this.#perform({ kind: 'append', body: resolved, options: rest }, signal)
  }

  async create(options: { contentType?: string } = {}): Promise<this> {
    await this.#perform({ kind: 'create', contentType: options.contentType ?? this.contentType ?? null })
    return this
  }

  async head(): Promise<HeadResult> {
    return (await this.#perform({ kind: 'head' })) as HeadResult
  }

  async delete(): Promise<void> {
    await this.#perform({ kind: 'delete' })
  }

  async #perform(operation: StreamOperation, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted()
    const work = this.#link.call((engine) => engine.perform(operation))
    const outcome = await (signal ? abortable(work, signal) : work)
    if (!outcome.ok) throw fromErrorData(outcome.error)
    return outcome.value
  }
}

/** Stops waiting when the signal aborts; what the server was asked may still happen, as with any aborted request. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason instanceof Error ? signal.reason : new SidestreamError('STREAM_ERROR', 'the call was aborted'))
    }
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort)
    })
  })
}
