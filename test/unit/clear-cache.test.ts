import { beforeEach, describe, expect, test } from 'vitest'
import { cacheName, formerCacheNames, outboxOf } from '../../src/shared/names.ts'
import type { EngineContract, Hello } from '../../src/shared/calls.ts'
import type { StreamSettings } from '../../src/shared/settings.ts'
import type { TabStatus } from '../../src/shared/status.ts'
import type { Write } from '../../src/shared/write.ts'
import { type EngineEnv, NoStorageError } from '../../src/worker/ports.ts'
import { Disk } from '../support/disk.ts'
import { anyHello, anySettings, anyTab, NO_OUTBOX, Origin, settled } from '../support/origin.ts'

const NAME = cacheName(anySettings.url, anySettings.scope)
const ROW = { type: 'user', key: 'u1', value: { name: 'rows of the canary' }, headers: { operation: 'insert' } }

const WRITE: Write = { id: 'w', createdAt: 0, mutations: [{ kind: 'put', collection: 'users', key: 'u2', value: { id: 'u2' }, operation: 'insert' }] }

let origin: Origin
let disk: Disk
/** Appends to the streams that are read. */
let append: Array<(items: unknown[]) => Promise<void>>
beforeEach(() => {
  origin = new Origin()
  disk = new Disk()
  append = []
})

/** A source whose stream has a row, and gets those that a test appends. */
const createSource: EngineEnv['createSource'] = () => ({
  append: () => Promise.resolve(),
  ...NO_OUTBOX,
  end: () => Promise.resolve(null),
  read: ({ signal, onBatch }) =>
    new Promise((resolve) => {
      let offset = 0
      signal.addEventListener('abort', () => { resolve('aborted') })
      const push = (items: unknown[]): Promise<void> => (signal.aborted ? Promise.resolve() : onBatch({ items, offset: String((offset += 1)), upToDate: true, streamClosed: false }))
      append.push(push)
      void push([ROW])
    }),
})

interface Opened {
  readonly engine: EngineContract
  readonly shown: () => TabStatus
}

/** A tab of a worker of its own. Tabs with other settings never share an engine. */
async function open(name: string, given: { settings?: Partial<StreamSettings>; hello?: Partial<Hello>; starts?: boolean; env?: Partial<EngineEnv> } = {}): Promise<Opened> {
  const { host } = origin.worker(name, { ...disk.env, createSource, ...given.env })
  const statuses: TabStatus[] = []
  const tab = anyTab({
    status: (status) => { statuses.push(status) },
    apply: (batch) => {
      if (batch.status) statuses.push(batch.status)
      return Promise.resolve('applied')
    },
  })
  const hello = anyHello(name, { settings: { ...anySettings, ...given.settings }, ...given.hello })
  const engine = host.admit(hello, tab, new AbortController(), { where: 'shared-worker', aliveLock: null })
  if (given.starts !== false) engine.start()
  await origin.pass(2500)
  return { engine, shown: () => statuses.at(-1)! }
}

const OTHER: Partial<StreamSettings> = { batching: false }
const AWHILE_MS = 120_000

