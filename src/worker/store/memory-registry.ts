import { digest } from '../../shared/digest.ts'
import type { CacheRecord, ClearState, Registry } from '../ports.ts'

/** How long a clear is remembered, ms. An engine that sleeps longer learns of it by the channel only. */
export const REMEMBERED_CLEARS_MS = 7 * 24 * 60 * 60 * 1000

/** The data of a memory registry; it outlives the registry, as a database outlives its connection. */
export interface RegistryMedium {
  readonly records: Map<string, CacheRecord>
  /** Digest of a cache's name → when it was cleared, ms by the wall clock. */
  readonly clears: Map<string, number>
}

export const emptyRegistry = (): RegistryMedium => ({ records: new Map(), clears: new Map() })

/** A digest of a cache's name: long enough to distinguish the caches of one origin, too short to find the name. */
export const clearKey = (name: string): string => digest(name).slice(0, 8)

/** The contract of {@link Registry} over plain memory. */
export class MemoryRegistry implements Registry {
  readonly #medium: RegistryMedium

  constructor(medium: RegistryMedium = emptyRegistry()) {
    this.#medium = medium
  }

  async list(): Promise<CacheRecord[]> {
    return [...this.#medium.records.values()]
  }

  async touch(record: Omit<CacheRecord, 'doomed'>): Promise<void> {
    const { records } = this.#medium
    records.set(record.name, { ...record, doomed: records.get(record.name)?.doomed ?? false })
  }

  async doom(record: Omit<CacheRecord, 'doomed'>, at: number): Promise<void> {
    const { records, clears } = this.#medium
    records.set(record.name, { ...record, doomed: true })
    for (const [key, clearedAt] of clears) if (clearedAt < at - REMEMBERED_CLEARS_MS) clears.delete(key)
    clears.set(clearKey(record.name), Math.max(at, clears.get(clearKey(record.name)) ?? at))
  }

  async clearState(name: string): Promise<ClearState> {
    return { clearedAt: this.#medium.clears.get(clearKey(name)) ?? null, doomed: this.#medium.records.get(name)?.doomed ?? false }
  }

  async drop(name: string): Promise<void> {
    this.#medium.records.delete(name)
  }
}
