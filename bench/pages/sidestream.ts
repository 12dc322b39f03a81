import { createStateSchema, createStreamDB } from 'sidestream'
import { measure } from './measure.ts'
import { rowSchema } from './row-schema.ts'

const state = createStateSchema({ rows: { schema: rowSchema, type: 'row', primaryKey: 'id' } })

measure(({ stream }) => {
  const db = createStreamDB({
    streamOptions: { url: stream, contentType: 'application/json' },
    state,
    worker: () => new Worker('/sidestream-worker.js', { type: 'module' }),
  })
  const kept = (): boolean => {
    const { offset, persistedOffset } = db.status.getSnapshot()
    return persistedOffset === offset
  }
  return {
    collection: db.collections.rows,
    preload: () => db.preload(),
    kept: () =>
      new Promise((resolve) => {
        if (kept()) return resolve()
        const unsubscribe = db.status.subscribe(() => {
          if (!kept()) return
          unsubscribe()
          resolve()
        })
      }),
  }
})
