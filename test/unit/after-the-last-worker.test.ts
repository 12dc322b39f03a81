// @vitest-environment-options {"own":"unit/after-the-last-worker"}
import { createLiveQueryCollection } from '@tanstack/db'
import * as v from 'valibot'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createStateSchema, createStreamDB } from '../../src/main/index.ts'
import { AliveLocks } from '../property/subsets/alive-locks.ts'
import { EngineProcess } from '../property/subsets/engine-process.ts'
import { MemoryStream } from '../property/subsets/memory-stream.ts'

const row = { schema: v.object({ id: v.string(), n: v.number() }), primaryKey: 'id' }
const schema = createStateSchema({
  asked: { ...row, type: 'asked', syncMode: 'on-demand' },
  whole: { ...row, type: 'whole' },
})

let stream: MemoryStream
let engine: EngineProcess
let isBroken: boolean
let made: number
const open: Array<{ close(): void }> = []
beforeEach(() => {
  stream = new MemoryStream('http://memory/s')
  stream.append([schema.asked.insert({ value: { id: 'a', n: 1 } }), schema.whole.insert({ value: { id: 'w', n: 1 } })])
  const locks = new AliveLocks()
  vi.stubGlobal('navigator', { locks })
  engine = new EngineProcess(stream.fetch, locks)
  isBroken = true
  made = 0
})
afterEach(() => {
  for (const db of open.splice(0)) db.close()
  vi.unstubAllGlobals()
})

/** A StreamDB whose worker can be made only when it is not broken. */
function openDb() {
  const worker = (): SharedWorker => {
    made += 1
    if (isBroken) throw new Error('blocked by a policy')
    return engine.worker()
  }
  const db = createStreamDB({ streamOptions: { url: stream.url, contentType: 'application/json' }, state: schema, worker, cache: false })
  open.push(db)
  return db
}
type Db = ReturnType<typeof openDb>

/** What TanStack DB asks of a collection for a query of its own. */
const ask = (db: Db): Promise<unknown> => Promise.resolve(db.collections.asked._sync.loadSubset({}))
const codeOf = (work: Promise<unknown>): Promise<unknown> => work.then(() => 'no error', (error: { code?: unknown }) => error.code)

test('a query on demand that is mounted after the last worker has failed is refused, and not left waiting', async () => {
  const db = openDb()
  expect(await codeOf(db.preload())).toBe('WORKER_START_FAILED')
  const before = made
  // Twice: the second one joins what the first one holds.
  expect(await codeOf(ask(db))).toBe('WORKER_START_FAILED')
  expect(await codeOf(ask(db))).toBe('WORKER_START_FAILED')
  expect(made - before).toBe(2)
})

test('a query on demand that is mounted after the last worker has failed is served when a worker can be made again', async () => {
  const db = openDb()
  expect(await codeOf(db.preload())).toBe('WORKER_START_FAILED')
  isBroken = false
  const query = createLiveQueryCollection((q) => q.from({ row: db.collections.asked }))
  await query.preload()
  expect(query.size).toBe(1)
})

test('a txid that is awaited after the last worker has failed opens another one, which fills eager collections too', async () => {
  const db = openDb()
  expect(await codeOf(db.preload())).toBe('WORKER_START_FAILED')
  expect(db.status.getSnapshot().lastError).toMatchObject({ code: 'WORKER_START_FAILED' })
  isBroken = false
  stream.append([schema.whole.insert({ value: { id: 'x', n: 2 }, headers: { txid: 't' } })])
  await db.utils.awaitTxId('t')
  expect(db.collections.whole.size).toBe(2)
})
