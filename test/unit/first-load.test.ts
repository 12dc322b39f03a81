import { beforeEach, describe, expect, test } from 'vitest'
import { Replica } from '../../src/main/replica.ts'
import type { DiffBatch } from '../../src/shared/batch.ts'
import type { EngineContract, Hello, HelloReply } from '../../src/shared/calls.ts'
import type { TabStatus } from '../../src/shared/status.ts'
import { engineKey, Host } from '../../src/worker/host.ts'
import { SourceError } from '../../src/worker/ports.ts'
import { Disk } from '../support/disk.ts'
import { anyTab, settled } from '../support/origin.ts'
import { itemEvents, schema } from '../support/schema.ts'
import { newTab } from '../support/tab-description.ts'
import { MapSink } from './map-sink.ts'
import { ScriptedHost, scriptedHello, scriptedSettings } from './scripted-engine.ts'

const SETTINGS = scriptedSettings({ cache: { durability: 'relaxed', version: '', keepUnusedMs: null }, backoff: { initialDelay: 100, maxDelay: 100, multiplier: 1 } })

let world: ScriptedHost
let disk: Disk
let host: Host
beforeEach(() => {
  world = new ScriptedHost()
  disk = new Disk()
  host = new Host({ ...world.env, ...disk.env }, () => new Map())
})

interface Guest {
  readonly engine: EngineContract
  readonly batches: DiffBatch[]
  readonly replica: Replica
  /** The ids of the rows that the tab shows, in the order in which they came. */
  readonly rows: () => unknown[]
  readonly status: () => TabStatus
  /** The tab is gone. */
  readonly go: () => void
}

/** A tab that applies what it is sent. */
async function enter(change: Partial<Hello> = {}, at: Host = host): Promise<Guest> {
  const [items, users, gone] = [new MapSink(), new MapSink(), new AbortController()]
  const [batches, statuses]: [DiffBatch[], TabStatus[]] = [[], []]
  const replica = new Replica({
    collections: new Map([['items', { primaryKey: 'id', sink: items }], ['users', { primaryKey: 'id', sink: users }]]),
    now: () => 0, pause: () => Promise.resolve(), onCommitError: () => undefined, onCommitted: () => undefined,
  })
  const tab = anyTab({
    apply: (batch) => {
      batches.push(structuredClone(batch))
      if (batch.status) statuses.push(batch.status)
      return replica.apply(batch)
    },
    status: (status) => { statuses.push(status) },
  })
  const engine = at.admit(scriptedHello({ settings: SETTINGS, ...change }), tab, gone, { where: 'shared-worker', aliveLock: null })
  const hello = (await engine.hello()) as HelloReply & { ok: true }
  replica.follow(hello.epoch)
  engine.start()
  await settled()
  return { engine, batches, replica, rows: () => [...items.rows.keys()], status: () => statuses.at(-1)!, go: () => { gone.abort() } }
}

const keys = (count: number, first = 0): string[] => itemEvents(count, first).map((event) => (event as { key: string }).key)

/** Items of an answer have arrived. */
async function arrive(items: ReadonlyArray<unknown>): Promise<void> {
  world.source.request!.onBeginning?.(items)
  await settled()
}

async function deliver(items: ReadonlyArray<unknown>, offset: string): Promise<void> {
  await world.source.deliver(items, offset)
  await settled()
}

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    world.clock.advance(50)
    await settled()
  }
}

/** The answer breaks off, and the stream is asked again. */
async function breakOff(): Promise<void> {
  const { reads } = world.source
  world.source.fail(new SourceError('unreachable', 'the response broke off'))
  for (let tries = 0; tries < 100 && world.source.reads === reads; tries += 1) await pass(50)
  expect([world.source.reads, world.source.request!.offset]).toEqual([reads + 1, '-1'])
}

