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
export async function putRaw(name: string, { meta, segments = [] }: { meta?: unknown; segments?: unknown[] }): Promise<void> {
  const db = await openRaw(name)
  const tx = db.transaction(['meta', 'segments'], 'readwrite')
  tx.objectStore('segments').clear()
  if (meta !== undefined) tx.objectStore('meta').put(meta, 'meta')
  for (const segment of segments) tx.objectStore('segments').put(segment)
  await new Promise<void>((resolve, reject) => {
    tx.oncomplete = () => {
      resolve()
    }
    tx.onabort = () => {
      reject(tx.error!)
    }
  })
  db.close()
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

/** Keeps every transaction on a cache database waiting until it is released. */
export async function occupy(name: string): Promise<() => Promise<void>> {
  const db = await openRaw(name)
  const tx = db.transaction(['meta', 'segments'], 'readwrite')
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
