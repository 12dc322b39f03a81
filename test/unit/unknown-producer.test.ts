import * as v from 'valibot'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createStateSchema, createStreamDB } from '../../src/main/index.ts'
import { startStreamServer, type StreamServer } from '../support/stream-server.ts'

const schema = createStateSchema({ users: { schema: v.object({ id: v.string() }), type: 'user', primaryKey: 'id' } })

let server: StreamServer
beforeAll(async () => {
  server = await startStreamServer()
})
afterAll(() => server.close())

test.each([
  [409, { 'Producer-Expected-Seq': '0' }],
  [403, { 'Producer-Epoch': '7' }],
])('a server that always answers %i, %j, gets requests with pauses, and the status says so', async (status, headers) => {
  let sent = 0
  const db = createStreamDB({
    streamOptions: {
      url: server.createStream(`/s${String(status)}`),
      contentType: 'application/json',
      fetch: (input, init) => {
        if (init?.method !== 'POST') return fetch(input, init)
        sent += 1
        return Promise.resolve(new Response(null, { status, headers }))
      },
    },
    state: schema,
    cache: false,
  })
  await db.preload()
  await db.collections.users.insert({ id: '1' }).isPersisted.promise
  await vi.waitFor(() => { expect(db.status.getSnapshot().lastError).toMatchObject({ code: 'STREAM_ERROR' }) }, { timeout: 20_000 })
  expect(sent).toBeLessThan(10)
  expect(db.status.getSnapshot().pending).toBe(1)
  db.close()
}, 30_000)
