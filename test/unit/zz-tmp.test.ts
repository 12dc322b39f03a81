import { test } from 'vitest'
import { stream } from '@durable-streams/client'
import { startStreamServer } from '../support/stream-server.ts'
import { createStreamDB } from '../../src/main/index.ts'
import { schema } from '../support/schema.ts'
test('x', async () => {
  const server = await startStreamServer()
  const url = server.createStream('/s')
  server.append('/s', [schema.users.insert({ value: { id: '1', name: 'Ada' } })])
  const r = await stream({ url, offset: '-1', live: false, json: true })
  r.subscribeJson(async (b) => { console.log('batch', JSON.stringify(b)) })
  await r.closed
  console.log('closed')
  await new Promise((r) => setTimeout(r, 50))
  const db = createStreamDB({ streamOptions: { url, contentType: 'application/json' }, state: schema, live: false })
  const t = setInterval(() => console.log(JSON.stringify(db.status.getSnapshot())), 300)
  await Promise.race([db.preload().then(() => console.log('preloaded', db.collections.users.size)), new Promise((r) => setTimeout(r, 2500))])
  clearInterval(t)
  db.close()
  await server.close()
})
