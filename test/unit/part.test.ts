// @vitest-environment-options {"own":"unit/part"}
import { createLiveQueryCollection, createTransaction } from '@tanstack/db'
import * as v from 'valibot'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { callbacksPart } from '../../src/main/callbacks-part.ts'
import { createStreamDB, type CreateStreamDBOptions } from '../../src/main/index.ts'
import { Part } from '../../src/main/part.ts'
import { queriesPart } from '../../src/main/queries-part.ts'
import { writingPart } from '../../src/main/writing-part.ts'
import { SidestreamError } from '../../src/shared/errors.ts'
import { Gate } from '../../src/shared/gate.ts'
import { createStateSchema } from '../../src/shared/state-schema.ts'
import { FakeEngine } from '../support/fake-engine.ts'
import { settled } from './scripted-tab.ts'

const schema = createStateSchema({
  todos: { schema: v.object({ id: v.string(), text: v.string() }), type: 'todo', primaryKey: 'id' },
  users: { schema: v.object({ id: v.string() }), type: 'user', primaryKey: 'id', syncMode: 'on-demand' },
})
const make = (change: Partial<CreateStreamDBOptions<typeof schema>> = {}) =>
  createStreamDB<typeof schema>({ streamOptions: { url: 'https://example.com/s' }, state: schema, worker: engine.make, ...change })

let engine: FakeEngine
let db: ReturnType<typeof make>

beforeEach(() => {
  engine = new FakeEngine()
  db = make()
})
afterEach(() => {
  db.close()
  vi.restoreAllMocks()
})

const until = (holds: () => boolean): Promise<void> => vi.waitFor(() => { if (!holds()) throw new Error('it did not happen') }, { timeout: 5000, interval: 2 })
const codeOf = (work: Promise<unknown>): Promise<string | undefined> => work.then(() => undefined, (error: { code: string }) => error.code)
const offline = new SidestreamError('WORKER_START_FAILED', 'a part of the code cannot be loaded: offline', { retryable: true })
const insert = schema.todos.insert({ value: { id: '1', text: 'one' } })
/** What TanStack DB asks of a collection for a query of its own. */
const askUsers = (options = {}): true | Promise<void> => db.collections.users._sync.loadSubset(options)

/** Holds a part's code back until the test hands it out. */
async function holdBack<T>(part: Part<T>): Promise<Gate<T>> {
  const code = await part.load()
  const gate = new Gate<T>()
  part.code = null
  vi.spyOn(part, 'load').mockImplementation(() => gate.promise.then(() => (part.code = code)))
  return gate
}

