import { openDB, type DBSchema, type IDBPDatabase, type IDBPObjectStore, type IDBPTransaction, type StoreNames } from 'idb'
import { isOutdated, type Claim } from '../core/claim.ts'
import type { OutboxEntry, RecentWrite } from '../core/outbox.ts'
import type { StoredHead } from '../core/stored-phases.ts'
import { ClearedCacheError, type Clock, LostCacheError, type OutboxStore, type OutboxWrite, type StoredOutbox } from '../ports.ts'
import { abort, COMMIT_LIMIT_MS, IdbConnection, putAll, READ_LIMIT_MS } from './idb-connection.ts'
import { isClaim, isOutboxEntry, toStoredOutbox } from './stored-guards.ts'

interface OutboxSchema extends DBSchema {
  /** The key is in the value. Any code of the origin can write there, so values are checked when they are read. */
  entries: { key: number; value: OutboxEntry }
  /** Out-of-line keys: {@link HEAD_KEY}, {@link RECENT_KEY}, {@link CLAIM_KEY}. */
  meta: { key: string; value: StoredHead | ReadonlyArray<RecentWrite> | Claim }
}

type Upgrade = IDBPTransaction<OutboxSchema, StoreNames<OutboxSchema>[], 'versionchange'>
type Entries<Mode extends 'readonly' | 'readwrite'> = IDBPObjectStore<OutboxSchema, ('entries' | 'meta')[], 'entries', Mode>

/** Takes the database from one format to the next. It may wait only for requests of its transaction. */
export type OutboxStep = (db: IDBPDatabase<OutboxSchema>, tx: Upgrade) => void | Promise<void>

/**
 * The step at index n leads from format n to format n + 1; at format 0 there is no database. The writes of a user exist nowhere
 * else, so a new format adds a step, and a step that was published never changes.
 */
export const OUTBOX_STEPS: ReadonlyArray<OutboxStep> = [
  (db) => {
    db.createObjectStore('entries', { keyPath: 'number' })
    db.createObjectStore('meta')
  },
]

/** The format of a stored outbox, which is the version of its database. */
export const OUTBOX_FORMAT = OUTBOX_STEPS.length

const HEAD_KEY = 'head'
const RECENT_KEY = 'recent'
const CLAIM_KEY = 'claim'
/** Entries read at once: a long outbox on a slow device is read in several parts, each with its own time limit. */
const ENTRIES_AT_ONCE = 500

/** The outbox in IndexedDB, in a database of its own. Commits are on the disk when they have settled. */
export class IdbOutbox implements OutboxStore {
  readonly #connection: IdbConnection<OutboxSchema>

  private constructor(connection: IdbConnection<OutboxSchema>) {
    this.#connection = connection
  }

