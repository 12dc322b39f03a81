// @vitest-environment-options {"own":"unit/signed-out"}
import { createLiveQueryCollection } from '@tanstack/db'
import { beforeEach, expect, test } from 'vitest'
import * as v from 'valibot'
import type { PlainOptions, StreamOptions } from '../../src/main/options.ts'
import { settingsOf } from '../../src/main/stream-settings.ts'
import { Tab } from '../../src/main/tab.ts'
import { createStateSchema } from '../../src/shared/state-schema.ts'
import { type EngineEnv, SourceError } from '../../src/worker/ports.ts'
import type { Admission } from '../../src/worker/tabs/admission.ts'
import { accept } from '../../src/worker/tabs/comlink.ts'
import { Disk } from '../support/disk.ts'
import { anyHello, anyTab, NO_OUTBOX, Origin } from '../support/origin.ts'

const users = { schema: v.object({ id: v.string() }), type: 'user', primaryKey: 'id' } as const
const state = createStateSchema({ users })
const onDemand = createStateSchema({ users: { ...users, syncMode: 'on-demand' } })
const url = 'https://example.com/s'
const options: PlainOptions = { streamOptions: { url }, state }
const settings = settingsOf(options, url)

let origin: Origin
let rows: number
let reads: number
beforeEach(() => {
  origin = new Origin()
  rows = 3
  reads = 0
})

/** The stream has its rows from the beginning. */
const createSource: EngineEnv['createSource'] = () => ({
  append: () => Promise.resolve(),
  ...NO_OUTBOX,
  end: () => Promise.resolve('1'),
  read: ({ signal, onBatch }) =>
    new Promise((resolve) => {
      reads += 1
      signal.addEventListener('abort', () => { resolve('aborted') })
      const items = Array.from({ length: rows }, (_, index) => ({ type: 'user', key: `u${String(index)}`, value: {}, headers: { operation: 'insert' } }))
      void onBatch({ items, offset: '1', upToDate: true, streamClosed: false })
    }),
})

const open = (admission: Admission, more: Partial<StreamOptions> = {}, given: PlainOptions = options): Tab =>
  new Tab({
    options: given,
    streamOptions: { ...options.streamOptions!, ...more },
    url,
    settings,
    open: () => ({ renewable: true, reused: false, release: () => undefined, endpoint: { post: (message) => { accept(admission, message) }, onError: () => () => undefined } }),
  })

/** The time of the workers passes until it holds; the page's own tasks get their turns. */
async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2000 && !holds(); turn += 1) {
    await origin.pass(50)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  expect(holds()).toBe(true)
}

const sizeOf = (tab: Tab): number => tab.collections.byName['users']!.size

test('a tab that is told so loses its rows, although the leader’s page goes on to the login page at once', { timeout: 30_000 }, async () => {
  rows = 5000
  const leader = origin.worker('leader', { createSource }).team.admit(anyHello('leader', { settings }), anyTab(), new AbortController())
  leader.start()
  await origin.pass(500)
  const tab = open(origin.worker('follower', { createSource }).team)
  const ready = tab.preload()
  await until(() => sizeOf(tab) === rows)
  await ready
  await leader.clearCache(false)
  while (!tab.status.getSnapshot().cleared) await new Promise((resolve) => setImmediate(resolve))
  origin.freeze('leader')
  await until(() => tab.status.getSnapshot().where === 'leader')
  await until(() => sizeOf(tab) === 0)
  expect(tab.status.getSnapshot()).toMatchObject({ cleared: true, rows: 0 })
  tab.reconnect('application')
  await until(() => sizeOf(tab) === rows)
  expect(tab.status.getSnapshot()).toMatchObject({ cleared: false, rows })
  tab.close()
})

