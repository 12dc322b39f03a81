import { createOptimisticAction, createTransaction, SchemaValidationError, type Collection } from '@tanstack/db'
import * as v from 'valibot'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createStreamDB, type CreateStreamDBOptions } from '../../src/main/index.ts'
import { createStateSchema } from '../../src/shared/state-schema.ts'
import type { PendingWrite } from '../../src/shared/write.ts'
import { FakeEngine } from '../support/fake-engine.ts'

/* The collections are TanStack DB's own; the engine is the test's. */

const schema = createStateSchema({
  todos: { schema: v.object({ id: v.string(), text: v.string(), note: v.optional(v.string()) }), type: 'todo', primaryKey: 'id' },
  users: { schema: v.object({ id: v.string() }), type: 'user', primaryKey: 'id' },
})
const make = (engine: FakeEngine, change: Partial<CreateStreamDBOptions<typeof schema>> = {}) =>
  createStreamDB<typeof schema>({ streamOptions: { url: 'https://example.com/s' }, state: schema, worker: engine.make, ...change })

let engine: FakeEngine
let db: ReturnType<typeof make>

beforeEach(() => {
  engine = new FakeEngine()
  db = make(engine)
})
afterEach(() => {
  db.close()
})

const until = (holds: () => boolean): Promise<void> => vi.waitFor(() => { if (!holds()) throw new Error('it did not happen') }, { timeout: 5000, interval: 2 })
const codeOf = (work: Promise<unknown>): Promise<string | undefined> => work.then(() => undefined, (error: { code: string }) => error.code)

/** A StreamDB that shows one row. */
async function loaded(): Promise<void> {
  const preloaded = db.preload()
  await until(() => engine.calls.includes('start'))
  await engine.send({ diffs: [{ collection: 'todos', rows: [{ id: '0', text: 'zero', _seq: 1 }], deleted: [] }] })
  await preloaded
}

/** What a subscriber is told of a collection. */
function changesOf(collection: Collection<never, string>): string[] {
  const seen: string[] = []
  collection.subscribeChanges((changes) => {
    for (const { type, key, value } of changes) seen.push(`${type} ${key} ${(value as { text?: string }).text ?? ''}`.trim())
  })
  return seen
}
const texts = (): string[] => db.collections.todos.toArray.map(({ text }) => text)

