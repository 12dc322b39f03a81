import { createStateSchema, createStreamDB } from '@durable-streams/state/db'
import { rowSchema } from './row-schema.ts'
import type { Opened } from './visit.ts'

const state = createStateSchema({ rows: { schema: rowSchema, type: 'row', primaryKey: 'id' } })

export function openPeer(stream: string): Opened {
  const db = createStreamDB({ streamOptions: { url: stream, contentType: 'application/json' }, state })
  return {
    collection: db.collections.rows,
    preload: () => db.preload(),
    kept: () => Promise.resolve(),
  }
}
