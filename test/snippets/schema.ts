import { createStateSchema } from 'sidestream/state'
import * as v from 'valibot'

export const flight = v.object({ id: v.string(), origin: v.string(), delay: v.number() })
export type Flight = v.InferOutput<typeof flight>

export const user = v.object({ id: v.string(), name: v.string() })
export const task = v.object({ id: v.string(), title: v.string(), done: v.boolean() })
export type Task = v.InferOutput<typeof task>
export const city = v.object({ id: v.string(), population: v.number() })

/** The collections that the pages' snippets speak of. */
export const schema = createStateSchema({
  flights: { schema: flight, type: 'flight', primaryKey: 'id' },
  airports: { schema: v.object({ code: v.string(), city: v.string() }), type: 'airport', primaryKey: 'code' },
  users: { schema: user, type: 'user', primaryKey: 'id' },
  tasks: { schema: task, type: 'task', primaryKey: 'id' },
  cities: { schema: city, type: 'city', primaryKey: 'id', syncMode: 'on-demand' },
})
