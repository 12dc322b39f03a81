// @vitest-environment-options {"own":"unit/on-demand"}
import 'fake-indexeddb/auto'
import { createLiveQueryCollection, eq, gte } from '@tanstack/db'
import * as v from 'valibot'
import { afterEach, expect, test, vi } from 'vitest'
import { createStateSchema, createStreamDB } from '../../src/main/index.ts'
import { startStreamServer, type StreamServer } from '../support/stream-server.ts'

/** Far more than it takes, on a machine that does much else too. */
const LONG = { timeout: 20_000 }
vi.setConfig({ testTimeout: 30_000 })

const schema = createStateSchema({
  cities: { schema: v.object({ id: v.string(), country: v.string(), people: v.nullable(v.number()) }), type: 'city', primaryKey: 'id', syncMode: 'on-demand' },
})

let server: StreamServer
const open: Array<{ close(): void }> = []
afterEach(async () => {
  for (const db of open.splice(0)) db.close()
  await server.close()
})

const city = (n: number, people = n, country = `c${String(n % 7)}`) => schema.cities.upsert({ value: { id: `k${String(n)}`, country, people } })

async function openCities(count: number) {
  server = await startStreamServer()
  const url = server.createStream('/s')
  server.append('/s', Array.from({ length: count }, (_, n) => city(n)))
  const db = createStreamDB({ streamOptions: { url, contentType: 'application/json' }, state: schema })
  open.push(db)
  return db
}

const top = (rows: Iterable<{ id: string; people: number | null }>) => [...rows].map(({ id, people }) => `${id} ${String(people)}`)

test('a tab holds the rows that its query shows, and follows them', async () => {
  const db = await openCities(3000)
  const query = createLiveQueryCollection((q) => q.from({ c: db.collections.cities }).orderBy(({ c }) => c.people, 'desc').limit(3))
  await query.preload()
  expect(top(query.values())).toEqual(['k2999 2999', 'k2998 2998', 'k2997 2997'])
  expect(db.collections.cities.size).toBe(3)
  server.append('/s', [city(5, 9999)])
  await vi.waitFor(() => {
    expect(top(query.values())).toEqual(['k5 9999', 'k2999 2999', 'k2998 2998'])
  }, LONG)
  server.append('/s', [city(5, 5), city(2999, 1)])
  await vi.waitFor(() => {
    expect(top(query.values())).toEqual(['k2998 2998', 'k2997 2997', 'k2996 2996'])
  }, LONG)
  // TanStack DB 0.9 asks for all rows when one leaves a window.
  if (process.env['SIDESTREAM_TANSTACK_DB'] !== '0.9') expect(db.collections.cities.size).toBe(3)
  query.utils.setWindow({ offset: 0, limit: 10 })
  await vi.waitFor(() => {
    expect(query.size).toBe(10)
  }, LONG)
  await query.cleanup()
  await vi.waitFor(() => {
    expect(db.collections.cities.size).toBe(0)
  }, LONG)
})

test('a tab holds the rows that its condition holds for', async () => {
  const db = await openCities(3000)
  const query = createLiveQueryCollection((q) => q.from({ c: db.collections.cities }).where(({ c }) => eq(c.country, 'c3')))
  await query.preload()
  expect(query.size).toBe(Math.ceil(2997 / 7))
  server.append('/s', [city(0, 0, 'c3')])
  await vi.waitFor(() => {
    expect(query.size).toBe((Math.ceil(2997 / 7)) + 1)
  }, LONG)
})

test('rows without a value are in no range, also when the tab holds them in descending order', async () => {
  const db = await openCities(100)
  server.append('/s', [schema.cities.insert({ value: { id: 'none', country: 'c3', people: null } })])
  const all = createLiveQueryCollection((q) => q.from({ c: db.collections.cities }).orderBy(({ c }) => c.people, 'desc').limit(5))
  await all.preload()
  await vi.waitFor(() => {
    expect(all.has('none')).toBe(true)
  }, LONG)
  const many = createLiveQueryCollection((q) => q.from({ c: db.collections.cities }).where(({ c }) => gte(c.people, 97)))
  await many.preload()
  expect(top(many.values()).sort()).toEqual(['k97 97', 'k98 98', 'k99 99'])
  server.append('/s', [schema.cities.update({ value: { id: 'none', country: 'c3', people: 100 } })])
  await vi.waitFor(() => {
    expect(top(many.values()).sort()).toEqual(['k97 97', 'k98 98', 'k99 99', 'none 100'])
  }, LONG)
})

