/** IndexedDB without the library, for what others do to a cache. */
export function openRaw(name: string, version?: number, upgrade?: (db: IDBDatabase) => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, version)
    request.onupgradeneeded = () => upgrade?.(request.result)
    request.onsuccess = () => {
      resolve(request.result)
    }
    request.onerror = () => {
      reject(request.error!)
    }
  })
}

/** Writes whatever it is given into a cache database. */
export const putRaw = (name: string, { meta, segments = [] }: { meta?: unknown; segments?: unknown[] }): Promise<void> =>
  writeRaw(name, ['meta', 'segments'], (tx) => {
    tx.objectStore('segments').clear()
    if (meta !== undefined) tx.objectStore('meta').put(meta, 'meta')
    for (const segment of segments) tx.objectStore('segments').put(segment)
  })

/** What another program may write into an outbox; what is not given stays as it is. */
export interface RawOutbox {
  readonly head?: unknown
  readonly recent?: unknown
  readonly claim?: unknown
  readonly entries?: ReadonlyArray<{ readonly number: number }>
  readonly groups?: ReadonlyArray<{ readonly group: unknown; readonly entries?: unknown }>
}

/** Writes whatever it is given into an outbox database. */
export const putRawOutbox = (name: string, { head, recent, claim, entries = [], groups = [] }: RawOutbox): Promise<void> =>
  writeRaw(name, ['meta', 'entries', ...(groups.length > 0 ? ['groups'] : [])], (tx) => {
    if (head !== undefined) tx.objectStore('meta').put(head, 'head')
    if (recent !== undefined) tx.objectStore('meta').put(recent, 'recent')
    if (claim !== undefined) tx.objectStore('meta').put(claim, 'claim')
    for (const entry of entries) tx.objectStore('entries').put(entry)
    for (const group of groups) tx.objectStore('groups').put(group)
  })

async function writeRaw(name: string, stores: string[], work: (tx: IDBTransaction) => void): Promise<void> {
  const db = await openRaw(name)
  const tx = db.transaction(stores, 'readwrite')
  work(tx)
  await ended(tx)
  db.close()
}

const ended = (tx: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    tx.oncomplete = () => {
      resolve()
    }
    tx.onabort = () => {
      reject(tx.error!)
    }
  })

/** All values of a database, by the name of their store. */
export async function readRaw(name: string): Promise<{ readonly version: number; readonly stores: Readonly<Record<string, unknown[]>> }> {
  const db = await openRaw(name)
  const tx = db.transaction([...db.objectStoreNames])
  const requests = [...db.objectStoreNames].map((store) => [store, tx.objectStore(store).getAll()] as const)
  await ended(tx)
  db.close()
  const stores = Object.fromEntries(requests.map(([store, { result }]) => [store, result as unknown[]]))
  return { version: db.version, stores }
}

/** Deletes a database; `wasBlocked` tells whether somebody held it open. */
export function deleteRaw(name: string): Promise<{ wasBlocked: boolean }> {
  return new Promise((resolve, reject) => {
    let wasBlocked = false
    const request = indexedDB.deleteDatabase(name)
    request.onblocked = () => {
      wasBlocked = true
    }
    request.onsuccess = () => {
      resolve({ wasBlocked })
    }
    request.onerror = () => {
      reject(request.error!)
    }
  })
}

/** Keeps every transaction on a database with a store `meta` waiting until it is released. */
export async function occupy(name: string): Promise<() => Promise<void>> {
  const db = await openRaw(name)
  const tx = db.transaction([...db.objectStoreNames], 'readwrite')
  let released = false
  const done = new Promise<void>((resolve) => {
    tx.oncomplete = () => {
      db.close()
      resolve()
    }
  })
  const hold = (): void => {
    if (!released) tx.objectStore('meta').get('none').onsuccess = hold
  }
  hold()
  return () => {
    released = true
    return done
  }
}
