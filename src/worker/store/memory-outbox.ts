import { isOutdated, type Claim } from '../core/claim.ts'
import type { OutboxEntry, RecentWrite } from '../core/outbox.ts'
import type { StoredHead } from '../core/stored-phases.ts'
import { LostCacheError, type OutboxStore, type OutboxWrite, type StoredOutbox } from '../ports.ts'
import { isOutboxEntry, toStoredOutbox } from './stored-guards.ts'

/** The data of a memory outbox; it outlives the outbox, as a database outlives its connection. */
export interface OutboxMedium {
  claim: Claim | null
  head: StoredHead | null
  recent: ReadonlyArray<RecentWrite>
  readonly entries: Map<number, OutboxEntry>
}

export const emptyOutbox = (): OutboxMedium => ({ claim: null, head: null, recent: [], entries: new Map() })

/** {@link OutboxStore} over plain memory, for the simulation and for the tests of an application. */
export class MemoryOutbox implements OutboxStore {
  /** Memory is not lost. */
  readonly lost = new Promise<Error>(() => undefined)
  readonly #medium: OutboxMedium
  #closed = false

  constructor(medium: OutboxMedium = emptyOutbox()) {
    this.#medium = medium
  }

  async claim({ writer, since }: Claim, now: number): Promise<void> {
    await this.#assertOpen()
    const { claim } = this.#medium
    if (claim && isOutdated({ writer, since }, claim, now)) throw new LostCacheError('the outbox has another writer')
    this.#medium.claim = { writer, since }
  }

  async read(): Promise<StoredOutbox | null> {
    await this.#assertOpen()
    const { head, entries, recent } = structuredClone(this.#medium)
    return toStoredOutbox(head ?? undefined, [...entries.values()], recent)
  }

  async commit(write: OutboxWrite): Promise<void> {
    await this.#assertOpen()
    const { put, remove, head, recent, replace, expectedWriter } = structuredClone(write)
    const { claim, entries } = this.#medium
    if (claim?.writer !== expectedWriter) throw new LostCacheError('the outbox has another writer')
    if (replace) for (const [number, entry] of entries) if (isOutboxEntry(entry)) entries.delete(number)
    for (const entry of put) entries.set(entry.number, entry)
    for (const number of remove) entries.delete(number)
    if (recent !== null) this.#medium.recent = recent
    this.#medium.head = head
  }

  close(): void {
    this.#closed = true
  }

  #assertOpen(): Promise<void> {
    return this.#closed ? Promise.reject(new Error('the outbox is closed')) : Promise.resolve()
  }
}
