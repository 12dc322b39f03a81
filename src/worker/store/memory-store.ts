import type { Segment } from '../core/segment-directory.ts'
import { isOutdated, type Claim } from '../core/claim.ts'
import { LostCacheError, type Store, type StoredMeta, type StoreReader, type StoreWrite, type WorkingSet } from '../ports.ts'

/** The data of a memory store; it outlives the store, as a database outlives its connection. */
export interface MemoryMedium {
  meta: StoredMeta | null
  /** The writer, before there is a meta record. */
  claim?: Claim | null
  readonly segments: Map<number, Segment>
  working?: WorkingSet | null
}

export const emptyMedium = (): MemoryMedium => ({ meta: null, segments: new Map() })

/** {@link Store} over plain memory: the storage of the simulation, and the reference of the contract's tests. */
export class MemoryStore implements Store {
  /** Memory is not lost. */
  readonly lost = new Promise<Error>(() => undefined)
  readonly isNew: boolean
  readonly #medium: MemoryMedium
  #closed = false

  constructor(medium: MemoryMedium = emptyMedium()) {
    this.#medium = medium
    this.isNew = medium.meta === null && !medium.claim && medium.segments.size === 0
  }

  async claim({ writer, since }: Claim, now: number): Promise<void> {
    await this.#assertOpen()
    const { meta, claim } = this.#medium
    const stored = meta ?? claim
    if (stored && isOutdated({ writer, since }, stored, now)) throw new LostCacheError('the cache has another writer')
    if (meta) this.#medium.meta = { ...meta, writer, since }
    else this.#medium.claim = { writer, since }
  }

  async read(reader: StoreReader): Promise<StoredMeta | null> {
    await this.#assertOpen()
    const { meta, segments, working } = structuredClone(this.#medium)
    if (!meta || !reader.accept(meta)) return null
    if (working) reader.preview(working)
    for (const segment of [...segments.values()].sort((a, b) => a.id - b.id)) reader.take([segment])
    return meta
  }

  async commit(write: StoreWrite): Promise<void> {
    await this.#assertOpen()
    const { meta, puts, drops, replace, working, expectedWriter } = structuredClone(write)
    const { segments } = this.#medium
    const writer = (this.#medium.meta ?? this.#medium.claim)?.writer
    if (expectedWriter !== null && writer !== expectedWriter) throw new LostCacheError('the cache has another writer')
    if (replace) segments.clear()
    for (const segment of puts) segments.set(segment.id, segment)
    for (const id of drops) segments.delete(id)
    if (replace || working) this.#medium.working = working
    this.#medium.meta = meta
  }

  async clear(): Promise<void> {
    await this.#assertOpen()
    this.#medium.meta = null
    this.#medium.claim = null
    this.#medium.segments.clear()
    this.#medium.working = null
    this.#closed = true
  }

  close(): void {
    this.#closed = true
  }

  #assertOpen(): Promise<void> {
    return this.#closed ? Promise.reject(new Error('the store is closed')) : Promise.resolve()
  }
}