describe('clearCache', () => {
  test('removes what is stored, and nothing is stored afterwards', async () => {
    const { engine, shown } = await open('one')
    expect(disk.text).toContain('rows of the canary')
    expect(await engine.clearCache(false)).toEqual({ ok: true, value: null })
    engine.reconnect('application')
    await origin.pass(AWHILE_MS)
    expect(shown()).toMatchObject({ rows: 1, storage: 'memory', cleared: false })
    expect([...disk.media]).toEqual([])
    expect([...disk.registryMedium.records]).toEqual([])
    expect(JSON.stringify([...disk.registryMedium.clears])).not.toContain('canary')
  })

  test('while another engine of the cache waits to store again: it forgets, and writes nothing back', async () => {
    const one = await open('one')
    const other = await open('other', { settings: OTHER })
    expect(other.shown()).toMatchObject({ storage: 'read-only', rows: 1 })
    // Both lose their storage, and try again later.
    disk.broken = true
    await append[0]!([{ ...ROW, key: 'u2' }])
    await origin.pass(500)
    disk.broken = false
    expect(await one.engine.clearCache(false)).toMatchObject({ ok: true })
    await origin.pass(AWHILE_MS)
    expect([...disk.media]).toEqual([])
    expect(other.shown()).toMatchObject({ cleared: true, rows: 0 })
  })

  test('while another engine could not open the cache yet, and where no channel tells it', async () => {
    const noChannel = { openChannel: () => null }
    disk.broken = true
    const other = await open('other', { settings: OTHER, env: noChannel })
    expect(other.shown()).toMatchObject({ storage: 'memory', rows: 1 })
    const one = await open('one', { env: noChannel })
    disk.broken = false
    expect(await one.engine.clearCache(false)).toMatchObject({ ok: true })
    await origin.pass(AWHILE_MS)
    expect([...disk.media]).toEqual([])
    expect(other.shown()).toMatchObject({ cleared: true, rows: 0, storage: 'memory' })
  })

  test('while the engine itself is opening the cache', async () => {
    const { host } = origin.worker('one', { ...disk.env, createSource })
    const engine = host.admit(anyHello('one'), anyTab(), new AbortController(), { where: 'shared-worker', aliveLock: null })
    engine.start()
    expect(await engine.clearCache(false)).toMatchObject({ ok: true })
    await origin.pass(AWHILE_MS)
    expect([...disk.media]).toEqual([])
  })

  test('on an engine that never started tells the others', async () => {
    const other = await open('other', { settings: OTHER })
    disk.broken = true
    await append[0]!([{ ...ROW, key: 'u2' }])
    await origin.pass(500)
    disk.broken = false
    expect(other.shown()).toMatchObject({ storage: 'memory', rows: 2 })
    const idle = await open('idle', { starts: false })
    expect(await idle.engine.clearCache(false)).toMatchObject({ ok: true })
    // At once, and not when the other one next looks for its storage.
    await origin.pass(100)
    expect(other.shown()).toMatchObject({ cleared: true, rows: 0 })
  })

  test('that storage refuses says so, and is made up for', async () => {
    const { engine, shown } = await open('one')
    disk.broken = true
    expect(await engine.clearCache(false)).toMatchObject({ ok: false, error: { code: 'STORAGE_FAILED', retryable: true } })
    expect(shown()).toMatchObject({ cleared: true, rows: 0 })
    await origin.pass(AWHILE_MS)
    expect(disk.text).toContain('rows of the canary')
    disk.broken = false
    await origin.pass(AWHILE_MS)
    expect([...disk.media]).toEqual([])
  })

  test('that storage refuses is made up for by the next worker, before it shows anything', async () => {
    const { engine } = await open('one')
    disk.broken = true
    // Its worker ends before it can try again.
    const dead = engine.clearCache(false)
    await settled()
    origin.freeze('one')
    expect(await dead).toMatchObject({ ok: false })
    disk.broken = false
    expect(disk.text).toContain('rows of the canary')
    const silent: EngineEnv['createSource'] = () => ({ append: () => Promise.resolve(), ...NO_OUTBOX, end: () => Promise.resolve(null), read: () => new Promise(() => undefined) })
    const next = await open('next', { env: { createSource: silent } })
    expect(next.shown()).toMatchObject({ rows: 0, cleared: false, persistedOffset: null })
    expect(disk.text).not.toContain('rows of the canary')
  })

  test('does not take away what a new session has stored meanwhile', async () => {
    const { engine } = await open('one')
    disk.broken = true
    expect(await engine.clearCache(false)).toMatchObject({ ok: false })
    disk.broken = false
    const next = await open('next', { settings: OTHER })
    await origin.pass(AWHILE_MS)
    expect(next.shown()).toMatchObject({ rows: 1, cleared: false, storage: 'indexeddb' })
    expect(disk.text).toContain('rows of the canary')
  })

  test('that the registry cannot forget does not take away what is written later: that is stored only when it is forgotten', async () => {
    let isFull = true
    const registry = { ...disk.registry, drop: (name: string) => (isFull ? Promise.reject(new Error('the disk is full')) : disk.registry.drop(name)) }
    const env = { registry }
    const { engine } = await open('one', { env })
    expect(await engine.clearCache(false)).toMatchObject({ ok: true })
    // It never reads the stream to its end, and so it sends nothing.
    const endless: EngineEnv['createSource'] = (settings, ask) => ({ ...createSource(settings, ask), read: ({ onBatch }) => onBatch({ items: [ROW], offset: '1', upToDate: false, streamClosed: false }).then(() => new Promise(() => undefined)) })
    const next = await open('next', { settings: OTHER, env: { ...env, createSource: endless } })
    expect(await next.engine.write(WRITE)).toMatchObject({ ok: true })
    await origin.pass(1000)
    expect(next.shown()).toMatchObject({ pending: 1, durable: false })
    isFull = false
    await origin.pass(AWHILE_MS)
    expect(next.shown()).toMatchObject({ pending: 1, durable: true })
    await open('a third one', { env })
    expect([...disk.outboxes.get(outboxOf(NAME))!.entries.values()].map(({ write }) => write.id)).toEqual([WRITE.id])
  })

  test('that discards writes and could not delete them: the next worker neither shows nor sends them', async () => {
    const { engine } = await open('one')
    expect(await engine.write(WRITE)).toMatchObject({ ok: true })
    disk.broken = true
    const dead = engine.clearCache(true)
    await settled()
    origin.freeze('one')
    expect(await dead).toMatchObject({ ok: false })
    disk.broken = false
    const next = await open('next', { settings: OTHER, env: { deleteStore: () => Promise.reject(new Error('it does not answer')) } })
    expect(next.shown()).toMatchObject({ rows: 1, pending: 0, durable: false })
  })

  test.each([
    ['that never answers keeps writes in memory for a while only', new Error('no answer'), false],
    ['where there is no storage keeps nothing in memory', new NoStorageError('none'), true],
  ])('a registry %s', async (_, error, isAtOnce) => {
    const none = (): Promise<never> => Promise.reject(error)
    const { shown } = await open('one', { env: { registry: { list: none, touch: none, doom: none, clearState: none, drop: none } } })
    expect(shown().durable).toBe(isAtOnce)
    await origin.pass(AWHILE_MS)
    expect(shown().durable).toBe(true)
  })

  test('also removes what earlier formats have stored of the same stream and scope', async () => {
    const { engine } = await open('one')
    expect(await engine.clearCache(false)).toMatchObject({ ok: true })
    expect(disk.deleted).toEqual(expect.arrayContaining([NAME, ...formerCacheNames(anySettings.url, anySettings.scope)]))
  })

  test('without a registry: all is removed and told, and that it may come back is said', async () => {
    disk.registryIsBroken = true
    const one = await open('one')
    const other = await open('other', { settings: OTHER })
    expect(one.shown()).toMatchObject({ storage: 'indexeddb', rows: 1, lastError: null })
    expect(await one.engine.clearCache(false)).toMatchObject({ ok: false, error: { code: 'STORAGE_FAILED', retryable: true } })
    await origin.pass(AWHILE_MS)
    expect([...disk.media]).toEqual([])
    expect(other.shown()).toMatchObject({ cleared: true, rows: 0 })
  })

  test('where there is no storage has nothing to remove', async () => {
    const none = (): Promise<never> => Promise.reject(new NoStorageError('none'))
    const registry = { list: none, touch: none, doom: none, clearState: none, drop: none }
    const { engine, shown } = await open('one', { env: { registry, openStore: none, deleteStore: () => Promise.resolve() } })
    expect(shown()).toMatchObject({ storage: 'memory', rows: 1 })
    expect(await engine.clearCache(false)).toEqual({ ok: true, value: null })
    expect(shown()).toMatchObject({ cleared: true, rows: 0 })
  })

  test('is not believed when somebody only says so', async () => {
    const { shown } = await open('one')
    origin.say(`${NAME}:cleared`, 'sidestream:cleared')
    await origin.pass(1000)
    expect(shown()).toMatchObject({ cleared: false, rows: 1, storage: 'indexeddb' })
  })
})

test('a database that is deleted, but not cleared, is made anew', async () => {
  const { shown } = await open('one')
  await disk.env.deleteStore(NAME)
  await origin.pass(500)
  expect(shown()).toMatchObject({ storage: 'memory', rows: 1, cleared: false })
  await origin.pass(AWHILE_MS)
  expect(shown()).toMatchObject({ storage: 'indexeddb', rows: 1, persistedOffset: '1' })
  expect(disk.text).toContain('rows of the canary')
})
