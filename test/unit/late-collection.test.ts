import { createLiveQueryCollection } from '@tanstack/db'
import { afterEach, expect, test } from 'vitest'
import { createStreamDB } from '../../src/main/create-stream-db.ts'
import { itemEvents, schema } from '../support/schema.ts'
import { startStreamServer, type StreamServer } from '../support/stream-server.ts'

let server: StreamServer
const open: Array<{ close(): void }> = []
afterEach(async () => {
  for (const db of open.splice(0)) db.close()
  await server.close()
})

test('a collection that is first asked for when the rows have come shows them', async () => {
  server = await startStreamServer()
  const url = server.createStream('/s')
  server.append('/s', [schema.users.insert({ value: { id: '1', name: 'Ada' } }), ...itemEvents(3)])
  const db = createStreamDB({ streamOptions: { url, contentType: 'application/json' }, state: schema })
  open.push(db)
  const items = createLiveQueryCollection((q) => q.from({ item: db.collections.items }))
  await items.preload()
  expect(items.size).toBe(3)
  const users = createLiveQueryCollection((q) => q.from({ user: db.collections.users }))
  await users.preload()
  expect(users.size).toBe(1)
})