test('an onError that answers after the sign-out does not bring the rows back', { timeout: 30_000 }, async () => {
  let answer: (retry: object) => void = () => undefined
  let refuse: (error: Error) => void = () => undefined
  const source: EngineEnv['createSource'] = (_, ask) => {
    const inner = createSource(settings, ask)
    return { ...inner, read: (request) => Promise.race([inner.read(request), new Promise<never>((_resolve, reject) => (refuse = reject))]) }
  }
  const tab = open(origin.worker('own', { createSource: source }).team, { onError: () => new Promise((resolve) => (answer = resolve as typeof answer)) })
  const ready = tab.preload()
  await until(() => sizeOf(tab) === rows)
  await ready
  refuse(new SourceError('unauthorized', 'no', { status: 401 }))
  await until(() => tab.status.getSnapshot().connection === 'needs-auth')
  let isCleared = false
  void tab.clearCache().then(() => (isCleared = true))
  await until(() => isCleared && tab.status.getSnapshot().cleared)
  const before = reads
  answer({ headers: {} })
  await origin.pass(2000)
  await new Promise((resolve) => setTimeout(resolve, 200))
  await origin.pass(2000)
  expect([reads, sizeOf(tab), tab.status.getSnapshot().cleared]).toEqual([before, 0, true])
  tab.close()
})

test('the first preload() of a tab that has signed out reads again, with the same engine and after a fail-over', { timeout: 30_000 }, async () => {
  for (const failsOver of [false, true]) {
    origin = new Origin()
    origin.worker('leader', { createSource }).team.admit(anyHello('leader', { settings }), anyTab(), new AbortController()).start()
    await origin.pass(500)
    const tab = open(origin.worker('own', { createSource }).team)
    let isCleared = false
    void tab.clearCache().then(() => (isCleared = true))
    await until(() => isCleared && tab.status.getSnapshot().cleared)
    if (failsOver) {
      origin.freeze('leader')
      await until(() => tab.status.getSnapshot().where === 'leader')
    }
    let isReady = false
    void tab.preload().then(() => (isReady = true))
    await until(() => isReady && sizeOf(tab) === rows)
    expect(tab.status.getSnapshot().cleared).toBe(false)
    tab.close()
  }
})

test.each([
  ['has shown rows', 'with the same engine', true, false],
  ['has shown rows', 'after a fail-over', true, true],
  ['has shown nothing yet', 'with the same engine', false, false],
  ['has shown nothing yet', 'after a fail-over', false, true],
])('after a sign-out, a query on demand in a tab that %s is ready without rows (%s); reconnect() brings them', { timeout: 30_000 }, async (_, _when, wasReady, failsOver) => {
  origin.worker('leader', { createSource }).team.admit(anyHello('leader', { settings }), anyTab(), new AbortController()).start()
  await origin.pass(500)
  const tab = open(origin.worker('own', { createSource }).team, {}, { ...options, state: onDemand })
  const mount = () => createLiveQueryCollection((q) => q.from({ user: tab.collections.byName['users']! }))
  const settled = async (work: Promise<unknown>): Promise<void> => {
    let isSettled = false
    work.finally(() => (isSettled = true)).catch(() => undefined)
    await until(() => isSettled)
    await work
  }
  if (wasReady) {
    const first = mount()
    await settled(first.preload())
    expect(first.size).toBe(rows)
    await settled(first.cleanup())
  }
  await settled(tab.clearCache())
  await until(() => tab.status.getSnapshot().cleared)
  if (failsOver) {
    origin.freeze('leader')
    await until(() => tab.status.getSnapshot().where === 'leader')
  }
  const query = mount()
  await settled(query.preload())
  expect([query.size, query.status, tab.status.getSnapshot().cleared]).toEqual([0, 'ready', true])
  tab.reconnect('application')
  await until(() => query.size === rows)
  tab.close()
})

test('a tab that comes after a clear by an engine with other settings has rows', { timeout: 30_000 }, async () => {
  const disk = new Disk()
  const at = { where: 'shared-worker', aliveLock: null } as const
  const { host } = origin.worker('shared', { ...disk.env, createSource })
  host.admit(anyHello('first', { settings }), anyTab(), new AbortController(), at).start()
  await origin.pass(2500)
  const cleaner = origin.worker('other', { ...disk.env, createSource }).host.admit(anyHello('cleaner', { settings: { ...settings, batching: !settings.batching } }), anyTab(), new AbortController(), at)
  cleaner.start()
  await origin.pass(1000)
  expect(await cleaner.clearCache(false)).toMatchObject({ ok: true })
  await origin.pass(10_000)
  const before = reads
  const tab = open(host.at(at))
  let isReady = false
  void tab.preload().then(() => (isReady = true))
  await until(() => isReady)
  expect([reads - before, sizeOf(tab), tab.status.getSnapshot().cleared]).toEqual([1, rows, false])
  tab.close()
})
