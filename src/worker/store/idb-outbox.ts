import { openDB, type DBSchema, type IDBPDatabase, type IDBPObjectStore, type IDBPTransaction, type StoreNames } from 'idb'
import { isOutdated, type Claim } from '../core/claim.ts'
import type { OutboxEntry, RecentWrite } from '../core/outbox.ts'
import type { StoredHead } from '../core/stored-phases.ts'
import { ClearedCacheError, type Clock, LostCacheError, type OutboxStore, type OutboxWrite, type StoredOutbox } from '../ports.ts'
import { abort, COMMIT_LIMIT_MS, IdbConnection, putAll, READ_LIMIT_MS } from './idb-connection.ts'
import { changeGroups, entriesIn, type EntryGroup, groupOf, type GroupRecords, split } from './entry-groups.ts'
import { isClaim, isOutboxEntry, toStoredOutbox } from './stored-guards.ts'

interface OutboxSchema extends DBSchema {
  /** Entries that are stored alone. The key is in the value. Any code of the origin can write there, so values are checked when they are read. */
  entries: { key: number; value: OutboxEntry }
  /** Short entries, several in one record. */
  groups: { key: number; value: EntryGroup }
  /** Out-of-line keys: {@link HEAD_KEY}, {@link RECENT_KEY}, {@link CLAIM_KEY}. */
  meta: { key: string; value: StoredHead | ReadonlyArray<RecentWrite> | Claim }
}

type StoreName = StoreNames<OutboxSchema>
type Upgrade = IDBPTransaction<OutboxSchema, StoreName[], 'versionchange'>
type Records<Of extends StoreName, Mode extends 'readonly' | 'readwrite' | 'versionchange' = 'readonly' | 'readwrite'> = IDBPObjectStore<OutboxSchema, StoreName[], Of, Mode>

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
  // Short entries move into groups.
  async (db, tx) => {
    const groups = db.createObjectStore('groups', { keyPath: 'group' })
    const entries = tx.objectStore('entries')
    const { texts } = split((await entries.getAll()).filter(isOutboxEntry))
    for (const group of changeGroups(NO_GROUPS, texts, { remove: [], replace: false }).changed) await groups.put(group)
    await removeAll(entries, [...texts.keys()])
  },
]

/** The format of a stored outbox, which is the version of its database. */
export const OUTBOX_FORMAT = OUTBOX_STEPS.length

const HEAD_KEY = 'head'
const RECENT_KEY = 'recent'
const CLAIM_KEY = 'claim'
const NO_GROUPS: GroupRecords = new Map()
const ALL_STORES: StoreName[] = ['entries', 'groups', 'meta']
/** Records read at once: a long outbox on a slow device is read in several parts, each with its own time limit. */
const ENTRIES_AT_ONCE = 500
const GROUPS_AT_ONCE = 100

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
    const tx = this.#connection.reading(ALL_STORES)
    const metas = tx.objectStore('meta')
    const [head, recent, groups, entries] = await Promise.all([
      inTime(metas.get(HEAD_KEY)),
      inTime(metas.get(RECENT_KEY)),
      recordsOf(tx.objectStore('groups'), GROUPS_AT_ONCE, inTime),
      recordsOf(tx.objectStore('entries'), ENTRIES_AT_ONCE, inTime),
    ])
    return toStoredOutbox(head, [...groups.flatMap(entriesIn), ...entries], recent)
  }

  commit(write: OutboxWrite): Promise<void> {
    return this.#connection.settle(COMMIT_LIMIT_MS, this.#commit(write))
  }

  #commit({ put, remove, head, recent, replace, expectedWriter }: OutboxWrite): Promise<void> {
    return this.#connection.write(ALL_STORES, 'strict', async (tx) => {
      const [entries, groups, metas] = [tx.objectStore('entries'), tx.objectStore('groups'), tx.objectStore('meta')]
      const { texts, long } = split(put)
      // Asked for together: each wait lengthens the time until a write is acknowledged.
      const [claim, stored]: [unknown, GroupRecords] = await Promise.all([metas.get(CLAIM_KEY), replace ? allGroups(groups) : groupsFor(groups, [...texts.keys(), ...remove])])
      if (!isClaim(claim) || claim.writer !== expectedWriter) throw new LostCacheError('the outbox has another writer')
      const { changed, dropped, alone } = changeGroups(stored, texts, { remove, replace })
      if (replace) await removeAll(entries, (await recordsOf(entries, ENTRIES_AT_ONCE)).filter(isOutboxEntry).map(({ number }) => number))
      await putAll(groups, changed, asIs)
      await putAll(entries, [...long, ...put.filter(({ number }) => alone.has(number))], asIs)
      await Promise.all(dropped.map(async (group) => groups.delete(group)))
      await removeAll(entries, remove)
      if (recent !== null) await metas.put(recent, RECENT_KEY)
      await metas.put(head, HEAD_KEY)
    })
  }

  close(): void {
    this.#connection.close('the outbox is closed')
  }
}

const asIs = <T>(item: T): T => item

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
    if (isOutbox(db) && db.objectStoreNames.contains('groups')) return db
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

/** An outbox in any format. False for another program's database of the same name. */
const isOutbox = (db: IDBPDatabase<OutboxSchema>): boolean => db.objectStoreNames.contains('entries') && db.objectStoreNames.contains('meta')

const notAnOutbox = (): Error => new Error('the database of this name is not an outbox')

/** In the order of their keys. */
async function recordsOf<Of extends 'entries' | 'groups'>(store: Records<Of>, atOnce: number, inTime = <T>(work: Promise<T>): Promise<T> => work): Promise<Array<OutboxSchema[Of]['value']>> {
  const records: Array<OutboxSchema[Of]['value']> = []
  for (;;) {
    const last = records.at(-1)
    const some = await inTime(store.getAll(last && IDBKeyRange.lowerBound('group' in last ? last.group : last.number, true), atOnce))
    for (const record of some) records.push(record)
    if (some.length < atOnce) return records
  }
}

const allGroups = async (groups: Records<'groups'>): Promise<GroupRecords> => new Map((await recordsOf(groups, GROUPS_AT_ONCE)).map((record) => [record.group, record]))

/** The groups of the entries with these numbers, as far as they are stored. */
async function groupsFor(groups: Records<'groups'>, numbers: ReadonlyArray<number>): Promise<GroupRecords> {
  const wanted = new Set(numbers.map(groupOf))
  return new Map(await Promise.all([...wanted].map(async (group) => [group, await groups.get(group)] as const)))
}

/** Consecutive numbers are deleted with one request. */
async function removeAll(entries: Records<'entries', 'readwrite' | 'versionchange'>, numbers: ReadonlyArray<number>): Promise<void> {
  const runs: Array<{ readonly first: number; last: number }> = []
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const run = runs.at(-1)
    if (run && (number === run.last || number === run.last + 1)) run.last = number
    else runs.push({ first: number, last: number })
  }
  await Promise.all(runs.map(async ({ first, last }) => entries.delete(IDBKeyRange.bound(first, last))))
}
