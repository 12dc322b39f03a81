import type { Segment } from '../core/segment-directory.ts'
import { LostCacheError, type Store, type StoredMeta, type StoreReader, type StoreWrite } from './store.ts'

/** What a memory store holds; outlives the store, as a database outlives its connection. */
export interface MemoryMedium {
  meta: StoredMeta | null
  readonly segments: Map<number, Segment>
}

export const emptyMedium = (): MemoryMedium => ({ meta: null, segments: new Map() })

export class MemoryStore implements Store {
  readonly #medium: MemoryMedium

  constructor(medium: MemoryMedium = emptyMedium()) {
    this.#medium = medium
  }

  read(reader: StoreReader): Promise<StoredMeta | null> {
    const { meta, segments } = this.#medium
    if (!meta || !reader.accept(meta)) return Promise.resolve(null)
    for (const segment of [...segments.values()].sort((a, b) => a.id - b.id)) reader.take([segment])
    return Promise.resolve(meta)
  }

  commit({ meta, puts, drops, replace, expectedWriter }: StoreWrite): Promise<void> {
    const { segments } = this.#medium
    if (expectedWriter !== null && this.#medium.meta?.writer !== expectedWriter) {
      return Promise.reject(new LostCacheError('the cache has another writer'))
    }
    if (replace) segments.clear()
    for (const id of drops) segments.delete(id)
    for (const segment of puts) segments.set(segment.id, segment)
    this.#medium.meta = meta
    return Promise.resolve()
  }

  clear(): Promise<void> {
    this.#medium.meta = null
    this.#medium.segments.clear()
    return Promise.resolve()
  }

  close(): void {
    // Nothing is held open.
  }
}
