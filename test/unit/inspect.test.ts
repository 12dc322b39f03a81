import { createLiveQueryCollection } from '@tanstack/db'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { createStateSchema, createStreamDB } from '../../src/main/index.ts'
import type { Inspection } from '../../src/shared/inspection.ts'
import { isInspection } from '../../src/shared/inspection-guard.ts'
import { createTestStreamDB } from '../../src/testing/index.ts'
import { FakeEngine } from '../support/fake-engine.ts'

const schema = createStateSchema({
  users: { schema: v.object({ id: v.string(), name: v.string() }), type: 'user', primaryKey: 'id' },
  cities: { schema: v.object({ id: v.string(), people: v.number() }), type: 'city', primaryKey: 'id', syncMode: 'on-demand' },
})
const user = (id: string): unknown => schema.users.insert({ value: { id, name: 'Ada' } })
const city = (n: number): unknown => schema.cities.upsert({ value: { id: `c${String(n)}`, people: n } })

test('an engine tells of its tabs, rows, subsets, connection and quarantined events', async () => {
  const { db, stream } = createTestStreamDB({ state: schema, events: [user('1'), ...Array.from({ length: 50 }, (_, n) => city(n)), { type: 'user', key: 'bad', value: { name: 7 }, headers: { operation: 'insert' } }] })
  const top = createLiveQueryCollection((q) => q.from({ c: db.collections.cities }).orderBy(({ c }) => c.people, 'desc').limit(2))
  await Promise.all([db.preload(), top.preload()])
  const first = await db.inspect()
  expect(first).toMatchObject({
    seq: 51,
    unstored: null,
    tabs: [{ isSelf: true, where: 'page', visible: true, started: true, failovers: 0 }],
    subsets: [{ collection: 'cities', where: null, first: { direction: 'desc', rows: 2 }, rows: 2, tabs: 1 }, { collection: 'cities', first: null }],
    quarantined: [{ code: 'REFUSED', text: '{"type":"user","key":"bad","value":{"name":7},"headers":{"operation":"insert"}}' }],
    events: [],
  })
  expect(first!.collections.map(({ name, rows, stored }) => [name, rows, stored])).toEqual([['cities', 50, null], ['users', 1, null]])
  expect(first!.collections[1]!.bytes).toBe(JSON.stringify({ _seq: 1, id: '1', name: 'Ada' }).length)
  expect(first!.connections.map(({ state }) => state)).toEqual(['connecting', 'catching-up', 'live'])
  await stream.send([user('2')])
  expect((await db.inspect())!.events).toMatchObject([{ kind: 'change', operation: 'insert', type: 'user', key: '2', text: '{"id":"2","name":"Ada"}' }])
  await stream.fail()
  expect((await db.inspect())!.connections.at(-1)).toMatchObject({ state: 'offline', error: { code: 'OFFLINE' } })
  await db.clearCache()
  expect(await db.inspect()).toMatchObject({ subsets: [], queries: [], quarantined: [], events: [] })
  await stream.recover()
  db.reconnect()
  await expect.poll(async () => (await db.inspect())!.quarantined.length).toBe(1)
  expect((await db.inspect())!.events.length).toBeLessThan(60)
  db.close()
})

test('without an engine there is nothing to tell, and none is started', async () => {
  const { db } = createTestStreamDB({ state: schema, events: [] })
  expect(await db.inspect()).toBeNull()
  expect(db.status.getSnapshot().connection).toBe('idle')
  db.close()
  await expect(db.inspect()).rejects.toMatchObject({ code: 'CLOSED' })
})

test('an answer that is none is refused', async () => {
  const engine = new FakeEngine()
  const db = createStreamDB({ streamOptions: { url: 'http://s.test/1' }, state: schema, worker: engine.make })
  void db.preload().catch(() => undefined)
  await expect.poll(() => engine.calls).toContain('start')
  engine.inspection = { epoch: 'e1', tabs: [{ where: '<img>' }] }
  await expect(db.inspect()).rejects.toMatchObject({ code: 'STREAM_ERROR' })
  db.close()
})

describe('the guard', () => {
  const whole: Inspection = {
    epoch: 'e',
    now: 1,
    tabs: [{ isSelf: true, where: 'leader', visible: true, started: true, behind: false, offset: '1', failovers: 0 }],
    connections: [{ at: 1, state: 'live', why: null, error: { code: 'OFFLINE', message: 'm', retryable: true } }],
    offset: '1',
    seq: 1,
    unstored: 0,
    collections: [{ name: 'users', rows: 1, bytes: 2, stored: { segments: 1, entries: 2, live: 1 } }],
    subsets: [{ collection: 'users', where: { type: 'ref', path: ['gone'] }, first: { expression: { type: 'ref', path: ['at'] }, direction: 'asc', rows: 1 }, rows: 1, tabs: 1 }],
    indexes: [{ collection: 'users', expression: { type: 'ref', path: ['name'] }, complete: true }],
    queries: [{ name: 'top', about: '5', rows: 1, runMs: 0.5, tabs: 1, error: { code: 'INVALID_QUERY', message: 'm', retryable: false } }],
    quarantined: [{ at: 1, code: 'REFUSED', reason: 'r', offset: '1', text: '{}' }],
    events: [{ number: 1, at: 1, offset: '1', kind: 'change', operation: 'insert', type: 'user', key: 'k', text: '{}' }],
  }

  /** A value with one of its fields, at any depth, made a function: no field may be one. */
  function* spoiled(value: unknown): Generator<unknown> {
    if (typeof value !== 'object' || value === null) return
    for (const [name, field] of Object.entries(value)) {
      for (const wrong of [Symbol, ...spoiled(field)]) yield Array.isArray(value) ? [wrong] : { ...value, [name]: wrong }
    }
  }

  test('lets an inspection through, and none of which a field is wrong', () => {
    expect(isInspection(whole)).toBe(true)
    const wrong = [...spoiled(whole)]
    expect(wrong.length).toBeGreaterThan(50)
    expect(wrong.filter(isInspection)).toEqual([])
    for (const other of [null, undefined, [], 'x', 1]) expect(isInspection(other)).toBe(false)
  })
})
