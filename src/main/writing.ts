import type { SidestreamError } from '../shared/errors.ts'
import type { Write } from '../shared/write.ts'
import { closedError } from './link.ts'
import type { PlainOptions } from './options.ts'
import { askOutbox, type OutboxCall } from './outbox-calls.ts'
import { persistStorage } from './persist-storage.ts'
import type { StatusStore } from './status.ts'
import type { SeenTxids } from './seen-txids.ts'
import { Txids } from './txids.ts'
import { writeCalls, type WriteCalls } from './write-calls.ts'
import { Writes, type WritesOptions } from './writes.ts'

export { append } from './append.ts'

export interface WritingOptions extends Omit<WritesOptions, 'status'> {
  readonly options: PlainOptions
  readonly collections: { nameOf(collection: object): string | undefined }
  readonly isClosed: () => boolean
  readonly status: StatusStore
  readonly seen: SeenTxids
}

/** The part of a tab that writes: a tab that only reads has none, and does not load this file. */
export class Writing {
  readonly calls: WriteCalls
  readonly writes: Writes
  readonly txids: Txids
  readonly #options: WritingOptions

  constructor(options: WritingOptions) {
    const { collections, status, seen } = options
    this.#options = options
    this.writes = new Writes({ ...options, status: status.getSnapshot() })
    this.txids = new Txids(seen)
    this.calls = writeCalls({ state: options.options.state, nameOf: (collection) => collections.nameOf(collection), store: (write) => this.#store(write) })
  }

  /** @throws SidestreamError what the engine answers, and `INVALID_ARGUMENT` */
  ask(id: unknown, name: OutboxCall): Promise<boolean> {
    const { wake, link } = this.#options
    const call: Parameters<typeof askOutbox>[0] = (ask) => {
      wake()
      return link.call(ask)
    }
    return askOutbox(call, id, name)
  }

  /** No engine will answer. */
  rejectAll(error: SidestreamError): void {
    this.txids.rejectAll(error)
    this.writes.rejectAll(error)
  }

  async #store(write: Write): Promise<void> {
    const { isClosed, options: { cache }, status } = this.#options
    if (isClosed()) throw closedError()
    await this.writes.store(write)
    const mayAsk = typeof cache !== 'object' || cache.persist !== false
    if (mayAsk && status.getSnapshot().durable) persistStorage()
  }
}