describe('a write by a collection', () => {
  test('is shown at once, is persisted when it is stored, and never disappears between', async () => {
    await loaded()
    const seen = changesOf(db.collections.todos as never)
    const transaction = db.collections.todos.insert({ id: '1', text: 'one' })
    expect(texts()).toEqual(['zero', 'one'])
    await until(() => engine.writes.length === 1)
    expect(engine.writes).toEqual([{ id: transaction.id, createdAt: transaction.createdAt.getTime(), mutations: [{ kind: 'put', collection: 'todos', key: '1', value: { id: '1', text: 'one' }, operation: 'insert' }] }])
    expect(transaction.state).toBe('persisting')
    await engine.acknowledge(engine.writes[0]!)
    await transaction.isPersisted.promise
    expect(texts()).toEqual(['zero', 'one'])
    expect(db.collections.todos.get('1')).toMatchObject({ _seq: Number.MAX_SAFE_INTEGER })
    expect(seen.filter((change) => !change.startsWith('update'))).toEqual(['insert 1 one'])
  })

  test('is acknowledged although another write of the collection waits, and no row disappears', async () => {
    await loaded()
    const seen = changesOf(db.collections.todos as never)
    const [one, two] = [db.collections.todos.insert({ id: '1', text: 'one' }), db.collections.todos.insert({ id: '2', text: 'two' })]
    await until(() => engine.writes.length === 2)
    await engine.acknowledge(engine.writes[0]!)
    await one.isPersisted.promise
    expect([two.state, texts().sort()]).toEqual(['persisting', ['one', 'two', 'zero']])
    await engine.acknowledge(engine.writes[1]!)
    await two.isPersisted.promise
    expect(texts().sort()).toEqual(['one', 'two', 'zero'])
    expect(seen.filter((change) => !change.startsWith('update')).sort()).toEqual(['insert 1 one', 'insert 2 two'])
  })

  test('may patch a row, remove a field, and remove a row', async () => {
    await loaded()
    db.collections.todos.update('0', (draft) => { draft.text = 'none'; draft.note = undefined })
    await until(() => engine.writes.length === 1)
    expect(engine.writes[0]!.mutations).toEqual([{ kind: 'patch', collection: 'todos', key: '0', changes: { text: 'none' } }])
    await engine.send({ stored: [engine.writes[0]!.id], diffs: [{ collection: 'todos', rows: [{ id: '0', text: 'none', _seq: 9 }], deleted: [], pending: ['0'] }] })
    const removed = db.collections.todos.delete('0')
    await until(() => engine.writes.length === 2)
    expect(engine.writes[1]!.mutations).toEqual([{ kind: 'remove', collection: 'todos', key: '0' }])
    await engine.acknowledge(engine.writes[1]!)
    await removed.isPersisted.promise
    expect(texts()).toEqual([])
  })

  test('starts a StreamDB that nothing has used', async () => {
    db.collections.users.insert({ id: 'u' })
    await until(() => engine.writes.length === 1)
    expect(engine.calls.filter((name) => name !== 'write')).toContain('start')
    expect(engine.calls.indexOf('start')).toBeLessThan(engine.calls.indexOf('write'))
    expect(engine.writes.length).toBe(1)
  })

  test('that the engine cannot store is taken back', async () => {
    await loaded()
    engine.answer = { ok: false, error: { code: 'STORAGE_FAILED', message: 'full', retryable: true } }
    const transaction = db.collections.todos.insert({ id: '1', text: 'one' })
    expect(texts()).toEqual(['zero', 'one'])
    await expect(transaction.isPersisted.promise).rejects.toMatchObject({ code: 'STORAGE_FAILED', retryable: true })
    expect(texts()).toEqual(['zero'])
  })

  test('is taken back by close(), and refused after it', async () => {
    await loaded()
    const transaction = db.collections.todos.insert({ id: '1', text: 'one' })
    db.close()
    expect(await codeOf(transaction.isPersisted.promise)).toBe('CLOSED')
    expect(await codeOf(db.collections.todos.insert({ id: '2', text: 'two' }).isPersisted.promise)).toBe('CLOSED')
    expect(await codeOf(db.write([schema.users.delete({ key: 'u' })]))).toBe('CLOSED')
    expect(texts()).toEqual(['zero'])
  })

  test('of a row that the schema refuses throws TanStack DB’s error, with our code, and shows nothing', async () => {
    await loaded()
    const refusals = [() => db.collections.todos.insert({ id: '1' } as never), () => db.collections.todos.update('0', (draft) => { draft.text = 5 as never })]
    for (const refused of refusals) {
      expect(refused).toThrow(SchemaValidationError)
      expect(refused).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED', name: 'SchemaValidationError' }))
    }
    expect(() => db.collections.todos.insert({ id: '0', text: 'again' })).toThrow(expect.not.objectContaining({ code: 'VALIDATION_FAILED' }))
    expect(texts()).toEqual(['zero'])
    expect(engine.writes).toEqual([])
  })
})

