import { createLiveQueryCollection, eq } from '@tanstack/db'
import * as v from 'valibot'
import { expect, test, vi } from 'vitest'
import { createStateSchema, defineQueries } from '../../src/main/index.ts'
import { createTestStreamDB } from '../../src/testing/index.ts'

/** Far more than it takes, on a machine that does much else too. */
const LONG = { timeout: 20_000 }

const user = v.object({ id: v.string(), name: v.string() })
const schema = createStateSchema({
  users: { schema: user, type: 'user', primaryKey: 'id' },
  cities: { schema: v.object({ id: v.string(), people: v.number() }), type: 'city', primaryKey: 'id', syncMode: 'on-demand' },
})
const ada = schema.users.insert({ value: { id: '1', name: 'Ada' } })
const bob = schema.users.insert({ value: { id: '2', name: 'Bob' } })
const city = (n: number): unknown => schema.cities.upsert({ value: { id: `c${String(n)}`, people: n } })

test('begins with the events that are given, read to their end', async () => {
  const { db } = createTestStreamDB({ state: schema, events: [ada] })
  await db.preload()
  expect(db.collections.users.get('1')).toMatchObject({ name: 'Ada' })
  expect(db.status.getSnapshot()).toMatchObject({ connection: 'live', upToDate: true, stale: false, where: 'page', storage: 'memory' })
  db.close()
})

test('is loading until the test says that the stream has been read', async () => {
  const { db, stream } = createTestStreamDB({ state: schema })
  const ready = vi.fn()
  const preloaded = db.preload().then(ready)
  await stream.send([ada])
  expect([db.collections.users.size, db.collections.users.status, ready.mock.calls.length]).toEqual([0, 'loading', 0])
  await stream.upToDate()
  await preloaded
  expect([db.collections.users.size, db.collections.users.status]).toEqual([1, 'ready'])
  db.close()
})

test('of a stream without events is ready, and empty', async () => {
  const { db } = createTestStreamDB({ state: schema, events: [] })
  await db.preload()
  expect(db.collections.users.size).toBe(0)
  db.close()
})

test('what is sent is in the collections when the promise settles, in any number of rows', async () => {
  const { db, stream } = createTestStreamDB({ state: schema, events: [] })
  await db.preload()
  await stream.send(Array.from({ length: 5000 }, (_, n) => schema.users.insert({ value: { id: String(n), name: 'x' } })))
  expect(db.collections.users.size).toBe(5000)
  await Promise.all([stream.send([schema.users.delete({ key: '0' })]), stream.send([schema.users.upsert({ value: { id: '1', name: 'Ada' } })])])
  expect([db.collections.users.size, db.collections.users.get('1')?.name]).toEqual([4999, 'Ada'])
  db.close()
})

test('what is sent before anything reads is there when it is read', async () => {
  const { db, stream } = createTestStreamDB({ state: schema })
  await stream.send([ada])
  await stream.upToDate()
  expect(db.status.getSnapshot().connection).toBe('idle')
  await db.preload()
  expect(db.collections.users.size).toBe(1)
  db.close()
})

test('answers queries on demand, and follows them', async () => {
  const { db, stream } = createTestStreamDB({ state: schema, events: Array.from({ length: 100 }, (_, n) => city(n)) })
  const top = createLiveQueryCollection((q) => q.from({ c: db.collections.cities }).orderBy(({ c }) => c.people, 'desc').limit(2))
  await top.preload()
  expect([...top.values()].map(({ id }) => id)).toEqual(['c99', 'c98'])
  await stream.send([city(500)])
  await vi.waitFor(() => {
    expect([...top.values()].map(({ id }) => id)).toEqual(['c500', 'c99'])
  }, LONG)
  db.close()
})

test('keeps out what the schema refuses, and tells of it', async () => {
  const invalid = vi.fn()
  const { db, stream } = createTestStreamDB({ state: schema, events: [], onInvalid: invalid })
  await db.preload()
  await stream.send([{ type: 'user', key: '1', value: { name: 1 }, headers: { operation: 'insert' } }, bob])
  expect([...db.collections.users.keys()]).toEqual(['2'])
  expect(invalid).toHaveBeenCalledWith(expect.objectContaining({ code: 'REFUSED' }))
  db.close()
})

test('what the application appends comes back, and the test sees it', async () => {
  const { db, stream } = createTestStreamDB({
    state: schema,
    events: [],
    actions: ({ db: inner, stream: own }) => ({
      add: {
        onMutate: (value: v.InferOutput<typeof user>) => void inner.collections.users.insert(value),
        mutationFn: async (value: v.InferOutput<typeof user>) => {
          await own.append(JSON.stringify(schema.users.insert({ value, headers: { txid: value.id } })))
          await inner.utils.awaitTxId(value.id)
        },
      },
    }),
  })
  await db.preload()
  await db.actions.add({ id: '7', name: 'Eve' }).isPersisted.promise
  expect(stream.appended).toMatchObject([{ type: 'user', key: '7', value: { name: 'Eve' } }])
  expect(db.collections.users.get('7')).toMatchObject({ name: 'Eve', _seq: 0 })
  db.close()
})

