import { createStateSchema, createStreamDB } from '@durable-streams/state/db'
import { rowSchema } from './row-schema.ts'
import { writesPage } from './writes-page.ts'

const state = createStateSchema({ rows: { schema: rowSchema, type: 'row', primaryKey: 'id' } })

// Nothing is stored, and nothing is shown before the stream has it.
writesPage(({ stream }) => {
  const db = createStreamDB({ streamOptions: { url: stream, contentType: 'application/json' }, state })
  let stored = 0
  return {
    collection: db.collections.rows,
    isBare: true,
    preload: () => db.preload(),
    kept: () => Promise.resolve(),
    insert: async (row) => {
      await db.stream.append(JSON.stringify({ type: 'row', key: row.id, value: row, headers: { operation: 'insert' } }))
      stored += 1
    },
    stored: () => stored,
    hurry: () => undefined,
    drained: () => Promise.resolve(),
  }
})