describe('a transaction', () => {
  test('over two collections is one write', async () => {
    await loaded()
    const transaction = createTransaction({ mutationFn: db.mutationFn })
    transaction.mutate(() => {
      db.collections.users.insert({ id: 'u' })
      db.collections.todos.insert({ id: '1', text: 'one' })
      db.collections.todos.delete('0')
    })
    await until(() => engine.writes.length === 1)
    expect(engine.writes[0]).toMatchObject({ id: transaction.id, mutations: [{ collection: 'users' }, { collection: 'todos', kind: 'put' }, { collection: 'todos', kind: 'remove' }] })
    await engine.acknowledge(engine.writes[0]!)
    await transaction.isPersisted.promise
    expect([texts(), db.collections.users.size]).toEqual([['one'], 1])
  })

  test('with a collection of another StreamDB is taken back as a whole', async () => {
    await loaded()
    const other = make(new FakeEngine())
    const transaction = createTransaction({ mutationFn: db.mutationFn })
    transaction.mutate(() => {
      db.collections.todos.insert({ id: '1', text: 'one' })
      other.collections.users.insert({ id: 'u' })
    })
    expect(await codeOf(transaction.isPersisted.promise)).toBe('INVALID_ARGUMENT')
    expect([texts(), other.collections.users.size, engine.writes.length]).toEqual([['zero'], 0, 0])
    other.close()
  })

  test('of an action is written by the StreamDB, when the action does not write it', async () => {
    const acting = createStreamDB({
      streamOptions: { url: 'https://example.com/s' },
      state: schema,
      worker: engine.make,
      actions: ({ db: inner }) => ({ add: { onMutate: (text: string) => { inner.collections.todos.insert({ id: '1', text }) } } }),
    })
    const add = createOptimisticAction<string>({ onMutate: (text) => { acting.collections.todos.insert({ id: '2', text }) }, mutationFn: acting.mutationFn })
    const transactions = [acting.actions.add('one'), add('two')]
    await until(() => engine.writes.length === 2)
    expect(engine.writes.map(({ mutations: [mutation] }) => mutation)).toEqual([
      { kind: 'put', collection: 'todos', key: '1', value: { id: '1', text: 'one' }, operation: 'insert' },
      { kind: 'put', collection: 'todos', key: '2', value: { id: '2', text: 'two' }, operation: 'insert' },
    ])
    for (const write of engine.writes) await engine.acknowledge(write)
    await Promise.all(transactions.map(({ isPersisted }) => isPersisted.promise))
    acting.close()
  })

  test('function that is called by hand says what it takes', async () => {
    expect(await codeOf(db.mutationFn({} as never))).toBe('INVALID_ARGUMENT')
    expect(await codeOf(db.mutationFn(undefined as never))).toBe('INVALID_ARGUMENT')
  })
})

describe('events by hand', () => {
  test('resolve with their txid when they are stored and shown', async () => {
    await loaded()
    const work = db.write([schema.todos.upsert({ value: { id: '1', text: 'one' } }), schema.users.insert({ value: { id: 'u' } })], { txid: 't' })
    await until(() => engine.writes.length === 1)
    expect(texts()).toEqual(['zero'])
    await engine.acknowledge(engine.writes[0]!)
    expect(await work).toEqual({ txid: 't' })
    expect([texts(), db.collections.users.size]).toEqual([['zero', 'one'], 1])
  })

  test('reject for what cannot be written', async () => {
    expect(await codeOf(db.write([]))).toBe('INVALID_ARGUMENT')
    expect(await codeOf(db.write([{ ...schema.users.insert({ value: { id: 'u' } }), value: {} }]))).toBe('VALIDATION_FAILED')
    expect(engine.hellos).toEqual([])
  })
})

