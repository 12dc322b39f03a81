import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from 'idb'
import { pack, sliceRows } from '../../shared/row-table.ts'
import type { Segment } from '../core/segment-directory.ts'
import { ClearedCacheError, type Clock, LostCacheError, type Store, type StoredMeta, type StoreReader, type StoreWrite, UnreadableCacheError, type WorkingSet } from '../ports.ts'
import { COMMIT_LIMIT_MS, IdbConnection, isDenied, OPEN_LIMIT_MS, putAll, READ_LIMIT_MS, within } from './idb-connection.ts'
import { isClaim, isStoredMeta, isStoredSegment, isWorkingSet, type StoredSegment } from './stored-guards.ts'
import { isOutdated, type Claim } from '../core/claim.ts'

interface CacheSchema extends DBSchema {
  /**
   * Out-of-line keys: `META_KEY` has the meta record; before there is one, `CLAIM_KEY` has the writer's claim. `WORKING_KEY` has
   * the working set.
   */
  meta: { key: string; value: StoredMeta | Claim | WorkingSet }
  segments: { key: number; value: StoredSegment }
}

const META_KEY = 'meta'
const CLAIM_KEY = 'claim'
const WORKING_KEY = 'working'
/** Version within one database name; a change of format changes the name instead, so that no upgrade can ever block. */
const SCHEMA_VERSION = 1
/** Segments read at once. */
const SEGMENTS_AT_ONCE = 8

/** The cache in IndexedDB: a record is a {@link Segment} of many rows; offset and segments are written in one transaction. */
export class IdbStore implements Store {
  readonly isNew: boolean
  readonly #connection: IdbConnection<CacheSchema>
  readonly #name: string
  readonly #durability: 'relaxed' | 'strict'
  readonly #clock: Clock

  private constructor(connection: IdbConnection<CacheSchema>, isNew: boolean, name: string, durability: 'relaxed' | 'strict', clock: Clock) {
    this.isNew = isNew
    this.#connection = connection
    this.#name = name
    this.#durability = durability
    this.#clock = clock
  }

  /** @throws when IndexedDB is missing, refuses, or does not answer in time */
  static async open(name: string, durability: 'relaxed' | 'strict', clock: Clock): Promise<IdbStore> {
    let isNew = false
    const open = (): Promise<IDBPDatabase<CacheSchema>> =>
      openCache(name, () => {
        isNew = true
      })
    const connection = await IdbConnection.open(clock, open, () => new ClearedCacheError('the cache was deleted'))
    return new IdbStore(connection, isNew, name, durability, clock)
  }

  get lost(): Promise<Error> {
    return this.#connection.lost
  }

  claim(claim: Claim, now: number): Promise<void> {
    return this.#connection.settle(READ_LIMIT_MS, this.#claim(claim, now))
  }

  #claim({ writer, since }: Claim, now: number): Promise<void> {
    return this.#connection.write(['meta'], 'relaxed', async (tx) => {
      const metas = tx.objectStore('meta')
      const meta: unknown = await metas.get(META_KEY)
      const stored = meta ?? (await metas.get(CLAIM_KEY))
      if (isClaim(stored) && isOutdated({ writer, since }, stored, now)) throw new LostCacheError('the cache has another writer')
      // Unreadable meta is left to `read`, which follows and finds it; the next commit then replaces it.
      if (isStoredMeta(meta)) await metas.put({ ...meta, writer, since }, META_KEY)
      else await metas.put({ writer, since }, CLAIM_KEY)
    })
  }

  async read(reader: StoreReader): Promise<StoredMeta | null> {
    const tx = this.#connection.reading(['meta', 'segments'])
    const segments = tx.objectStore('segments')
    const metas = tx.objectStore('meta')
    const [meta, working]: unknown[] = await this.#connection.settle(READ_LIMIT_MS, Promise.all([metas.get(META_KEY), metas.get(WORKING_KEY)]))
    if (meta === undefined) return null
    if (!isStoredMeta(meta)) throw new UnreadableCacheError('the cache cannot be understood')
    if (!reader.accept(meta)) return null
    if (isWorkingSet(working)) reader.preview(working)
    const previewed = async (): Promise<void> => {
      // A transaction without a request ends.
      while (reader.isPreviewing()) await this.#connection.settle(READ_LIMIT_MS, metas.getKey(META_KEY))
    }
    await previewed()
    let next = segments.getAll(null, SEGMENTS_AT_ONCE)
    for (;;) {
      const group = await this.#connection.settle(READ_LIMIT_MS, next)
      const last = group.at(-1)
      if (last === undefined) return meta
      await previewed()
      if (!group.every(isStoredSegment)) throw new UnreadableCacheError('the cache cannot be understood')
      // Requested before this group is processed: the browser reads the next one while these rows go to the tabs.
      next = segments.getAll(IDBKeyRange.lowerBound(last.id, true), SEGMENTS_AT_ONCE)
      reader.take(group.map(toSegment))
    }
  }

  commit(write: StoreWrite): Promise<void> {
    return this.#connection.settle(COMMIT_LIMIT_MS, this.#commit(write))
  }

  #commit({ meta, puts, drops, replace, working, expectedWriter }: StoreWrite): Promise<void> {
    return this.#connection.write(['meta', 'segments'], this.#durability, async (tx) => {
      const metas = tx.objectStore('meta')
      const segments = tx.objectStore('segments')
      const writer = expectedWriter === null ? null : ((await metas.get(META_KEY)) ?? (await metas.get(CLAIM_KEY)))
      if (expectedWriter !== null && !(isClaim(writer) && writer.writer === expectedWriter)) {
        throw new LostCacheError('the cache has another writer')
      }
      if (replace) await segments.clear()
      await putAll(segments, puts, toStored)
      await Promise.all(drops.map(async (id) => segments.delete(id)))
      if (working) await metas.put(working, WORKING_KEY)
      else if (replace) await metas.delete(WORKING_KEY)
      await metas.put(meta, META_KEY)
    })
  }

  async clear(): Promise<void> {
    this.#connection.release()
    try {
      await deleteIdbStore(this.#name, this.#clock)
    } finally {
      this.close()
    }
  }

  close(): void {
    this.#connection.close('the cache is closed')
  }
}

/**
 * Deletes the database of that name.
 * @throws when the deletion fails, or does not end in time because another connection stays open; the browser may still carry it
 *   out later
 */
export async function deleteIdbStore(name: string, clock: Clock): Promise<void> {
  if (typeof indexedDB === 'undefined') return
  try {
    await within(clock, OPEN_LIMIT_MS, 'the cache could not be deleted in time', deleteDB(name))
  } catch (error) {
    // Where storage is denied, nothing is stored.
    if (!isDenied(error)) throw error
  }
}

const toStored = (segment: Segment): StoredSegment => ({ ...segment, rows: pack(segment.rows) })

const toSegment = (stored: StoredSegment): Segment => ({ ...stored, rows: sliceRows(stored.rows, 0, Infinity) })

/** @param onNew called when the database is made */
async function openCache(name: string, onNew: () => void): Promise<IDBPDatabase<CacheSchema>> {
  const open = (): Promise<IDBPDatabase<CacheSchema>> =>
    openDB<CacheSchema>(name, SCHEMA_VERSION, {
      upgrade(db) {
        db.createObjectStore('meta')
        db.createObjectStore('segments', { keyPath: 'id' })
        onNew()
      },
    })
  const db = await open()
  if (db.objectStoreNames.contains('meta') && db.objectStoreNames.contains('segments')) return db
  // Another program's database with the same name.
  db.close()
  await deleteDB(name)
  return open()
}
