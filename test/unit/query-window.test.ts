// @vitest-environment-options {"own":"unit/query-window"}
import { createCollection, createLiveQueryCollection, type Collection } from '@tanstack/db'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { CollectionSink } from '../../src/main/collection-sink.ts'
import { queriesPart } from '../../src/main/queries-part.ts'
import { watchWindows } from '../../src/main/watch-windows.ts'
import { settled } from './scripted-tab.ts'

interface Row {
  id: string
  n: unknown
}
type Rows = Collection<Row, string>

/** A collection that is held whole, and how many rows its subscribers have been told of. */
function wholeCollection() {
  const sink = new CollectionSink({ mode: 'eager', onStart: () => undefined, onCleanup: () => undefined, load: () => true, unload: () => undefined })
  const collection = createCollection<Row, string>({ id: `rows-${String(Math.random())}`, getKey: ({ id }: Row) => id, ...(sink.config as { sync: never }), gcTime: 0 })
  let told = 0
  const subscribe = collection.subscribeChanges.bind(collection)
  collection.subscribeChanges = (callback, options) =>
    subscribe((changes) => {
      told += changes.length
      callback(changes)
    }, options)
  sink.watch(collection as unknown as Collection<object, string>)
  collection.startSyncImmediate()
  const write = (rows: ReadonlyArray<Row>): void => void sink.write({ rows: rows.map((row) => ({ ...row })), deleted: [] })
  return { sink, collection, write, told: () => told }
}

const most = (rows: Rows) =>
  createLiveQueryCollection({ startSync: true, gcTime: 0, query: (q) => q.from({ r: rows }).orderBy(({ r }) => r.n, 'desc').limit(2) })

const rowsFrom = (first: number, count: number, value = (n: number): unknown => n): Row[] =>
  Array.from({ length: count }, (_, index) => ({ id: `k${String(first + index).padStart(5, '0')}`, n: value(1000 - first - index) }))

beforeAll(async () => {
  await queriesPart.load()
  // TanStack DB recommends an index for every window.
  vi.spyOn(console, 'warn').mockImplementation(() => undefined)
})
afterAll(() => {
  vi.restoreAllMocks()
})

test('a query of first rows that is mounted before the load is told of few of those that come after them', async () => {
  const { sink, collection, write, told } = wholeCollection()
  const query = most(collection)
  for (let first = 0; first < 1000; first += 100) write(rowsFrom(first, 100))
  sink.markReady()
  await settled()
  expect(query.toArray.map(({ n }) => n)).toEqual([1000, 999])
  expect(told()).toBeLessThan(150)
})

test('updates of rows that come after the first ones are not told; one that comes before them is', async () => {
  const { sink, collection, write, told } = wholeCollection()
  write(rowsFrom(0, 1000))
  sink.markReady()
  const query = most(collection)
  await settled()
  const before = told()
  write(rowsFrom(500, 400, (n) => n - 0.5))
  await settled()
  expect(told()).toBe(before)
  write([{ id: 'k00700', n: 5000 }])
  await settled()
  expect(query.toArray.map(({ n }) => n)).toEqual([5000, 1000])
  // The row leaves again: what follows the first rows is read from the index, with the values that it was not told of.
  write([{ id: 'k00700', n: 0 }, { id: 'k00000', n: 0 }])
  await settled()
  expect(query.toArray.map(({ n }) => n)).toEqual([999, 998])
})

test('values that are not compared here make it step aside', async () => {
  const { sink, collection, write } = wholeCollection()
  const at = (n: number): Date => new Date(n * 1000)
  const query = most(collection)
  write(rowsFrom(0, 10, at))
  sink.markReady()
  await settled()
  write(rowsFrom(20, 10, at))
  write([{ id: 'k00029', n: at(5000) }])
  await settled()
  expect(query.toArray.map(({ n }) => n)).toEqual([at(5000), at(1000)])
})

test('a subscription that has not the methods that are watched is left as it is', () => {
  const subscription = { unsubscribe: () => undefined }
  const collection = { subscribeChanges: () => subscription } as unknown as Collection<object, string>
  watchWindows(collection, () => 0)
  expect(collection.subscribeChanges(() => undefined)).toBe(subscription)
  expect(Object.keys(subscription)).toEqual(['unsubscribe'])
})
