import { createStateSchema, createStreamDB } from 'sidestream'
import * as v from 'valibot'

const schema = createStateSchema({ users: { schema: v.object({ id: v.string(), name: v.string() }), type: 'user', primaryKey: 'id' } })

export const db = createStreamDB({
  streamOptions: { url: '/streams/users', contentType: 'application/json' },
  state: schema,
  worker: () => new Worker(new URL('sidestream/worker', import.meta.url), { type: 'module' }),
})