describe('while the answer of a first load is arriving', () => {
  test('its rows go to the tab, which is ready, and has an offset, when it has come whole', async () => {
    const { batches, rows, status, replica } = await enter()
    await arrive(itemEvents(2))
    await arrive(itemEvents(4))
    await pass(300)
    expect(rows()).toEqual(keys(4))
    expect(status()).toMatchObject({ ready: false, upToDate: false, offset: '-1', rows: 4 })
    expect([replica.offset, replica.have, batches.some(({ last, ready, stale }) => last || ready || stale)]).toEqual(['-1', null, false])
    await deliver(itemEvents(5), '5')
    expect(rows()).toEqual(keys(5))
    expect(batches.filter(({ last }) => last)).toMatchObject([{ from: '-1', to: '5', ready: true, replace: false, status: { offset: '5', rows: 5 } }])
  })

  test('nothing is stored', async () => {
    const { status } = await enter()
    await arrive(itemEvents(3))
    await pass(5000)
    expect(disk.text).not.toContain(keys(1)[0])
    expect(status()).toMatchObject({ storage: 'indexeddb', persistedOffset: null })
    await deliver(itemEvents(4), '4')
    await pass(1000)
    for (const key of keys(4)) expect(disk.text).toContain(key)
    expect(status()).toMatchObject({ persistedOffset: '4' })
  })

  test('and breaks off: it is read again, and its rows replace those that came, at once', async () => {
    const { batches, rows, status } = await enter()
    await arrive(itemEvents(4))
    await breakOff()
    await arrive(itemEvents(3, 2))
    await pass(5000)
    // What comes early now would be mixed with what the tab shows.
    expect(rows()).toEqual(keys(4))
    expect([status().ready, disk.text.includes(keys(1)[0]!)]).toEqual([false, false])
    await deliver(itemEvents(3, 2), '3')
    expect(rows().sort()).toEqual(keys(3, 2))
    expect(batches.filter(({ last, ready }) => last || ready)).toMatchObject([{ to: '3', last: true, ready: true }])
    expect(status()).toMatchObject({ ready: true, rows: 3, offset: '3' })
    await pass(1000)
    expect([disk.text.includes(keys(1)[0]!), disk.text.includes(keys(1, 4)[0]!), status().persistedOffset]).toEqual([false, true, '3'])
  })

  test('and breaks off: a shorter stream is believed at once, because nothing was called right', async () => {
    const { rows, status } = await enter()
    await arrive(itemEvents(4))
    await breakOff()
    await deliver(itemEvents(1), '1')
    expect([rows(), status().ready, status().connection]).toEqual([keys(1), true, 'live'])
  })

  test('and breaks off, and there is no stream any more: the rows go', async () => {
    const { rows, status } = await enter()
    await arrive(itemEvents(4))
    await breakOff()
    world.source.fail(new SourceError('missing', 'gone', { status: 404 }))
    await pass(300)
    expect(status()).toMatchObject({ connection: 'not-found', ready: false, rows: 0 })
    await pass(5000)
    await deliver(itemEvents(2, 7), '9')
    expect([rows(), status().ready]).toEqual([keys(2, 7), true])
  })

  test('a quarantined row is counted at once, and reported once, with the whole answer', async () => {
    const { batches, status } = await enter({ wantsEvents: true })
    const items = [...itemEvents(2), { type: 'item', key: 'bad', value: 7, headers: { operation: 'insert' } }, ...itemEvents(2, 2)]
    await arrive(items.slice(0, 4))
    await pass(300)
    expect([status().quarantined.count, batches.flatMap(({ invalid }) => invalid)]).toEqual([1, []])
    await deliver(items, '5')
    await pass(300)
    expect(batches.flatMap(({ invalid }) => invalid)).toMatchObject([{ code: 'NOT_A_ROW', offset: '5', event: { key: 'bad' } }])
    expect(batches.flatMap(({ events }) => events).map((event) => event.items.length)).toEqual([5])
    expect(status().quarantined.count).toBe(1)
  })

  test('and breaks off: a quarantined row of both answers is reported once', async () => {
    const { batches, status } = await enter()
    const items = [{ type: 'item', key: 'bad', value: 7, headers: { operation: 'insert' } }, ...itemEvents(2)]
    await arrive(items.slice(0, 2))
    await breakOff()
    await deliver(items, '3')
    expect(batches.flatMap(({ invalid }) => invalid)).toMatchObject([{ offset: '3' }])
    expect(status().quarantined.count).toBe(1)
  })

  test('a transaction id waits for the whole answer', async () => {
    const { batches } = await enter()
    const items = [schema.items.insert({ value: { id: 'a', n: 1 }, headers: { txid: 't' } }), schema.items.insert({ value: { id: 'b', n: 1 } })]
    await arrive(items.slice(0, 1))
    expect(batches.flatMap(({ txids }) => txids)).toEqual([])
    await deliver(items, '2')
    expect(batches.flatMap(({ txids }) => txids)).toEqual(['t'])
  })

  test('a tab that joins gets the rows so far', async () => {
    const first = await enter()
    await arrive(itemEvents(3))
    const second = await enter()
    expect(second.rows()).toEqual(keys(3))
    await arrive(itemEvents(4))
    expect([first.rows(), second.rows(), second.status().ready]).toEqual([keys(4), keys(4), false])
    await deliver(itemEvents(5), '5')
    for (const { rows, status } of [first, second]) expect([rows(), status().ready]).toEqual([keys(5), true])
  })

  test('a tab of an earlier engine gets nothing before it is whole', async () => {
    const before = await enter()
    await arrive(itemEvents(3))
    // Its worker dies: it has rows, and cannot say of which position.
    before.go()
    expect([before.replica.hasRows, before.replica.have]).toEqual([true, null])
    const next = new Host({ ...world.env, ...disk.env }, () => new Map())
    const after = await enter({ tab: newTab({ hasRows: true, have: null, failovers: 1 }) }, next)
    await arrive(itemEvents(2, 10))
    expect(after.batches.flatMap(({ diffs }) => diffs)).toEqual([])
    await deliver(itemEvents(2, 10), '2')
    expect(after.batches).toMatchObject([{ replace: true, last: true, ready: true }])
    expect(after.rows()).toEqual(keys(2, 10))
  })

  test('clearCache() removes its rows, and what still arrives is ignored; reconnect() reads anew', async () => {
    const { engine, rows, status } = await enter()
    await arrive(itemEvents(3))
    const { onBeginning } = world.source.request!
    expect(await engine.clearCache(false)).toMatchObject({ ok: true })
    await settled()
    expect([rows(), status().cleared]).toEqual([[], true])
    onBeginning?.(itemEvents(4))
    await pass(500)
    expect([rows(), status()]).toMatchObject([[], { cleared: true, rows: 0 }])
    engine.reconnect('application')
    await pass(200)
    expect(world.source.request!.offset).toBe('-1')
    await arrive(itemEvents(1))
    expect(status().ready).toBe(false)
    await deliver(itemEvents(2, 5), '7')
    expect([rows(), status().cleared]).toEqual([keys(2, 5), false])
    await pass(60_000)
    expect([...disk.media]).toEqual([])
  })

  test('the last tab leaves: nothing is stored, and the read ends', async () => {
    const { engine } = await enter()
    await arrive(itemEvents(3))
    const { onBeginning, signal } = world.source.request!
    await engine.leave()
    await host.retire(engineKey(SETTINGS))
    expect(signal.aborted).toBe(true)
    onBeginning?.(itemEvents(4))
    await pass(60_000)
    expect(disk.text).not.toContain(keys(1)[0])
  })

  test('all tabs are hidden: the stream rests, and is read from its start when one is shown', async () => {
    const { engine, rows, status } = await enter({ settings: { ...SETTINGS, pauseWhenHidden: 1000 } })
    await arrive(itemEvents(3))
    engine.visible(false)
    await pass(2000)
    expect([world.source.isRead, status().connection, status().ready, rows()]).toEqual([false, 'paused', false, keys(3)])
    engine.visible(true)
    await pass(200)
    expect(world.source.request!.offset).toBe('-1')
    await deliver(itemEvents(2, 2), '5')
    expect([rows().sort(), status().ready]).toEqual([keys(2, 2), true])
  })

  test('a tab that holds a collection on demand gets its rows when it is whole', async () => {
    const subset = { collection: 'items', where: null, first: null }
    const { batches, rows } = await enter({ tab: newTab({ modes: { items: 'on-demand' }, subsets: [{ id: 1, subset }] }) })
    await arrive([...itemEvents(3), schema.users.insert({ value: { id: 'u', name: 'n' } })])
    expect(batches.flatMap(({ diffs, served }) => [...diffs.map(({ collection }) => collection), ...served])).toEqual(['users'])
    await deliver([...itemEvents(3), schema.users.insert({ value: { id: 'u', name: 'n' } }), ...itemEvents(1, 3)], '5')
    expect(rows()).toEqual(keys(4))
    expect(batches.flatMap(({ served }) => served)).toMatchObject([{ id: 1, whole: true }])
  })

  test('a tab of a progressive collection is filled as ever', async () => {
    const { rows, status } = await enter({ tab: newTab({ modes: { items: 'progressive' } }) })
    await arrive(itemEvents(3))
    await deliver(itemEvents(4), '4')
    await pass(300)
    expect([rows(), status().ready]).toEqual([keys(4), true])
  })
})
