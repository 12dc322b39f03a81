import * as v from 'valibot'
import { createStateSchema } from '../../src/shared/state-schema.ts'

/** The state that tests speak of: two collections, so that batches touch more than one. */
export const schema = createStateSchema({
  users: { schema: v.object({ id: v.string(), name: v.string() }), type: 'user', primaryKey: 'id' },
  items: { schema: v.object({ id: v.string(), n: v.number() }), type: 'item', primaryKey: 'id' },
})

/** `count` inserts of items, numbered from `first`. */
export function itemEvents(count: number, first = 0): unknown[] {
  return Array.from({ length: count }, (_, index) =>
    schema.items.insert({ value: { id: `i${String(first + index).padStart(6, '0')}`, n: first + index } }),
  )
}
