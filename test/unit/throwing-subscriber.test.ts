// @vitest-environment-options {"own":"unit/throwing-subscriber"}
import { afterEach, expect, test, vi } from 'vitest'
import { createTestStreamDB } from '../../src/testing/index.ts'
import { itemEvents, schema } from '../support/schema.ts'

const open: Array<{ close(): void }> = []
afterEach(() => {
  for (const db of open.splice(0)) db.close()
})

function create() {
  const { db, stream } = createTestStreamDB({ state: schema, events: [schema.users.insert({ value: { id: '1', name: 'Ada' } }), ...itemEvents(3)] })
  open.push(db)
  const codes = new Set<string>()
  const messages = new Set<string>()
  db.status.subscribe(() => {
    const { lastError } = db.status.getSnapshot()
    if (!lastError) return
    codes.add(lastError.code)
    messages.add(lastError.message)
  })
  return { db, stream, codes, messages }
}

const boom = (): never => {
  throw new Error('boom')
}

test('a subscriber that throws at the first load is reported as the application’s, and the rows come once', async () => {
  const { db, stream, codes, messages } = create()
  const { users, items } = db.collections
  let batches = 0
  items.subscribeChanges(() => { batches += 1 })
  users.subscribeChanges(boom)
  await db.preload()
  await stream.send(itemEvents(1, 3))
  expect([users.size, items.size, users.status, items.status]).toEqual([1, 4, 'ready', 'ready'])
  expect([...codes]).toEqual(['HOOK_FAILED'])
  expect([...messages]).toEqual(['a live query or subscriber threw: boom'])
  // The first rows, that it is ready, and one row more.
  expect(batches).toBe(3)
})

test('what throws when a collection is ready for the first time is, too', async () => {
  const { db, codes } = create()
  db.collections.users.onFirstReady(boom)
  await db.preload()
  expect([db.collections.users.size, db.collections.items.size]).toEqual([1, 3])
  expect([...codes]).toEqual(['HOOK_FAILED'])
})

test('a subscriber that throws when its collection is back keeps nothing from going on', async () => {
  const { db, stream, codes } = create()
  const { users } = db.collections
  await db.preload()
  await users.cleanup()
  const uncaught = vi.fn()
  process.on('uncaughtException', uncaught)
  users.subscribeChanges(boom)
  await db.preload()
  await stream.send(itemEvents(1, 3))
  process.off('uncaughtException', uncaught)
  expect(uncaught).not.toHaveBeenCalled()
  expect([users.size, db.collections.items.size]).toEqual([1, 4])
  expect([...codes]).toEqual(['HOOK_FAILED'])
})
