import { createStateSchema } from 'sidestream/state'
import * as v from 'valibot'

const time = v.pipe(v.string(), v.isoTimestamp())

const person = v.object({ id: v.string(), name: v.string() })

const task = v.object({
  id: v.string(),
  title: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
  done: v.boolean(),
  /** A person; null when nobody does it. */
  assignee: v.nullable(v.string()),
  createdAt: time,
})

const comment = v.object({
  id: v.string(),
  task: v.string(),
  author: v.string(),
  text: v.pipe(v.string(), v.minLength(1), v.maxLength(1000)),
  createdAt: time,
})

export type Person = v.InferOutput<typeof person>

export const schema = createStateSchema({
  people: { schema: person, type: 'person', primaryKey: 'id' },
  tasks: { schema: task, type: 'task', primaryKey: 'id' },
  comments: { schema: comment, type: 'comment', primaryKey: 'id' },
})
