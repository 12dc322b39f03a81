import { DurableStream } from '@durable-streams/client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createStreamDB } from '../../src/main/index.ts'
import { schema } from '../support/schema.ts'
import { startStreamServer, type StreamServer } from '../support/stream-server.ts'

let server: StreamServer
beforeEach(async () => {
  server = await startStreamServer()
})
afterEach(() => server.close())

test('all of the client’s back-off options are taken; those that cannot be honoured have no effect', async () => {
  const url = server.createStream('/s')
  server.faults.respond(503, { times: 3 })
  const onFailedAttempt = vi.fn()
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  const db = createStreamDB({
    streamOptions: { url, backoffOptions: { initialDelay: 1, maxDelay: 5, multiplier: 2, maxRetries: 1, debug: true, onFailedAttempt } },
    state: schema,
  })
  await db.preload()
  expect(onFailedAttempt).not.toHaveBeenCalled()
  expect(log).not.toHaveBeenCalled()
  log.mockRestore()
  db.close()
})

test('a stream object cannot cross to a worker', () => {
  const stream = new DurableStream({ url: 'http://127.0.0.1/s' })
  expect(() => createStreamDB({ stream, state: schema, worker: () => null as unknown as Worker })).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
})

test.each([
  ['an object', { type: 'user' }, {}],
  ['an option of another type', 'text', { seq: 1 }],
  ['a producer’s number that is text', 'text', { producerId: 'a', producerEpoch: '1', producerSeq: 0 }],
])('an append of %s rejects at once, with a code', async (_, body, options) => {
  const db = createStreamDB({ streamOptions: { url: server.createStream('/s') }, state: schema })
  await expect(db.stream.append(body as never, options as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', retryable: false })
  expect(server.log.count()).toBe(0)
  db.close()
})

test('an append takes options that it does not know, as the client does', async () => {
  const db = createStreamDB({ streamOptions: { url: server.createStream('/s'), contentType: 'application/json' }, state: schema })
  await db.stream.append(JSON.stringify(schema.users.insert({ value: { id: '1', name: 'Ada' } })), { seq: undefined, other: () => 1 } as never)
  expect(server.events('/s')).toHaveLength(1)
  db.close()
})
