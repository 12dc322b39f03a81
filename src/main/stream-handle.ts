import type { AppendSettings } from '../shared/calls.ts'
import type { Link } from './link.ts'
import { writingPart } from './writing-part.ts'

export interface AppendOptions extends AppendSettings {
  /** Aborting it rejects the append with its reason, also while `body` is pending. The server may still carry out the request. */
  readonly signal?: AbortSignal
}

/** The stream for writes through the engine: the members of `DurableStream` that an application of a StreamDB needs. */
export interface StreamHandle {
  readonly url: string
  readonly contentType?: string | undefined
  /**
   * Appends to the stream. Resolves when the server has the write.
   * @param body the JSON text of one event, for a JSON stream
   * @throws SidestreamError `INVALID_ARGUMENT` (at once), `REQUEST_VALUES`, `NEEDS_AUTH`, `STREAM_NOT_FOUND`, `OFFLINE`,
   *   `STREAM_ERROR`, `WORKER_DIED`, `CLOSED`, `WORKER_START_FAILED`, `VERSION_MISMATCH`, `INVALID_OPTIONS` (a relative URL
   *   without a document)
   */
  append(body: string | Uint8Array | Promise<string | Uint8Array>, options?: AppendOptions): Promise<void>
}

/** A stream that the engine in a worker writes to. */
export class LinkedStream implements StreamHandle {
  readonly url: string
  readonly contentType: string | undefined
  readonly #link: Link

  constructor(url: string, contentType: string | undefined, link: Link) {
    this.url = url
    this.contentType = contentType
    this.#link = link
  }

  async append(body: string | Uint8Array | Promise<string | Uint8Array>, options: AppendOptions = {}): Promise<void> {
    // A body that fails before it is awaited is no unhandled rejection.
    Promise.resolve(body).catch(() => undefined)
    const { append } = await this.#link.untilClosed(writingPart.load())
    return append(this.#link, body, options)
  }
}
