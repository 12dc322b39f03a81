import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from 'idb'
import { abortable } from '../../shared/abortable.ts'
import type { Segment } from '../core/segment-directory.ts'
import { ClearedCacheError, type Clock, LostCacheError, type Store, type StoredMeta, type StoreReader, type StoreWrite, UnreadableCacheError, type WorkingSet } from '../ports.ts'
import { isClaim, isStoredMeta, isStoredSegment, isWorkingSet } from './stored-guards.ts'
import { isOutdated, type Claim } from '../core/claim.ts'

interface CacheSchema extends DBSchema {
  /**
   * Out-of-line keys: `META_KEY` has the meta record; before there is one, `CLAIM_KEY` has the writer's claim. `WORKING_KEY` has
   * the working set.
   */
  meta: { key: string; value: StoredMeta | Claim | WorkingSet }
  segments: { key: number; value: Segment }
}

const META_KEY = 'meta'
const CLAIM_KEY = 'claim'
const WORKING_KEY = 'working'
/** Version within one database name; a change of format changes the name instead, so that no upgrade can ever block. */
const SCHEMA_VERSION = 1
/** A database that does not open in this time is treated as absent, ms. */
const OPEN_LIMIT_MS = 4000
/** A commit that neither completes nor aborts in this time is given up, ms. */
const COMMIT_LIMIT_MS = 30_000
/** A read that gets nothing for this long, ms, is given up: tabs wait for the rows, and the stream has them too. */
const READ_LIMIT_MS = 4000
/** Segments read at once. */
const SEGMENTS_AT_ONCE = 8
/** Puts in flight at once: serializing rows blocks the worker, which handles messages between two groups of puts. */
const PUTS_AT_ONCE = 8

/** The cache in IndexedDB: a record is a {@link Segment} of many rows; offset and segments are written in one transaction. */
export class IdbStore implements Store {
  readonly #db: IDBPDatabase<CacheSchema>
  readonly #name: string
  readonly #durability: 'relaxed' | 'strict'
  readonly #clock: Clock
  /** Why the connection has ended; null while it is open. */
  #lostReason: Error | null = null
  #settleLost: (reason: Error) => void = () => undefined
  readonly lost: Promise<Error>
  readonly #closed = new AbortController()

  private constructor(db: IDBPDatabase<CacheSchema>, name: string, durability: 'relaxed' | 'strict', clock: Clock) {
    this.#db = db
    this.#name = name
    this.#durability = durability
    this.#clock = clock
    this.lost = new Promise((settle) => {
      this.#settleLost = settle
    })
    db.addEventListener('close', () => {
      this.#lose(new Error('the connection to IndexedDB was lost'))
    })
    // Another tab deletes the database (clearCache): an open connection would block the deletion.
    db.addEventListener('versionchange', () => {
      db.close()
      this.#lose(new ClearedCacheError('the cache was deleted'))
    })
  }

  /** @throws when IndexedDB is missing, refuses, or does not answer in time */
  static async open(name: string, durability: 'relaxed' | 'strict', clock: Clock): Promise<IdbStore> {
    if (typeof indexedDB === 'undefined') throw new Error('there is no IndexedDB here')
    const opening = openCache(name)
    let late = false
    opening.then(
      (db) => {
        if (late) db.close()
      },
      () => undefined,
    )
    try {
      const db = await within(clock, OPEN_LIMIT_MS, 'IndexedDB did not open in time', opening)
      return new IdbStore(db, name, durability, clock)
    } catch (error) {
      late = true
      throw error
    }
  }

  claim(claim: Claim, now: number): Promise<void> {
    return this.#settle(READ_LIMIT_MS, this.#claim(claim, now))
  }