test('what a tab looked at is shown again before all rows are read, and put right then', async () => {
  const db = await openCities(3000)
  const query = (of: typeof db) => createLiveQueryCollection((q) => q.from({ c: of.collections.cities }).orderBy(({ c }) => c.people, 'desc').limit(3))
  await query(db).preload()
  const { url } = db.stream
  db.close()
  await server.goOffline()
  const again = createStreamDB({ streamOptions: { url, contentType: 'application/json' }, state: schema })
  open.push(again)
  const shown = query(again)
  await shown.preload()
  expect(top(shown.values())).toEqual(['k2999 2999', 'k2998 2998', 'k2997 2997'])
  expect(again.status.getSnapshot()).toMatchObject({ ready: false, rows: 0 })
  await again.preload()
  expect(again.status.getSnapshot()).toMatchObject({ ready: true, rows: 3000 })
  expect(again.collections.cities.size).toBe(3)
  await server.goOnline()
  server.append('/s', [city(2999, 1)])
  again.reconnect()
  await vi.waitFor(() => {
    expect(top(shown.values())).toEqual(['k2998 2998', 'k2997 2997', 'k2996 2996'])
  }, LONG)
})

test('a progressive collection answers queries at once and is ready when whole', async () => {
  server = await startStreamServer()
  const url = server.createStream('/s')
  server.append('/s', Array.from({ length: 3000 }, (_, n) => city(n)))
  const state = createStateSchema({ cities: { schema: schema.cities.schema, type: 'city', primaryKey: 'id', syncMode: 'progressive' } })
  const db = createStreamDB({ streamOptions: { url, contentType: 'application/json' }, state })
  open.push(db)
  const query = createLiveQueryCollection((q) => q.from({ c: db.collections.cities }).orderBy(({ c }) => c.people, 'desc').limit(3))
  const shown: Array<{ rows: string[]; held: number; status: string }> = []
  query.subscribeChanges(() => {
    shown.push({ rows: top(query.values()), held: db.collections.cities.size, status: db.collections.cities.status })
  })
  await db.preload()
  const first = shown.find(({ rows }) => rows.length === 3)
  expect(first!.held).toBeLessThan(3000)
  expect(first!.status).not.toBe('ready')
  expect(top(query.values())).toEqual(['k2999 2999', 'k2998 2998', 'k2997 2997'])
  expect(db.collections.cities.size).toBe(3000)
  expect([query.status, db.collections.cities.status]).toEqual(['ready', 'ready'])
  server.append('/s', [city(5, 9999)])
  await vi.waitFor(() => {
    expect(top(query.values())).toEqual(['k5 9999', 'k2999 2999', 'k2998 2998'])
  }, LONG)
  await query.cleanup()
  expect(db.collections.cities.size).toBe(3000)
})

test('what is asked for when the StreamDB is closed is refused', async () => {
  const db = await openCities(100)
  const query = createLiveQueryCollection((q) => q.from({ c: db.collections.cities }).orderBy(({ c }) => c.people, 'desc').limit(3))
  await query.preload()
  db.close()
  await expect(Promise.resolve(query.utils.setWindow({ offset: 0, limit: 10 }))).rejects.toMatchObject({ code: 'CLOSED' })
})

test('a window that ends in rows without a value makes the tab hold all of those, and more by some versions of TanStack DB; `nulls: last` holds the window', async () => {
  const db = await openCities(1000)
  server.append('/s', Array.from({ length: 100 }, (_, n) => schema.cities.insert({ value: { id: `none${String(n)}`, country: 'c3', people: null } })))
  const first = createLiveQueryCollection((q) => q.from({ c: db.collections.cities }).orderBy(({ c }) => c.people, 'asc').limit(5))
  await first.preload()
  await vi.waitFor(() => {
    expect(db.collections.cities.size).toBeGreaterThanOrEqual(100)
  })
  await first.cleanup()
  await vi.waitFor(() => {
    expect(db.collections.cities.size).toBe(0)
  })
  const last = createLiveQueryCollection((q) => q.from({ c: db.collections.cities }).orderBy(({ c }) => c.people, { direction: 'asc', nulls: 'last' }).limit(5))
  await last.preload()
  expect(top(last.toArray)).toEqual(['k0 0', 'k1 1', 'k2 2', 'k3 3', 'k4 4'])
  expect(db.collections.cities.size).toBe(5)
})
