import * as v from 'valibot'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createStateSchema, createStreamDB } from '../../src/main/index.ts'
import type { LiveMode } from '../../src/shared/settings.ts'
import { startStreamServer, type StreamServer } from '../support/stream-server.ts'

/** Far more than it takes, on a machine that does much else too. */
const LONG = { timeout: 20_000 }
vi.setConfig({ testTimeout: 30_000 })

const schema = createStateSchema({
  items: { schema: v.object({ id: v.string(), n: v.number(), text: v.string() }), type: 'item', primaryKey: 'id' },
})

let server: StreamServer
let url: string
const open: Array<{ close(): void }> = []
beforeEach(async () => {
  server = await startStreamServer()
  url = server.createStream('/s')
})
afterEach(async () => {
  for (const db of open.splice(0)) db.close()
  await server.close()
})

const item = (key: number, n = 0) => schema.items.upsert({ value: { id: `k${String(10_000 + key)}`, n, text: 'x'.repeat(1000) } })
/** 3 MB: keys that rise; every tenth row changes later, and some come in between. */
const EVENTS = [...Array.from({ length: 2500 }, (_, n) => item(2 * n)), ...Array.from({ length: 250 }, (_, n) => item(20 * n, 1)), ...Array.from({ length: 250 }, (_, n) => item(20 * n + 1))]

/** @param live `false` reads to the end, and no further */
function openItems(live: LiveMode) {
  const db = createStreamDB({ streamOptions: { url, contentType: 'application/json', backoffOptions: { initialDelay: 5, maxDelay: 20, multiplier: 1.5 } }, live, state: schema })
  open.push(db)
  // Before anything else uses the collection: a later preload() would ask the server where the stream ends.
  const loaded = db.preload()
  const { items } = db.collections
  /** How many rows there were whenever something changed before the collection was ready. */
  const early: number[] = []
  items.subscribeChanges(() => {
    if (items.status !== 'ready') early.push(items.size)
  })
  const shown = (): unknown => Object.fromEntries(items.toArray.map(({ id, n }) => [id, n]).sort())
  return { db, loaded, items, early, shown }
}

const rowsOf = (events: ReadonlyArray<ReturnType<typeof item>>): unknown =>
  Object.fromEntries([...new Map(events.map(({ value }) => [value!.id, value!.n]))].sort())

describe('a first load', () => {
  test('that breaks off in the middle, and then comes whole, shows the right rows, and is not ready before', async () => {
    server.append('/s', EVENTS)
    server.faults.cut(2_000_000, { match: { method: 'GET' }, times: 1 })
    const { db, loaded, items, early, shown } = openItems(true)
    await server.log.until((log) => log.count({ method: 'GET' }) >= 1)
    const hold = server.faults.hold({ match: { method: 'GET' } })
    await vi.waitFor(() => { expect(items.size).toBeGreaterThan(500) }, LONG)
    await hold.struck
    expect([items.status, db.status.getSnapshot()]).toMatchObject(['loading', { ready: false, offset: '-1' }])
    const before = items.size
    // Meanwhile the stream is made again, without rows that are shown.
    server.recreateStream('/s')
    const events = EVENTS.filter((_, index) => index % 3 > 0)
    server.append('/s', events)
    hold.release()
    await loaded
    expect(shown()).toEqual(rowsOf(events))
    expect(before).toBeLessThan(2500)
    expect(early.length).toBeGreaterThan(0)
    expect(db.status.getSnapshot()).toMatchObject({ ready: true, rows: items.size, offset: server.tailOffset('/s') })
  })

  test.each([false, true, 'sse'] as const)('(live: %s) shows rows while it arrives, and the right ones when it is whole', async (live) => {
    server.append('/s', EVENTS)
    server.pace(60)
    const { db, loaded, early, shown } = openItems(live)
    await loaded
    expect(shown()).toEqual(rowsOf(EVENTS))
    expect(early.length).toBeGreaterThan(0)
    expect(db.status.getSnapshot()).toMatchObject({ ready: true, rows: 2750, offset: server.tailOffset('/s') })
    if (live === false) return
    server.append('/s', [item(0, 7)])
    await vi.waitFor(() => { expect(db.collections.items.get('k10000')).toMatchObject({ n: 7 }) }, LONG)
  })

  test('that is closed while it arrives ends quietly', async () => {
    server.append('/s', EVENTS)
    server.pace(20)
    const { db, loaded, items } = openItems(true)
    await vi.waitFor(() => { expect(items.size).toBeGreaterThan(0) }, LONG)
    db.close()
    await expect(loaded).rejects.toMatchObject({ code: 'CLOSED' })
    await server.log.until((log) => log.open({ method: 'GET' }).length === 0)
  })
})