describe('an engine that is lost', () => {
  test('with its worker, after it has taken a write: the next worker gets the write', async () => {
    engine.isAlive = false
    const transaction = db.collections.todos.insert({ id: '1', text: 'one' })
    await until(() => db.status.getSnapshot().connection === 'offline')
    expect(engine.writes.length).toBe(1)
    engine.isAlive = true
    await until(() => engine.writes.length === 2)
    expect([engine.hellos.length, transaction.state]).toEqual([2, 'persisting'])
    await engine.acknowledge(engine.writes[1]!)
    await transaction.isPersisted.promise
    expect(texts()).toEqual(['one'])
  })

  test('with a worker that nothing replaces: the write is taken back, and may be made again', async () => {
    db.close()
    db = make(engine, { worker: engine.make() })
    engine.isAlive = false
    expect(await codeOf(db.collections.todos.insert({ id: '1', text: 'one' }).isPersisted.promise)).toBe('WORKER_DIED')
    expect(texts()).toEqual([])
    engine.isAlive = true
    const again = db.collections.todos.insert({ id: '1', text: 'one' })
    await until(() => engine.writes.length === 2)
    await engine.acknowledge(engine.writes[1]!)
    await again.isPersisted.promise
  })

  test('behind the seat: the next one gets the write, and the row stays', async () => {
    await loaded()
    const seen = changesOf(db.collections.todos as never)
    const transaction = db.collections.todos.insert({ id: '1', text: 'one' })
    await until(() => engine.writes.length === 1)
    await engine.tab.status({ ...engine.status, epoch: 'e2' })
    await until(() => engine.writes.length === 2)
    expect([engine.writes[1], transaction.state]).toEqual([engine.writes[0], 'persisting'])
    await engine.acknowledge(engine.writes[1]!)
    await transaction.isPersisted.promise
    expect(seen.filter((change) => !change.startsWith('update'))).toEqual(['insert 1 one'])
  })

  test('while rows are held back: they are removed when the next one does not have them', async () => {
    await loaded()
    const transaction = db.collections.todos.insert({ id: '1', text: 'one' })
    await until(() => engine.writes.length === 1)
    // Held back, because the write waits.
    await engine.send({ diffs: [{ collection: 'todos', rows: [{ id: '2', text: 'two', _seq: 2 }], deleted: [] }] })
    expect(texts()).toEqual(['zero', 'one'])
    await engine.send({ replace: true, stored: [transaction.id], diffs: [{ collection: 'todos', rows: [{ id: '1', text: 'one', _seq: 1 }], deleted: [], pending: ['1'] }] })
    await transaction.isPersisted.promise
    expect(texts()).toEqual(['one'])
  })
})

describe('the outbox', () => {
  const pending: PendingWrite = { id: 'w', mutations: [{ kind: 'remove', collection: 'todos', key: '1' }], createdAt: 1, state: 'stored', attempts: 0, error: null }

  test('is what the engine says, and hands a refused write to onRejected', async () => {
    const onRejected = vi.fn()
    db.close()
    db = make(engine, { onRejected })
    await loaded()
    expect(engine.hellos[0]).toMatchObject({ wantsRejected: true, tab: { pendingKeys: {} } })
    await engine.tab.outbox({ reset: true, added: [pending], changed: [], removed: [], rejected: [] })
    expect(db.outbox.getSnapshot()).toEqual([pending])
    await engine.tab.outbox({ reset: false, added: [], changed: [{ id: 'w', state: 'parked', attempts: 1, error: null }], removed: [], rejected: ['w'] })
    expect(onRejected.mock.calls).toEqual([[{ ...pending, state: 'parked', attempts: 1 }]])
    expect([await db.outbox.retry('w'), await db.outbox.discard('w')]).toEqual([true, false])
    expect(engine.calls.slice(-2)).toEqual(['retry w', 'discard w'])
  })

  test('may keep the cache from being cleared, unless its writes are to be discarded', async () => {
    await loaded()
    engine.cleared = { ok: false, error: { code: 'WRITES_PENDING', message: 'one write', retryable: false } }
    expect(await codeOf(db.clearCache())).toBe('WRITES_PENDING')
    const transaction = db.collections.todos.insert({ id: '1', text: 'one' })
    engine.cleared = { ok: true, value: null }
    await db.clearCache({ discardWrites: true })
    expect(engine.calls.filter((name) => name.startsWith('clear'))).toEqual(['clearCache false', 'clearCache true'])
    expect(await codeOf(transaction.isPersisted.promise)).toBe('CLOSED')
    expect(await codeOf(db.clearCache({ discardWrites: 1 } as never))).toBe('INVALID_ARGUMENT')
    expect(await codeOf(db.clearCache({ discardWrite: true } as never))).toBe('INVALID_ARGUMENT')
    expect(await codeOf(db.clearCache(null as never))).toBe('INVALID_ARGUMENT')
  })
})
