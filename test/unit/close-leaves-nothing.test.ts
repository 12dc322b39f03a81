import * as v from 'valibot'
import { expect, test } from 'vitest'
import { createStateSchema, createStreamDB } from '../../src/main/index.ts'
import { createTestStreamDB } from '../../src/testing/index.ts'

const schema = createStateSchema({
  users: { schema: v.object({ id: v.string(), name: v.string() }), type: 'user', primaryKey: 'id' },
})
const ada = schema.users.insert({ value: { id: '1', name: 'Ada' } })
const bob = schema.users.insert({ value: { id: '2', name: 'Bob' } })

/** How many timers and ports keep the process from ending. */
const leftovers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name === 'MessagePort').length

/** Within far less than the 2 s that a worker's engine is kept for another tab. */
async function expectLeft(before: number): Promise<void> {
  const limit = performance.now() + 300
  while (leftovers() > before && performance.now() < limit) await new Promise((resolve) => setImmediate(resolve))
  expect(leftovers()).toBeLessThanOrEqual(before)
}

/** What earlier work, the test runner's too, has left to run out. */
async function quiet(): Promise<number> {
  const limit = performance.now() + 1000
  while (leftovers() > 0 && performance.now() < limit) await new Promise((resolve) => setImmediate(resolve))
  return leftovers()
}

test('nothing outlives close(): no timer and no port', async () => {
  const before = await quiet()
  const { db, stream } = createTestStreamDB({ state: schema, events: [ada] })
  await db.preload()
  await stream.send([bob])
  db.close()
  // TanStack DB collects what nobody uses by a timer of its own.
  await Promise.all(Object.values(db.collections).map((collection) => collection.cleanup()))
  await expectLeft(before)
})

test('nothing outlives close() of a StreamDB whose engine is in the page', async () => {
  const before = await quiet()
  const db = createStreamDB({
    streamOptions: {
      url: 'http://in-page.test/s',
      contentType: 'application/json',
      fetch: () => Promise.resolve(new Response('[]', { headers: { 'content-type': 'application/json', 'stream-next-offset': '0', 'stream-up-to-date': 'true' } })),
    },
    state: schema,
    live: false,
    cache: false,
  })
  await db.preload()
  db.close()
  await Promise.all(Object.values(db.collections).map((collection) => collection.cleanup()))
  await expectLeft(before)
})
