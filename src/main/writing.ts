import type { StreamStateDefinition } from '../shared/state-schema.ts'
import type { Write } from '../shared/write.ts'
import { closedError } from './link.ts'
import { askOutbox, type OutboxCall } from './outbox-calls.ts'
import { persistStorage } from './persist-storage.ts'
import type { StatusStore } from './status.ts'
import { writeCalls, type WriteCalls } from './write-calls.ts'
import { Writes, type WritesOptions } from './writes.ts'

export { append } from './append.ts'

export interface WritingOptions extends Omit<WritesOptions, 'status'> {
  readonly state: StreamStateDefinition
  readonly nameOf: (collection: object) => string | undefined
  readonly isClosed: () => boolean
  readonly status: StatusStore
  /** Whether the browser may be asked to keep the storage. */
  readonly mayPersist: boolean
}

/** The part of a tab that writes: a tab that only reads has none, and does not load this file. */
export class Writing {
  readonly calls: WriteCalls
  readonly writes: Writes
  readonly #options: WritingOptions

  constructor(options: WritingOptions) {
    const { state, nameOf, status } = options
    this.#options = options
    this.writes = new Writes({ ...options, status: status.getSnapshot() })
    this.calls = writeCalls({ state, nameOf, store: (write) => this.#store(write) })
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

  async #store(write: Write): Promise<void> {
    const { isClosed, mayPersist, status } = this.#options
    if (isClosed()) throw closedError()
    await this.writes.store(write)
    if (mayPersist && status.getSnapshot().durable) persistStorage()
  }
}
