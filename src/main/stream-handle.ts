import { fromErrorData } from '../shared/errors.ts'
import type { AppendSettings } from '../shared/protocol.ts'
import { abortable } from '../shared/abortable.ts'
import type { Link } from './link.ts'

export interface AppendOptions extends AppendSettings {
  /** Ends the waiting; what the server was asked may still happen, as with any aborted request. */
  readonly signal?: AbortSignal
}

/** The stream itself, written through the engine: the part of `DurableStream` that a StreamDB's application needs. */
export class StreamHandle {
  readonly url: string
  readonly contentType: string | undefined
  readonly #link: Link

  constructor(url: string, contentType: string | undefined, link: Link) {
    this.url = url
    this.contentType = contentType
    this.#link = link
  }

  /**
   * Appends to the stream.
   * @param body the JSON text of one event, for a JSON stream
   * @throws SidestreamError `NEEDS_AUTH`, `STREAM_NOT_FOUND`, `OFFLINE`, `STREAM_ERROR`, `WORKER_DIED`, `CLOSED`
   */
  async append(body: string | Uint8Array | Promise<string | Uint8Array>, { signal, ...options }: AppendOptions = {}): Promise<void> {
    const resolved = await body
    signal?.throwIfAborted()
    const work = this.#link.call((engine) => engine.append(resolved, options))
    const outcome = await (signal ? abortable(work, signal) : work)
    if (!outcome.ok) throw fromErrorData(outcome.error)
  }
}