describe('a part of the code', () => {
  test('is loaded once, for all that wait for it', async () => {
    const load = vi.fn(() => Promise.resolve('code'))
    const part = new Part(load)
    expect([part.code, load.mock.calls.length]).toEqual([null, 0])
    expect(await Promise.all([part.load(), part.load()])).toEqual(['code', 'code'])
    expect([part.code, load.mock.calls.length]).toEqual(['code', 1])
  })

  test('that cannot be loaded rejects with a code, and is asked for again by the next call', async () => {
    const load = vi.fn(() => Promise.resolve('code')).mockRejectedValueOnce(new TypeError('Failed to fetch'))
    const part = new Part(load)
    const failures = await Promise.allSettled([part.load(), part.load()])
    for (const failure of failures) expect(failure).toMatchObject({ status: 'rejected', reason: { code: 'WORKER_START_FAILED', retryable: true, message: 'a part of the code cannot be loaded: Failed to fetch' } })
    expect(await part.load()).toBe('code')
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('that is given is not loaded', async () => {
    const load = vi.fn(() => Promise.resolve('code'))
    const part = new Part(load)
    part.code = 'given'
    expect(await part.load()).toBe('given')
    expect(load).not.toHaveBeenCalled()
  })

  test('throws errors that are instances of the page’s own class, although it has a copy of it', () => {
    const copy = new Error('in another file')
    copy.name = 'SidestreamError'
    expect(copy).toBeInstanceOf(SidestreamError)
    expect(new SidestreamError('CLOSED', 'x')).toBeInstanceOf(SidestreamError)
    for (const other of [new Error('x'), { name: 'SidestreamError' }, null, undefined]) expect(other).not.toBeInstanceOf(SidestreamError)
  })
})

describe('without the code for writes', () => {
  test('a write rejects with a code, its change is taken back, and the next write goes through', async () => {
    vi.spyOn(writingPart, 'load').mockRejectedValueOnce(offline)
    const refused = db.collections.todos.insert({ id: '1', text: 'one' })
    expect(db.collections.todos.has('1')).toBe(true)
    expect(await codeOf(refused.isPersisted.promise)).toBe('WORKER_START_FAILED')
    expect(db.collections.todos.has('1')).toBe(false)
    const stored = db.collections.todos.insert({ id: '2', text: 'two' })
    await until(() => engine.writes.length === 1)
    await engine.acknowledge(engine.writes[0]!)
    await stored.isPersisted.promise
    expect(engine.writes.map(({ id }) => id)).toEqual([stored.id])
  })

  test('every call that needs it rejects with a code, and works the next time', async () => {
    vi.spyOn(writingPart, 'load').mockRejectedValueOnce(offline).mockRejectedValueOnce(offline).mockRejectedValueOnce(offline)
    expect(await Promise.all([codeOf(db.write([insert])), codeOf(db.outbox.retry('w')), codeOf(db.stream.append('{}'))])).toEqual(Array(3).fill('WORKER_START_FAILED'))
    expect(engine.writes).toEqual([])
    expect(await db.outbox.retry('w')).toBe(true)
    await db.stream.append('{}')
  })

  test('a body that is promised, and fails, is no unhandled rejection', async () => {
    vi.spyOn(writingPart, 'load').mockRejectedValueOnce(offline)
    expect(await codeOf(db.stream.append(Promise.reject(new Error('no file'))))).toBe('WORKER_START_FAILED')
    await settled()
  })

  test('writes wait for it in their order', async () => {
    const code = await holdBack(writingPart)
    const transactions = ['1', '2', '3'].map((id) => db.collections.todos.insert({ id, text: id }))
    const written = db.write([schema.todos.insert({ value: { id: '4', text: '4' } })], { txid: 'by hand' })
    await settled()
    expect(engine.writes).toEqual([])
    expect([...db.collections.todos.keys()]).toEqual(['1', '2', '3'])
    code.resolve(null as never)
    await until(() => engine.writes.length === 4)
    expect(engine.writes.map(({ id }) => id)).toEqual([...transactions.map(({ id }) => id), 'by hand'])
    for (const write of [...engine.writes]) await engine.acknowledge(write)
    await written
  })

  test('a write that waits for it rejects when the StreamDB closes', async () => {
    const code = await holdBack(writingPart)
    const transaction = createTransaction({ mutationFn: db.mutationFn })
    transaction.mutate(() => { db.collections.todos.insert({ id: '1', text: 'one' }) })
    db.close()
    expect(await codeOf(transaction.isPersisted.promise)).toBe('CLOSED')
    code.resolve(null as never)
    await settled()
    expect(engine.writes).toEqual([])
  })

  test('a tab that is given its first write in the middle of a session sends it once', async () => {
    const preloaded = db.preload()
    await until(() => engine.calls.includes('start'))
    await engine.send()
    await preloaded
    const written = db.write([insert])
    await until(() => engine.writes.length === 1)
    await engine.send({ status: engine.status })
    expect(engine.writes.length).toBe(1)
    await engine.acknowledge(engine.writes[0]!)
    await written
  })
})

describe('without the code for queries', () => {
  beforeEach(() => {
    queriesPart.code = null
  })

  test('a query on demand rejects with a code, and the next one is served', async () => {
    vi.spyOn(queriesPart, 'load').mockRejectedValueOnce(offline)
    db.collections.users.startSyncImmediate()
    expect(await codeOf(Promise.resolve(askUsers()))).toBe('WORKER_START_FAILED')
    const served = Promise.resolve(askUsers())
    await until(() => engine.subsets.length > 0 || engine.hellos.some(({ tab }) => tab.subsets.length > 0))
    await engine.send({ served: [{ id: 1, rows: null, edge: null, whole: true }] })
    await served
  })

  test('what the hello has of subsets is not sent once more: it would arrive after the hello, and may have changed', async () => {
    await queriesPart.load()
    queriesPart.code ??= await import('../../src/main/queries.ts')
    db.collections.users.startSyncImmediate()
    const served = Promise.resolve(askUsers())
    await until(() => engine.calls.includes('start'))
    await settled()
    expect([engine.hellos.map(({ tab }) => tab.subsets.length), engine.subsets]).toEqual([[1], []])
    await engine.send({ served: [{ id: 1, rows: null, edge: null, whole: true }] })
    await served
  })

  test('a query that is gone before the code is there asks for nothing', async () => {
    const code = await holdBack(queriesPart)
    db.collections.users.startSyncImmediate()
    const options = {}
    const served = Promise.resolve(askUsers(options))
    db.collections.users._sync.unloadSubset(options)
    code.resolve(null as never)
    await served
    await until(() => engine.calls.includes('start'))
    await settled()
    expect([engine.subsets, engine.hellos.flatMap(({ tab }) => tab.subsets)]).toEqual([[], []])
  })

  test('a query that waits for it rejects when the StreamDB closes', async () => {
    await holdBack(queriesPart)
    db.collections.users.startSyncImmediate()
    const served = codeOf(Promise.resolve(askUsers()))
    db.close()
    expect(await served).toBe('CLOSED')
  })

  test.each([['that fails', true], ['that comes later', false]])('a query of first rows over a whole collection shows them, also with a load %s', async (_, fails) => {
    const code = await holdBack(queriesPart)
    // TanStack DB recommends an index for every window.
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const query = createLiveQueryCollection((q) => q.from({ t: db.collections.todos }).orderBy(({ t }) => t.text, 'desc').limit(2))
    const loaded = query.preload()
    const texts = (): string[] => query.toArray.map(({ text }) => text)
    await until(() => engine.calls.includes('start'))
    const row = (n: number) => ({ id: String(n), text: String(n), _seq: n })
    await engine.send({ diffs: [{ collection: 'todos', rows: [1, 2, 3, 4].map(row), deleted: [] }] })
    await loaded
    expect(texts()).toEqual(['4', '3'])
    if (fails) code.reject(offline)
    else code.resolve(null as never)
    await settled()
    await engine.send({ diffs: [{ collection: 'todos', rows: [5, 0].map(row), deleted: ['4'] }] })
    await until(() => texts().join() === '5,3')
    await engine.send({ diffs: [{ collection: 'todos', rows: [], deleted: ['5', '3'] }] })
    await until(() => texts().join() === '2,1')
    await query.cleanup()
  })
})

describe('without the code for callbacks', () => {
  test('no session is opened, because hooks would miss events; the next attempt opens it', async () => {
    vi.spyOn(callbacksPart, 'load').mockRejectedValueOnce(offline)
    db.close()
    db = make({ onBatch: () => undefined })
    expect(await codeOf(db.preload())).toBe('WORKER_START_FAILED')
    expect(engine.hellos).toEqual([])
    expect(db.status.getSnapshot()).toMatchObject({ connection: 'offline', lastError: { code: 'WORKER_START_FAILED', retryable: true } })
    const preloaded = db.preload()
    await until(() => engine.calls.includes('start'))
    expect(engine.hellos.map(({ wantsEvents }) => wantsEvents)).toEqual([true])
    await engine.send()
    await preloaded
  })

  test('a StreamDB without hooks, headers and params is opened', async () => {
    const load = vi.spyOn(callbacksPart, 'load')
    const preloaded = db.preload()
    await until(() => engine.calls.includes('start'))
    await engine.send()
    await preloaded
    expect(load).not.toHaveBeenCalled()
    expect(engine.hellos[0]).toMatchObject({ request: { headers: {}, params: {} }, wantsEvents: false })
  })
})
