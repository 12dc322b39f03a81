import { openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction } from 'idb'
import { NAME_PREFIX } from '../../shared/names.ts'
import { type CacheRecord, type Clock, type ClearState, NoStorageError, type Registry } from '../ports.ts'
import { isRecord } from '../../shared/guards.ts'
import { isDenied, within } from './idb-connection.ts'
import { clearKey, REMEMBERED_CLEARS_MS } from './memory-registry.ts'

interface RegistrySchema extends DBSchema {
  caches: { key: string; value: CacheRecord }
  /** By {@link clearKey}: when the cache was cleared, ms by the wall clock. */
  clears: { key: string; value: number }
}

type Work<T> = (tx: IDBPTransaction<RegistrySchema, ['caches', 'clears'], 'readwrite'>) => Promise<T>

/** The name has no format in it, and the database's version never changes: all versions of this library share the registry. */
export const REGISTRY_NAME = `${NAME_PREFIX}:caches`
/** A call that has no answer after this time, ms, rejects. */
const LIMIT_MS = 1000

/**
 * The registry in IndexedDB. It is opened for each call, because calls are few and an open connection can be lost or block
 * others.
 */
export class IdbRegistry implements Registry {
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  list(): Promise<CacheRecord[]> {
    return this.#do(async (tx) => (await tx.objectStore('caches').getAll()).filter(isCacheRecord))
  }

  touch(record: Omit<CacheRecord, 'doomed'>): Promise<void> {
    return this.#do(async (tx) => {
      const caches = tx.objectStore('caches')
      const stored: unknown = await caches.get(record.name)
      await caches.put({ ...record, doomed: isCacheRecord(stored) && stored.doomed })
    })
  }

  doom(record: Omit<CacheRecord, 'doomed'>, at: number): Promise<void> {
    return this.#do(async (tx) => {
      const clears = tx.objectStore('clears')
      await tx.objectStore('caches').put({ ...record, doomed: true })
      for (const key of await clears.getAllKeys()) {
        const clearedAt: unknown = await clears.get(key)
        if (typeof clearedAt !== 'number' || clearedAt < at - REMEMBERED_CLEARS_MS) await clears.delete(key)
      }
      await clears.put(Math.max(at, (await clears.get(clearKey(record.name))) ?? at), clearKey(record.name))
    })
  }

  clearState(name: string): Promise<ClearState> {
    return this.#do(async (tx) => {
      const clearedAt: unknown = await tx.objectStore('clears').get(clearKey(name))
      const stored: unknown = await tx.objectStore('caches').get(name)
      return { clearedAt: typeof clearedAt === 'number' ? clearedAt : null, doomed: isCacheRecord(stored) && stored.doomed }
    })
  }

  drop(name: string): Promise<void> {
    return this.#do((tx) => tx.objectStore('caches').delete(name))
  }

  async #do<T>(work: Work<T>): Promise<T> {
    if (typeof indexedDB === 'undefined') throw new NoStorageError('there is no IndexedDB here')
    const opening = openRegistry()
    const done = opening.then(async (db) => {
      try {
        const tx = db.transaction(['caches', 'clears'], 'readwrite', { durability: 'relaxed' })
        tx.done.catch(() => undefined)
        const result = await work(tx)
        await tx.done
        return result
      } finally {
        db.close()
      }
    })
    done.catch(() => undefined)
    return within(this.#clock, LIMIT_MS, 'the registry of caches did not answer in time', done)
  }
}

async function openRegistry(): Promise<IDBPDatabase<RegistrySchema>> {
  try {
    return await openDB<RegistrySchema>(REGISTRY_NAME, 1, {
      upgrade(fresh) {
        fresh.createObjectStore('caches', { keyPath: 'name' })
        fresh.createObjectStore('clears')
      },
      blocking: (_, __, event) => {
        ;(event.target as IDBDatabase).close()
      },
    })
  } catch (error) {
    throw isDenied(error) ? new NoStorageError('IndexedDB is denied here') : error
  }
}

const isCacheRecord = (value: unknown): value is CacheRecord =>
  isRecord(value) &&
  typeof value['name'] === 'string' &&
  typeof value['url'] === 'string' &&
  typeof value['scope'] === 'string' &&
  Number.isSafeInteger(value['format']) &&
  Number.isFinite(value['usedAt']) &&
  (value['keepMs'] === null || Number.isFinite(value['keepMs'])) &&
  typeof value['doomed'] === 'boolean'