  /**
   * A database of an earlier format is brought to the format of the last of `steps`. A database of a later format, or one that is no
   * outbox, is left as it is.
   * @throws when IndexedDB is missing, refuses, or does not answer in time; when the database has a later format, or is no outbox
   */
  static async open(name: string, clock: Clock, steps: ReadonlyArray<OutboxStep> = OUTBOX_STEPS): Promise<IdbOutbox> {
    return new IdbOutbox(await IdbConnection.open(clock, () => openOutbox(name, steps), whyTaken))
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
      const stored: unknown = await metas.get(CLAIM_KEY)
      if (isClaim(stored) && isOutdated({ writer, since }, stored, now)) throw new LostCacheError('the outbox has another writer')
      await metas.put({ writer, since }, CLAIM_KEY)
    })
  }

  async read(): Promise<StoredOutbox | null> {
    const inTime = <T>(work: Promise<T>): Promise<T> => this.#connection.settle(READ_LIMIT_MS, work)
    const tx = this.#connection.reading<('entries' | 'meta')[]>(['entries', 'meta'])
    const metas = tx.objectStore('meta')
    const [head, recent] = await inTime(Promise.all([metas.get(HEAD_KEY), metas.get(RECENT_KEY)]))
    return toStoredOutbox(head, await valuesOf(tx.objectStore('entries'), inTime), recent)
  }

  commit(write: OutboxWrite): Promise<void> {
    return this.#connection.settle(COMMIT_LIMIT_MS, this.#commit(write))
  }

  #commit({ put, remove, head, recent, replace, expectedWriter }: OutboxWrite): Promise<void> {
    return this.#connection.write<('entries' | 'meta')[]>(['entries', 'meta'], 'strict', async (tx) => {
      const entries = tx.objectStore('entries')
      const metas = tx.objectStore('meta')
      const claim: unknown = await metas.get(CLAIM_KEY)
      if (!isClaim(claim) || claim.writer !== expectedWriter) throw new LostCacheError('the outbox has another writer')
      if (replace) await removeAll(entries, (await valuesOf(entries)).filter(isOutboxEntry).map(({ number }) => number))
      await putAll(entries, put)
      await removeAll(entries, remove)
      if (recent !== null) await metas.put(recent, RECENT_KEY)
      await metas.put(head, HEAD_KEY)
    })
  }

  close(): void {
    this.#connection.close('the outbox is closed')
  }
}

/** Why the connection has ended. A later version of this library does not delete the writes; it goes on with them. */
const whyTaken = (newVersion: number | null): Error =>
  newVersion === null ? new ClearedCacheError('the outbox was deleted') : new Error('a newer version of this library has opened the outbox')

async function openOutbox(name: string, steps: ReadonlyArray<OutboxStep>): Promise<IDBPDatabase<OutboxSchema>> {
  let failure: unknown = null
  try {
    const db = await openDB<OutboxSchema>(name, steps.length, {
      upgrade(db, oldVersion, _, tx) {
        tx.done.catch(() => undefined)
        migrate(db, tx, oldVersion, steps).catch((error: unknown) => {
          failure = error
          abort(tx)
        })
      },
    })
    if (isOutbox(db)) return db
    db.close()
  } catch (error) {
    if (error instanceof DOMException && error.name === 'VersionError') throw new Error('the outbox is of a newer version of this library', { cause: error })
    throw failure ?? error
  }
  throw notAnOutbox()
}

async function migrate(db: IDBPDatabase<OutboxSchema>, tx: Upgrade, from: number, steps: ReadonlyArray<OutboxStep>): Promise<void> {
  if (from > 0 && !isOutbox(db)) throw notAnOutbox()
  for (const step of steps.slice(from)) await step(db, tx)
}

/** False for another program's database of the same name. */
const isOutbox = (db: IDBPDatabase<OutboxSchema>): boolean => db.objectStoreNames.contains('entries') && db.objectStoreNames.contains('meta')

const notAnOutbox = (): Error => new Error('the database of this name is not an outbox')

/** In the order of their numbers. */
async function valuesOf(entries: Entries<'readonly'> | Entries<'readwrite'>, inTime = <T>(work: Promise<T>): Promise<T> => work): Promise<OutboxEntry[]> {
  const values: OutboxEntry[] = []
  for (;;) {
    const last = values.at(-1)
    const group = await inTime(entries.getAll(last && IDBKeyRange.lowerBound(last.number, true), ENTRIES_AT_ONCE))
    for (const value of group) values.push(value)
    if (group.length < ENTRIES_AT_ONCE) return values
  }
}

/** Consecutive numbers are deleted with one request. */
async function removeAll(entries: Entries<'readwrite'>, numbers: ReadonlyArray<number>): Promise<void> {
  const runs: Array<{ readonly first: number; last: number }> = []
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const run = runs.at(-1)
    if (run && (number === run.last || number === run.last + 1)) run.last = number
    else runs.push({ first: number, last: number })
  }
  await Promise.all(runs.map(async ({ first, last }) => entries.delete(IDBKeyRange.bound(first, last))))
}
