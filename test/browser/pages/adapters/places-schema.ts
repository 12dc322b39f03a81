import { createStateSchema } from 'sidestream'
import * as v from 'valibot'

/** An eager and an on-demand collection. */
export const schema = createStateSchema({
  users: { schema: v.object({ id: v.string(), name: v.string() }), type: 'user', primaryKey: 'id' },
  places: { schema: v.object({ id: v.string(), size: v.number() }), type: 'place', primaryKey: 'id', syncMode: 'on-demand' },
})
