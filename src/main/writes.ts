import { fromErrorData, SidestreamError, toErrorData } from '../shared/errors.ts'
import { Gate } from '../shared/gate.ts'
import type { TabStatus } from '../shared/status.ts'
import { changesTheSame, type Write } from '../shared/write.ts'
import type { Link } from './link.ts'

export interface WritesOptions {
  readonly link: Pick<Link, 'session' | 'isOpen' | 'call'>
  /** The application writes: starts the StreamDB when it is idle. */
  readonly wake: () => void
  /** The present status. */
  readonly status: SessionStatus
}

/** What a status says of the session behind it. */
export type SessionStatus = Pick<TabStatus, 'epoch' | 'failovers'>

interface Waiting {
  readonly write: Write
  readonly gate: Gate<void>
}

/**
 * The writes of this tab that are not acknowledged yet. An engine may be lost before the acknowledgement, also when it has stored the
 * write. So each new session begins with all of these writes. The engine stores each once.
 */
export class Writes {
  readonly #options: WritesOptions
  /** By id, in order. */
  readonly #waiting = new Map<string, Waiting>()
  /** The session in which the engine was given all of the writes. */
  #session: string

  constructor(options: WritesOptions) {
    this.#options = options
    this.#session = sessionOf(options.status)
  }

  /**
   * Resolves when the write is stored, and its rows are in this tab's collections. The same write may be given again.
   * @throws SidestreamError the engine's refusal, or what {@link rejectAll} is called with; `INVALID_ARGUMENT` while another write with this
   *   id waits
   */
  async store(write: Write): Promise<void> {
    const known = this.#waiting.get(write.id)
    if (known && !changesTheSame(known.write, write)) throw new SidestreamError('INVALID_ARGUMENT', `another write has the txid ${write.id}`)
    return (known ?? this.#begin(write)).gate.promise
  }

  #begin(write: Write): Waiting {
    const waiting: Waiting = { write, gate: new Gate() }
    this.#waiting.set(write.id, waiting)
    this.#options.wake()
    const { link } = this.#options
    if (link.isOpen) this.#send(waiting)
    // A new session begins with all writes.
    else link.session().catch((error: unknown) => { this.#fail(waiting, error) })
    return waiting
  }

  /** These writes are stored, and their rows are in the collections. */
  stored(ids: ReadonlyArray<string>): void {
    for (const id of ids) {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      waiting?.gate.resolve()
    }
  }

  /** A session is open. It may be with the same engine: the former session may have lost writes or acknowledgements on the way. */
  opened(status: SessionStatus): void {
    this.#session = sessionOf(status)
    this.#sendAll()
  }

  /**
   * The engine has told its status. When another tab's worker leads, this tab's worker has a session of its own with that leader. That
   * session is a new one when `epoch` or `failovers` has changed.
   */
  follow(status: SessionStatus): void {
    const session = sessionOf(status)
    if (status.epoch === '' || session === this.#session) return
    this.#session = session
    this.#sendAll()
  }

  rejectAll(error: Error): void {
    const all = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { gate } of all) gate.reject(error)
  }

  #sendAll(): void {
    for (const waiting of this.#waiting.values()) this.#send(waiting)
  }

  #send(waiting: Waiting): void {
    this.#options.link.call((engine) => engine.write(waiting.write)).then(
      (outcome) => {
        if (!outcome.ok) this.#fail(waiting, fromErrorData(outcome.error))
      },
      (error: unknown) => {
        this.#fail(waiting, error)
      },
    )
  }

  #fail(waiting: Waiting, error: unknown): void {
    const data = toErrorData(error, 'STREAM_ERROR')
    // Another engine gets it. When none follows, `rejectAll` is called.
    if (data.code === 'WORKER_DIED') return
    if (this.#waiting.get(waiting.write.id) !== waiting) return
    this.#waiting.delete(waiting.write.id)
    waiting.gate.reject(fromErrorData(data))
  }
}

const sessionOf = ({ epoch, failovers }: SessionStatus): string => `${epoch} ${String(failovers)}`
