import type { DBSchema, IDBPDatabase, IDBPObjectStore, IDBPTransaction, StoreNames, StoreValue } from 'idb'
import { abortable } from '../../shared/abortable.ts'
import { type Clock, NoStorageError } from '../ports.ts'

/** A database that does not open in this time is treated as absent, ms. */
export const OPEN_LIMIT_MS = 4000
/** A commit that neither completes nor aborts in this time is given up, ms. */
export const COMMIT_LIMIT_MS = 30_000
/** A read that gets nothing for this long, ms, is given up: tabs wait for what it reads. */
export const READ_LIMIT_MS = 4000
/** Puts in flight at once: to pack and serialize rows blocks the worker, which handles messages between two groups of puts. */
const PUTS_AT_ONCE = 4

/** An open database. All its calls settle, also when the database is deleted or the browser drops the connection. */
export class IdbConnection<S extends DBSchema> {
  readonly #db: IDBPDatabase<S>
  readonly #clock: Clock
  /** Why the connection has ended; null while it is open. */
  #lostReason: Error | null = null
  #settleLost: (reason: Error) => void = () => undefined
  /** Resolves with the reason when the connection ends without a call of {@link close}. */
  readonly lost: Promise<Error>
  readonly #closed = new AbortController()

  private constructor(db: IDBPDatabase<S>, clock: Clock, whyTaken: (newVersion: number | null) => Error) {
    this.#db = db
    this.#clock = clock
    this.lost = new Promise((settle) => {
      this.#settleLost = settle
    })
    db.addEventListener('close', () => {
      this.#lose(new Error('the connection to IndexedDB was lost'))
    })
    // Another tab deletes the database, or opens a later version of it: an open connection would block that.
    db.addEventListener('versionchange', ({ newVersion }) => {
      db.close()
      this.#lose(whyTaken(newVersion))
    })
  }

  /**
   * @param open opens the database
   * @param whyTaken the reason of the loss when somebody deletes the database (null), or opens a later version of it
   * @throws when IndexedDB is missing, refuses, or does not answer in time
   */
  static async open<S extends DBSchema>(clock: Clock, open: () => Promise<IDBPDatabase<S>>, whyTaken: (newVersion: number | null) => Error): Promise<IdbConnection<S>> {
    if (typeof indexedDB === 'undefined') throw new NoStorageError('there is no IndexedDB here')
    const opening = open()
    let late = false
    opening.then(
      (db) => {
        if (late) db.close()
      },
      () => undefined,
    )
    try {
      const db = await within(clock, OPEN_LIMIT_MS, 'IndexedDB did not open in time', opening)
      return new IdbConnection(db, clock, whyTaken)
    } catch (error) {
      late = true
      throw isDenied(error) ? new NoStorageError('IndexedDB is denied here') : error
    }
  }

  /** Begins a transaction that reads. @throws the reason when the connection has ended */
  reading<Names extends StoreNames<S>[]>(names: Names): IDBPTransaction<S, Names, 'readonly'> {
    if (this.#lostReason) throw this.#lostReason
    const tx = this.#db.transaction(names, 'readonly')
    tx.done.catch(() => undefined)
    return tx
  }

  /** One transaction: what `work` writes is stored whole, or not at all when it throws. */
  async write<Names extends StoreNames<S>[]>(names: Names, durability: 'relaxed' | 'strict', work: (tx: IDBPTransaction<S, Names, 'readwrite'>) => Promise<void>): Promise<void> {
    const tx = this.#db.transaction(names, 'readwrite', { durability })
    // Without this, an abort during an `await` of a request would also be an unhandled rejection.
    tx.done.catch(() => undefined)
    try {
      await work(tx)
    } catch (error) {
      abort(tx)
      // When the quota is exceeded, only the transaction has the reason.
      throw (tx as { error?: unknown }).error ?? error
    }
    await tx.done
  }

  /** Requests that are pending when a connection is lost never settle by themselves. */
  async settle<T>(limitMs: number, work: Promise<T>): Promise<T> {
    work.catch(() => undefined)
    try {
      return await within(this.#clock, limitMs, 'IndexedDB did not answer in time', abortable(work, this.#closed.signal))
    } catch (error) {
      // A lost connection causes many kinds of errors; the reason of the loss is the useful one.
      throw this.#lostReason ?? error
    }
  }

  /** Lets the database go, for its deletion; calls that are under way end first. */
  release(): void {
    this.#db.close()
  }

  close(reason: string): void {
    this.#db.close()
    this.#lostReason ??= new Error(reason)
    this.#closed.abort(this.#lostReason)
  }

  #lose(reason: Error): void {
    this.#lostReason ??= reason
    this.#closed.abort(reason)
    this.#settleLost(reason)
  }
}

/**
 * Puts values of in-line keys.
 * @param toStored makes the stored form of an item, shortly before it is put
 */
export async function putAll<S extends DBSchema, Names extends StoreNames<S>[], Name extends StoreNames<S>, Item>(
  store: IDBPObjectStore<S, Names, Name, 'readwrite'>,
  items: ReadonlyArray<Item>,
  toStored: (item: Item) => StoreValue<S, Name>,
): Promise<void> {
  for (let start = 0; start < items.length; start += PUTS_AT_ONCE) {
    // Async, because `put` throws at once for a value that cannot be stored, and the promises of earlier puts must be awaited.
    await Promise.all(items.slice(start, start + PUTS_AT_ONCE).map(async (item) => store.put(toStored(item))))
  }
}

/** Whether the browser denies all storage to this page: by the user's settings, or because it is a frame of another site. */
export const isDenied = (error: unknown): boolean => error instanceof DOMException && error.name === 'SecurityError'

export function abort(tx: { abort(): void }): void {
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
