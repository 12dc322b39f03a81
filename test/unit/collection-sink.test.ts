import { createCollection, createLiveQueryCollection, createTransaction, gt, type Collection } from '@tanstack/db'
import { beforeEach, describe, expect, test } from 'vitest'
import { CollectionSink } from '../../src/main/collection-sink.ts'
import { settled } from './scripted-tab.ts'

interface Item {
  id: string
  n: number
}

let sink: CollectionSink
let starts: boolean[]
let collection: Collection<Item, string>

beforeEach(() => {
  starts = []
  sink = new CollectionSink({
    mode: 'eager',
    onStart: (again) => starts.push(again),
    onCleanup: () => undefined,
    load: () => true,
    unload: () => undefined,
  })
  collection = createCollection<Item, string>({ id: `sink-${String(Math.random())}`, getKey: ({ id }) => id, ...(sink.config as { sync: never }), gcTime: 0 })
})

const item = (id: string, n: number): Item & Record<string, unknown> => ({ id, n })
const put = (...rows: Array<Item & Record<string, unknown>>): void => {
  sink.write({ rows, deleted: [] })
}
const shown = (of: Collection<Item, string> = collection): Record<string, number> => Object.fromEntries(of.toArray.map(({ id, n }) => [id, n]))

/** A mutation whose success is the test's to decide. */
function optimistic(mutate: () => void): { finish: () => void; settled: Promise<unknown> } {
  let finish: () => void = () => undefined
  const persisted = new Promise<void>((resolve) => (finish = resolve))
  const transaction = createTransaction({ mutationFn: () => persisted })
  transaction.mutate(mutate)
  return { finish, settled: transaction.isPersisted.promise }
}

describe('rows in a TanStack DB collection', () => {
  beforeEach(() => {
    collection.startSyncImmediate()
  })

  test('are put whether they are there or not, and replaced whole', () => {
    put({ ...item('a', 1), extra: true }, item('b', 1))
    put(item('a', 2))
    put(item('a', 2))
    expect(shown()).toEqual({ a: 2, b: 1 })
    expect(Object.keys(collection.get('a')!)).not.toContain('extra')
  })

  test('are removed whether they are there or not', () => {
    put(item('a', 1), item('b', 1))
    sink.write({ rows: [], deleted: ['a', 'missing'] })
    sink.write({ rows: [], deleted: ['a'] })
    expect(shown()).toEqual({ b: 1 })
  })

  test('may come and go in one commit, which subscribers see as one', () => {
    put(item('a', 1), item('b', 1))
    const seen: string[][] = []
    collection.subscribeChanges((changes) => seen.push(changes.map(({ type, key }) => `${type} ${String(key)}`).sort()), { includeInitialState: true })
    seen.length = 0
    sink.write({ rows: [item('a', 2), item('c', 1)], deleted: ['b'] })
    expect(seen).toEqual([['delete b', 'insert c', 'update a']])
  })

  test('are seen by no subscriber when nothing changed', () => {
    put(item('a', 1))
    let changes = 0
    collection.subscribeChanges((batch) => (changes += batch.length), { includeInitialState: true })
    changes = 0
    put(item('a', 1))
    sink.write({ rows: [], deleted: ['missing'] })
    expect(changes).toBe(0)
  })

  test('make the collection ready when it is said so, once', () => {
    put(item('a', 1))
    expect(collection.isReady()).toBe(false)
    sink.markReady()
    sink.markReady()
    expect(collection.isReady()).toBe(true)
  })

  test('reach live queries', async () => {
    put(item('a', 1), item('b', 5))
    sink.markReady()
    const query = createLiveQueryCollection((q) => q.from({ i: collection }).where(({ i }) => gt(i.n, 2)))
    await query.preload()
    const ids = (): string[] => query.toArray.map((row) => (row as unknown as Item).id).sort()
    expect(ids()).toEqual(['b'])
    put(item('a', 3), item('b', 1), item('c', 9))
    expect(ids()).toEqual(['a', 'c'])
    sink.write({ rows: [], deleted: ['c'] })
    expect(ids()).toEqual(['a'])
    await query.cleanup()
  })

  test('are not checked against the collection’s schema, and have any key', () => {
    sink.write({ rows: [{ id: '__proto__', n: 'no number' }, { id: '', n: 1 }], deleted: [] })
    expect(collection.size).toBe(2)
    expect(collection.get('__proto__')).toMatchObject({ n: 'no number' })
  })

  test('come in while an optimistic transaction persists, and stay when it is done', async () => {
    put(item('a', 1))
    sink.markReady()
    const { finish, settled: persisted } = optimistic(() => collection.insert({ id: 'own', n: 7 }))
    put(item('a', 2), item('own', 7))
    expect(shown()).toMatchObject({ own: 7 })
    put(item('b', 3))
    finish()
    await persisted
    await settled()
    expect(shown()).toEqual({ a: 2, own: 7, b: 3 })
  })

  test('win over an optimistic change that is given up', async () => {
    put(item('a', 1))
    sink.markReady()
    const transaction = createTransaction({ mutationFn: () => Promise.reject(new Error('refused')) })
    transaction.mutate(() => collection.update('a', (draft) => void (draft.n = 99)))
    expect(shown()).toEqual({ a: 99 })
    put(item('a', 2))
    await transaction.isPersisted.promise.catch(() => undefined)
    await settled()
    expect(shown()).toEqual({ a: 2 })
  })

  test('do not flicker when the row that was awaited comes before its transaction is done', async () => {
    sink.markReady()
    const seen: string[] = []
    const { finish, settled: persisted } = optimistic(() => collection.insert({ id: 'own', n: 7 }))
    collection.subscribeChanges((changes) => seen.push(...changes.map(({ type, key }) => `${type} ${String(key)}`)), { includeInitialState: true })
    put(item('own', 7))
    finish()
    await persisted
    await settled()
    expect(seen.filter((change) => change.startsWith('delete'))).toEqual([])
    expect(shown()).toEqual({ own: 7 })
  })
})

describe('a collection’s life', () => {
  test('asks for rows when it is first used, and again after it was cleaned up', async () => {
    expect(starts).toEqual([])
    collection.startSyncImmediate()
    expect(starts).toEqual([false])
    await collection.cleanup()
    collection.startSyncImmediate()
    expect(starts).toEqual([false, true])
  })

  test('takes no rows before it is used', () => {
    put(item('a', 1))
    sink.markReady()
    collection.startSyncImmediate()
    expect(collection.size).toBe(0)
    expect(collection.isReady()).toBe(false)
  })

  test('takes no rows while it is cleaned up, and starts empty after that', async () => {
    collection.startSyncImmediate()
    put(item('a', 1))
    sink.markReady()
    await collection.cleanup()
    expect(() => {
      put(item('b', 1))
      sink.markReady()
    }).not.toThrow()
    expect(collection.status).toBe('cleaned-up')
    collection.startSyncImmediate()
    expect([collection.size, collection.isReady()]).toEqual([0, false])
    put(item('c', 1))
    sink.markReady()
    expect([shown(), collection.isReady()]).toEqual([{ c: 1 }, true])
  })
})
