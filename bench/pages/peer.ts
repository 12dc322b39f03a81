import { createStateSchema, createStreamDB } from '@durable-streams/state/db'
import { measure } from './measure.ts'
import { rowSchema } from './row-schema.ts'

const state = createStateSchema({ rows: { schema: rowSchema, type: 'row', primaryKey: 'id' } })

measure(({ stream }) => {
  const db = createStreamDB({ streamOptions: { url: stream, contentType: 'application/json' }, state })
  return {
    collection: db.collections.rows,
    preload: () => db.preload(),
    kept: () => Promise.resolve(),
  }
})