test('an append that the test refuses rejects, and is not on the stream', async () => {
  const { db } = createTestStreamDB({
    state: schema,
    events: [],
    onAppend: () => {
      throw new Error('no')
    },
  })
  await db.preload()
  await expect(db.stream.append(JSON.stringify(ada))).rejects.toMatchObject({ code: 'STREAM_ERROR', message: 'no' })
  expect(db.collections.users.size).toBe(0)
  db.close()
})

test.each([
  ['offline', 'offline', 'OFFLINE'],
  [401, 'needs-auth', 'NEEDS_AUTH'],
  [403, 'needs-auth', 'NEEDS_AUTH'],
  [404, 'not-found', 'STREAM_NOT_FOUND'],
] as const)('a server that fails (%s) shows in the status, and so does its recovery', async (failure, connection, code) => {
  const { db, stream } = createTestStreamDB({ state: schema, events: [] })
  await db.preload()
  await stream.fail(failure)
  expect(db.status.getSnapshot()).toMatchObject({ connection, upToDate: false })
  await expect(db.stream.append(JSON.stringify(ada))).rejects.toMatchObject({ code })
  await stream.send([])
  await stream.recover()
  expect(db.status.getSnapshot()).toMatchObject({ connection: 'live', upToDate: true })
  await stream.send([bob])
  expect(db.collections.users.has('2')).toBe(true)
  db.close()
})

test.each([401, 403] as const)('without credentials (%i) nothing is asked for: whatever the server answers next settles at once, and shows when the application asks', async (failure) => {
  const { db, stream } = createTestStreamDB({ state: schema, events: [] })
  await db.preload()
  await stream.fail(failure)
  await stream.fail('offline')
  expect(db.status.getSnapshot().connection).toBe('needs-auth')
  const isOffline = new Promise<void>((resolve) => db.status.subscribe(() => { if (db.status.getSnapshot().connection === 'offline') resolve() }))
  db.reconnect()
  await isOffline
  await stream.recover()
  expect(db.status.getSnapshot().connection).toBe('live')
  db.close()
})

test('after clearCache() nothing is asked for either', async () => {
  const { db, stream } = createTestStreamDB({ state: schema, events: [ada] })
  await db.preload()
  await db.clearCache()
  await stream.fail(401)
  expect(db.status.getSnapshot()).toMatchObject({ cleared: true, connection: 'idle' })
  db.close()
})

test('a failure that another one follows at once settles too', async () => {
  const { db, stream } = createTestStreamDB({ state: schema, events: [] })
  await db.preload()
  await Promise.all([stream.fail(401), stream.fail('offline')])
  expect(db.status.getSnapshot().connection).toBe('offline')
  await Promise.all([stream.fail(401), stream.recover()])
  expect(db.status.getSnapshot().connection).toBe('live')
  db.close()
})

test.each(['offline', 401] as const)('the twentieth failure (%s) and recovery take no longer than the first', async (failure) => {
  const { db, stream } = createTestStreamDB({ state: schema, events: [] })
  await db.preload()
  for (let round = 0; round < 20; round += 1) {
    await stream.fail(failure)
    await stream.recover()
  }
  expect(db.status.getSnapshot().connection).toBe('live')
  db.close()
})

test.each([['one event', ada], ['no events', undefined], ['what no JSON has', [1n]]])('%s is not sent: send takes a list of JSON values', async (_, events) => {
  const { db, stream } = createTestStreamDB({ state: schema, events: [] })
  await db.preload()
  await expect(stream.send(events as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await stream.send([bob])
  expect([...db.collections.users.keys()]).toEqual(['2'])
  db.close()
})

test('a first load that the server refuses rejects', async () => {
  const { db, stream } = createTestStreamDB({ state: schema })
  await stream.fail(401)
  await expect(db.preload()).rejects.toMatchObject({ code: 'NEEDS_AUTH' })
  db.close()
})

test('two of them know nothing of each other', async () => {
  const [one, other] = [createTestStreamDB({ state: schema, events: [ada] }), createTestStreamDB({ state: schema, events: [bob] })]
  await Promise.all([one.db.preload(), other.db.preload()])
  expect([[...one.db.collections.users.keys()], [...other.db.collections.users.keys()]]).toEqual([['1'], ['2']])
  one.db.close()
  other.db.close()
})

test('named queries and queries of the page run in the tab', async () => {
  const queries = defineQueries(schema, { named: (q, { users }, { name }: { name: string }) => q.from({ u: users }).where(({ u }) => eq(u.name, name)) })
  const { db, stream } = createTestStreamDB({ state: schema, queries, events: [ada] })
  const [named, all] = [db.query('named', { name: 'Ada' }), db.liveQuery((q) => q.from({ u: db.collections.users }).orderBy(({ u }) => u.id, 'desc'))]
  await Promise.all([named.preload(), all.preload()])
  await stream.send([schema.users.insert({ value: { id: '2', name: 'Ada' } })])
  expect([[...named.keys()], [...all.keys()]]).toEqual([['1', '2'], ['2', '1']])
  db.close()
})
