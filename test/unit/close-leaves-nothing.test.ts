import * as v from 'valibot'
import { expect, test } from 'vitest'
import { createStateSchema, createStreamDB } from '../../src/main/index.ts'
import { createTestStreamDB } from '../../src/testing/index.ts'

const schema = createStateSchema({
  users: { schema: v.object({ id: v.string(), name: v.string() }), type: 'user', primaryKey: 'id' },
})
const ada = schema.users.insert({ value: { id: '1', name: 'Ada' } })
const bob = schema.users.insert({ value: { id: '2', name: 'Bob' } })

/** Timers and ports that keep a process from ending. */
const leftovers = (): string[] => process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name === 'MessagePort').sort()

/** Within far less than the 2 s that a worker's engine is kept for another tab. */
async function expectLeft(before: readonly string[]): Promise<void> {
  const limit = performance.now() + 300
  while (leftovers().join() !== before.join() && performance.now() < limit) await new Promise((resolve) => setImmediate(resolve))
  expect(leftovers()).toEqual(before)
}

test('nothing outlives close(): no timer and no port', async () => {
  const before = leftovers()
  const { db, stream } = createTestStreamDB({ state: schema, events: [ada] })
  await db.preload()
  await stream.send([bob])
  db.close()
  // TanStack DB collects what nobody uses by a timer of its own.
  await Promise.all(Object.values(db.collections).map((collection) => collection.cleanup()))
  await expectLeft(before)
})

test('nothing outlives close() of a StreamDB whose engine is in the page', async () => {
  const before = leftovers()
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