  async #claim({ writer, since }: Claim, now: number): Promise<void> {
    const tx = this.#db.transaction('meta', 'readwrite', { durability: 'relaxed' })
    tx.done.catch(() => undefined)
    const meta: unknown = await tx.store.get(META_KEY)
    const stored = meta ?? (await tx.store.get(CLAIM_KEY))
    if (isClaim(stored) && isOutdated({ writer, since }, stored, now)) throw new LostCacheError('the cache has another writer')
    // Unreadable meta is left to `read`, which follows and finds it; the next commit then replaces it.
    if (isStoredMeta(meta)) await tx.store.put({ ...meta, writer, since }, META_KEY)
    else await tx.store.put({ writer, since }, CLAIM_KEY)
    await tx.done
  }

  read(reader: StoreReader): Promise<StoredMeta | null> {
    return this.#read(reader)
  }

  async #read(reader: StoreReader): Promise<StoredMeta | null> {
    if (this.#lostReason) throw this.#lostReason
    const tx = this.#db.transaction(['meta', 'segments'], 'readonly')
    tx.done.catch(() => undefined)
    const segments = tx.objectStore('segments')
    const metas = tx.objectStore('meta')
    const [meta, working]: unknown[] = await this.#settle(READ_LIMIT_MS, Promise.all([metas.get(META_KEY), metas.get(WORKING_KEY)]))
    if (meta === undefined) return null
    if (!isStoredMeta(meta)) throw new UnreadableCacheError('the cache cannot be understood')
    if (!reader.accept(meta)) return null
    if (isWorkingSet(working)) reader.preview(working)
    let next = segments.getAll(null, SEGMENTS_AT_ONCE)
    for (;;) {
      const group = await this.#settle(READ_LIMIT_MS, next)
      const last = group.at(-1)
      if (last === undefined) return meta
      if (!group.every(isStoredSegment)) throw new UnreadableCacheError('the cache cannot be understood')
      // Requested before this group is processed: the browser reads the next one while these rows go to the tabs.
      next = segments.getAll(IDBKeyRange.lowerBound(last.id, true), SEGMENTS_AT_ONCE)
      reader.take(group)
    }
  }

  commit(write: StoreWrite): Promise<void> {
    return this.#settle(COMMIT_LIMIT_MS, this.#commit(write))
  }

  async #commit({ meta, puts, drops, replace, working, expectedWriter }: StoreWrite): Promise<void> {
    const tx = this.#db.transaction(['meta', 'segments'], 'readwrite', { durability: this.#durability })
    // Without this, an abort during an `await` of a request would also be an unhandled rejection.
    tx.done.catch(() => undefined)
    const metas = tx.objectStore('meta')
    const segments = tx.objectStore('segments')
    try {
      const writer = expectedWriter === null ? null : ((await metas.get(META_KEY)) ?? (await metas.get(CLAIM_KEY)))
      if (expectedWriter !== null && !(isClaim(writer) && writer.writer === expectedWriter)) {
        throw new LostCacheError('the cache has another writer')
      }
      if (replace) await segments.clear()
      for (let start = 0; start < puts.length; start += PUTS_AT_ONCE) {
        // Async, because `put` throws at once for a row that cannot be stored, and the promises of earlier puts must be awaited.
        await Promise.all(puts.slice(start, start + PUTS_AT_ONCE).map(async (segment) => segments.put(segment)))
      }
      await Promise.all(drops.map(async (id) => segments.delete(id)))
      if (working) await metas.put(working, WORKING_KEY)
      else if (replace) await metas.delete(WORKING_KEY)
      await metas.put(meta, META_KEY)
    } catch (error) {
      abort(tx)
      // When the quota is exceeded, only the transaction has the reason.
      throw (tx as { error?: unknown }).error ?? error
    }
    await tx.done
  }

  async clear(): Promise<void> {
    this.#db.close()
    try {
      await deleteIdbStore(this.#name, this.#clock)
    } finally {
      this.close()
    }
  }

  close(): void {
    this.#db.close()
    this.#lostReason ??= new Error('the cache is closed')
    this.#closed.abort(this.#lostReason)
  }

  #lose(reason: Error): void {
    this.#lostReason ??= reason
    this.#closed.abort(reason)
    this.#settleLost(reason)
  }

  /** Requests that are pending when a connection is lost never settle by themselves. */
  async #settle<T>(limitMs: number, work: Promise<T>): Promise<T> {
    work.catch(() => undefined)
    try {
      return await within(this.#clock, limitMs, 'IndexedDB did not answer in time', abortable(work, this.#closed.signal))
    } catch (error) {
      // A lost connection causes many kinds of errors; the reason of the loss is the useful one.
      throw this.#lostReason ?? error
    }
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

/** Whether the browser denies all storage to this page: by the user's settings, or because it is a frame of another site. */
export const isDenied = (error: unknown): boolean => error instanceof DOMException && error.name === 'SecurityError'

async function openCache(name: string): Promise<IDBPDatabase<CacheSchema>> {
  const open = (): Promise<IDBPDatabase<CacheSchema>> =>
    openDB<CacheSchema>(name, SCHEMA_VERSION, {
      upgrade(db) {
        db.createObjectStore('meta')
        db.createObjectStore('segments', { keyPath: 'id' })
      },
    })
  const db = await open()
  if (db.objectStoreNames.contains('meta') && db.objectStoreNames.contains('segments')) return db
  // Another program's database with the same name.
  db.close()
  await deleteDB(name)
  return open()
}

function abort(tx: { abort(): void }): void {
  try {
    tx.abort()
  } catch {
    // The transaction has already aborted.
  }
}

/** `work`, or a rejection with `message` after `limitMs`. */
export function within<T>(clock: Clock, limitMs: number, message: string, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const cancel = clock.after(limitMs, () => {
      reject(new Error(message))
    })
    work.then(resolve, reject).finally(cancel)
  })
}
