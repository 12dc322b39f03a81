// @vitest-environment-options {"own":"property/one-event"}
import 'fake-indexeddb/auto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createStreamDB } from '../../src/main/create-stream-db.ts'
import type { StreamDBStatus } from '../../src/shared/status.ts'
import { itemEvents, schema } from '../support/schema.ts'
import { oddEvent } from './one-event/odd-events.ts'
import { RawStream } from './one-event/raw-stream.ts'
import { AliveLocks } from './subsets/alive-locks.ts'
import { EngineProcess } from './subsets/engine-process.ts'

/** Seeds and counts can be given: `SIDESTREAM_SEED=n`, `SIDESTREAM_RUNS=n`. */
const seed = Number(process.env['SIDESTREAM_SEED'] ?? 1)
const numRuns = Number(process.env['SIDESTREAM_RUNS'] ?? 30)
/** Time within which everything that has been appended is shown and stored, ms. */
const REST_LIMIT_MS = 5000

const locks = new AliveLocks()
beforeAll(() => {
  vi.stubGlobal('navigator', { locks })
})
afterAll(() => {
  vi.unstubAllGlobals()
})

const open = (stream: RawStream, process: EngineProcess, listens: boolean) =>
  createStreamDB({
    streamOptions: { url: stream.url, contentType: 'application/json', backoffOptions: { initialDelay: 1, maxDelay: 5, multiplier: 1.5 } },
    state: schema,
    worker: process.worker,
    ...(listens ? { onEvent: () => undefined, onInvalid: () => undefined } : {}),
  })
type Db = ReturnType<typeof open>

function until(db: Db, holds: (status: StreamDBStatus) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      reject(new Error(`it never came to that: ${JSON.stringify(db.status.getSnapshot())}`))
    }, REST_LIMIT_MS)
    const check = (): void => {
      if (!holds(db.status.getSnapshot())) return
      clearTimeout(limit)
      unsubscribe()
      resolve()
    }
    const unsubscribe = db.status.subscribe(check)
    check()
  })
}

const goodEvents = (count: number, first: number): string[] => itemEvents(count, first).map((event) => JSON.stringify(event))

function expectGood(db: Db, count: number): void {
  for (let n = 0; n < count; n += 1) expect(db.collections.items.get(`i${String(n).padStart(6, '0')}`)).toMatchObject({ n })
}

let streams = 0

/** Good events around odd ones: in one answer or in several, live, and after a restart without a server. */
async function survive(odd: readonly string[], isOneAnswer: boolean, listens: boolean): Promise<void> {
  const stream = new RawStream(`http://odd.test/${String((streams += 1))}`)
  const atEnd = ({ upToDate, stale, offset }: StreamDBStatus): boolean => upToDate && !stale && offset === stream.tail
  const parts = [goodEvents(2, 0), [...odd], goodEvents(2, 2)]
  for (const part of isOneAnswer ? [parts.flat()] : parts) stream.append(part)

  const first = new EngineProcess(stream.fetch, locks)
  const db = open(stream, first, listens)
  await db.preload()
  await until(db, atEnd)
  expectGood(db, 4)

  for (const part of [[...odd], goodEvents(1, 4)]) {
    stream.append(part)
    await until(db, atEnd)
  }
  expectGood(db, 5)
  await until(db, ({ storage, persistedOffset }) => storage === 'indexeddb' && persistedOffset === stream.tail)
  db.close()
  first.kill()

  stream.isOnline = false
  const second = new EngineProcess(stream.fetch, locks)
  const warm = open(stream, second, listens)
  await warm.preload()
  expect(warm.status.getSnapshot()).toMatchObject({ offset: stream.tail, stale: true })
  expectGood(warm, 5)
  stream.isOnline = true
  stream.append(goodEvents(1, 5))
  warm.reconnect()
  await until(warm, atEnd)
  expectGood(warm, 6)
  warm.close()
  second.kill()
}

test('whatever one event is, the others are shown, sync goes on, and the cache can be read', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(oddEvent, { minLength: 1, maxLength: 2 }), fc.boolean(), fc.boolean(), survive),
    { seed, numRuns, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: true },
  )
})

test.each([
  ['an array in an array, 100,000 times', '['.repeat(100_000) + ']'.repeat(100_000)],
  ['an object in an object, 50,000 times', '{"o":'.repeat(50_000) + '1' + '}'.repeat(50_000)],
  ['a row that is nested 5,000 levels deep', `{"type":"item","key":"odd","value":{"id":"odd","o":${'['.repeat(5000)}${']'.repeat(5000)}},"headers":{"operation":"insert"}}`],
  ['an old value that is', `{"type":"item","key":"odd","value":{"n":1},"old_value":${'['.repeat(5000)}${']'.repeat(5000)},"headers":{"operation":"update"}}`],
  ['headers that are', `{"type":"item","key":"odd","value":{"n":1},"headers":{"operation":"insert","more":${'['.repeat(5000)}${']'.repeat(5000)}}}`],
  ['a field beside them that is', `{"type":"item","key":"odd","value":{"n":1},"more":${'['.repeat(5000)}${']'.repeat(5000)},"headers":{"operation":"insert"}}`],
  ['a text of 2 MB', `{"type":"item","key":"odd","value":{"text":"${'x'.repeat(2_000_000)}"},"headers":{"operation":"insert"}}`],
  ['a key of 1 MB', `{"type":"item","key":"${'x'.repeat(1_000_000)}","value":{"n":1},"headers":{"operation":"insert"}}`],
  ['a lone surrogate as key, field and text', '{"type":"item","key":"\\ud800","value":{"\\udc00":"\\ud800"},"headers":{"operation":"insert","txid":"\\ud800"}}'],
  ['`__proto__` as type, key and field', '{"type":"__proto__","key":"__proto__","value":{"__proto__":{"id":"x"}},"headers":{"operation":"insert","__proto__":{"control":"reset"}}}'],
])('%s', async (_, odd) => {
  await survive([odd], true, true)
  await survive([odd], false, false)
})
