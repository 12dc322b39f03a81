import { createStateSchema, createStreamDB, type SyncMode, type WorkerOption } from 'sidestream'
import { rowSchema } from './row-schema.ts'
import type { Opened } from './visit.ts'

export function openSidestream(stream: string, worker: WorkerOption, syncMode: SyncMode = 'eager'): Opened {
  const state = createStateSchema({ rows: { schema: rowSchema, type: 'row', primaryKey: 'id', syncMode } })
  const db = createStreamDB({ streamOptions: { url: stream, contentType: 'application/json' }, state, worker })
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
}
