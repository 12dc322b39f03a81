import { createStateSchema, createStreamDB } from 'sidestream'
import { rowSchema } from './row-schema.ts'
import { writesPage } from './writes-page.ts'

const SCRIPT = '/sidestream-writes-worker.js'

writesPage(({ stream, mode, syncMode }) => {
  const worker = (): Worker | SharedWorker => (mode === 'shared' ? new SharedWorker(SCRIPT, { type: 'module', name: 'bench' }) : new Worker(SCRIPT, { type: 'module' }))
  const state = createStateSchema({ rows: { schema: rowSchema, type: 'row', primaryKey: 'id', syncMode } })
  const db = createStreamDB({ streamOptions: { url: stream, contentType: 'application/json' }, state, worker })
  let stored = 0
  const collection = db.collections.rows
  const when = (met: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      if (met()) return resolve()
      const unsubscribe = db.status.subscribe(() => {
        if (!met()) return
        unsubscribe()
        resolve()
      })
    })
  return {
    collection,
    preload: () => db.preload(),
    kept: () => when(() => db.status.getSnapshot().persistedOffset === db.status.getSnapshot().offset),
    insert: async (row) => {
      await collection.insert(row).isPersisted.promise
      stored += 1
    },
    stored: () => stored,
    hurry: () => {
      db.reconnect()
    },
    drained: () => when(() => db.status.getSnapshot().pending === 0),
  }
})
