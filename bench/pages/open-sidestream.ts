import { createStateSchema, createStreamDB, type SyncMode, type WorkerOption } from 'sidestream'
import { kept } from './kept.ts'
import { rowSchema } from './row-schema.ts'
import type { Opened } from './visit.ts'

export function openSidestream(stream: string, worker: WorkerOption, syncMode: SyncMode = 'eager'): Opened {
  const state = createStateSchema({ rows: { schema: rowSchema, type: 'row', primaryKey: 'id', syncMode } })
  const db = createStreamDB({ streamOptions: { url: stream, contentType: 'application/json' }, state, worker })
  return {
    collection: db.collections.rows,
    preload: () => db.preload(),
    kept: () => kept(db),
  }
}
