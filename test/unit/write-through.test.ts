import { createTransaction } from '@tanstack/db'
import { expect, test, vi } from 'vitest'
import { createStateSchema } from '../../src/main/index.ts'
import { createTestStreamDB } from '../../src/testing/index.ts'
import * as v from 'valibot'

const schema = createStateSchema({
  todos: { schema: v.object({ id: v.string(), text: v.string(), done: v.boolean() }), type: 'todo', primaryKey: 'id' },
  people: { schema: v.object({ id: v.string(), name: v.string() }), type: 'person', primaryKey: 'id' },
})

const plain = (rows: Iterable<object>): object[] => [...rows].map((row) => Object.fromEntries(Object.entries(row).filter(([field]) => !field.startsWith('_') && !field.startsWith('$'))))

test('what TanStack DB changes is stored, shown, and appended once, as events with one txid', async () => {
  const { db, stream } = createTestStreamDB({ state: schema, events: [] })
  await db.preload()
  const tx = db.collections.todos.insert({ id: 'a', text: 'milk', done: false })
  await tx.isPersisted.promise
  expect(plain(db.collections.todos.values())).toEqual([{ id: 'a', text: 'milk', done: false }])
  await db.utils.awaitTxId(tx.id)
  expect(stream.appended).toEqual([{ type: 'todo', key: 'a', value: { id: 'a', text: 'milk', done: false }, headers: { operation: 'insert', txid: tx.id } }])
  await vi.waitFor(() => { expect(db.outbox.getSnapshot()).toEqual([]) })
  const update = db.collections.todos.update('a', (draft) => { draft.done = true })
  await update.isPersisted.promise
  await db.utils.awaitTxId(update.id)
  expect(stream.appended[1]).toEqual({ type: 'todo', key: 'a', value: { id: 'a', text: 'milk', done: true }, headers: { operation: 'update', txid: update.id } })
  const both = createTransaction({ mutationFn: db.mutationFn })
  both.mutate(() => {
    db.collections.people.insert({ id: 'p', name: 'Ada' })
    db.collections.todos.delete('a')
  })
  await both.isPersisted.promise
  expect(plain(db.collections.todos.values())).toEqual([])
  await db.utils.awaitTxId(both.id)
  expect(stream.appended.slice(2).map((event) => (event as { headers: object }).headers)).toEqual([{ operation: 'insert', txid: both.id }, { operation: 'delete', txid: both.id }])
  expect(db.status.getSnapshot()).toMatchObject({ pending: 0, parked: 0 })
  db.close()
})
