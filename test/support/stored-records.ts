/** The records in the object stores of these names, in all databases of the origin. Runs in a page: it must not refer to anything outside. */
export async function storedRecords(names: string[]): Promise<unknown[]> {
  const settled = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
  const records: unknown[] = []
  for (const { name } of await indexedDB.databases()) {
    const db = await settled(indexedDB.open(name!))
    for (const store of names) if (db.objectStoreNames.contains(store)) records.push(...(await settled(db.transaction(store).objectStore(store).getAll())) as unknown[])
    db.close()
  }
  return records
}
