import { afterEach, expect, test } from 'vitest'
import { createTestStreamDB } from '../../src/testing/index.ts'
import { itemEvents, schema } from '../support/schema.ts'

const open: Array<{ close(): void }> = []
afterEach(() => {
  for (const db of open.splice(0)) db.close()
})

async function loaded() {
  const { db, stream } = createTestStreamDB({ state: schema, events: [schema.users.insert({ value: { id: '1', name: 'Ada' } }), ...itemEvents(3)] })
  open.push(db)
  await db.preload()
  return { db, stream }
}

test('a collection that was cleaned up is ready again when its rows are back', async () => {
  const { db } = await loaded()
  const { users } = db.collections
  for (let round = 0; round < 3; round += 1) {
    await users.cleanup()
    await users.preload()
    expect([users.status, users.size]).toEqual(['ready', 1])
  }
})

test('so are several of them, at once', async () => {
  const { db } = await loaded()
  const { users, items } = db.collections
  await Promise.all([users.cleanup(), items.cleanup()])
  await users.preload()
  expect([users.status, users.size]).toEqual(['ready', 1])
  await items.preload()
  expect([items.status, items.size]).toEqual(['ready', 3])
})

test('preload() of the StreamDB waits for them too', async () => {
  const { db } = await loaded()
  const { users } = db.collections
  await users.cleanup()
  await db.preload()
  expect([users.status, users.size]).toEqual(['ready', 1])
})

test('a cleared StreamDB, and one that is closed, has no rows to wait for', async () => {
  const { db } = await loaded()
  const { users } = db.collections
  await db.clearCache()
  await users.cleanup()
  await users.preload()
  expect([users.status, users.size]).toEqual(['ready', 0])
  await users.cleanup()
  db.close()
  await users.preload()
  expect(users.size).toBe(0)
})

test('close() ends the waiting', async () => {
  const { db } = await loaded()
  const { users } = db.collections
  await users.cleanup()
  const waiting = expect(db.preload()).rejects.toMatchObject({ code: 'CLOSED' })
  db.close()
  await waiting
})
