// @vitest-environment-options {"own":"unit/in-page"}
import * as v from 'valibot'
import { afterEach, expect, test } from 'vitest'
import { createStateSchema, createStreamDB } from '../../src/main/index.ts'
import { startStreamServer, type StreamServer } from '../support/stream-server.ts'

const schema = createStateSchema({
  users: { schema: v.object({ id: v.string(), name: v.string() }), type: 'user', primaryKey: 'id' },
})

let server: StreamServer
const open: Array<{ close(): void }> = []
afterEach(async () => {
  for (const db of open.splice(0)) db.close()
  await server.close()
})

const strip = (rows: Iterable<unknown>): unknown[] =>
  [...rows].map((row) => Object.fromEntries(Object.entries(row as object).filter(([name]) => !/^[$_]/.test(name))))

test('reads a stream, follows it live, writes to it and awaits the txid', async () => {
  server = await startStreamServer()
  const url = server.createStream('/s')
  server.append('/s', [schema.users.insert({ value: { id: '1', name: 'Ada' } })])
  const db = createStreamDB({ streamOptions: { url, contentType: 'application/json' }, state: schema })
  open.push(db)
  await db.preload()
  expect(strip(db.collections.users.toArray)).toEqual([{ id: '1', name: 'Ada' }])
  await db.stream.append(JSON.stringify(schema.users.insert({ value: { id: '2', name: 'Bob' }, headers: { txid: 't1' } })))
  await db.utils.awaitTxId('t1')
  expect(db.collections.users.get('2')).toMatchObject({ name: 'Bob' })
  expect(db.offset).toBe(server.tailOffset('/s'))
  expect(db.status.getSnapshot()).toMatchObject({ connection: 'live', where: 'page', rows: 2, storage: 'memory' })
})
