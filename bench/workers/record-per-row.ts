import { openDB } from 'idb'
import { serve, type StoredRow } from './serve.ts'

const NAME = 'record-per-row'

// The plain layout, for contrast with the library's: one record a row, in one transaction, none of the puts awaited.
serve({
  async write(rows) {
    const db = await openDB(NAME, 1, { upgrade: (fresh) => void fresh.createObjectStore('rows', { keyPath: 'id' }) })
    const transaction = db.transaction('rows', 'readwrite', { durability: 'relaxed' })
    for (const row of rows.values()) void transaction.store.put(row)
    await transaction.done
    db.close()
  },
  async read() {
    const db = await openDB(NAME)
    const stored = (await db.getAll('rows')) as StoredRow[]
    db.close()
    return new Map(stored.map((row) => [row.id, row]))
  },
})
