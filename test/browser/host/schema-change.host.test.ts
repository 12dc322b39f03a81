import { expect, test } from 'vitest'
import type { OpenOptions } from '../pages/app.ts'
import { useBench, type RemoteApp } from '../../support/browser-app.ts'
import { naiveFold, type PlainRows } from '../../support/naive-fold.ts'
import { itemEvents, schema } from '../../support/schema.ts'

const suite = useBench('/streams/schema')

const USERS = { name: 'users', type: 'user', primaryKey: 'id' }
const ITEMS = { name: 'items', type: 'item', primaryKey: 'id' }
const isRefused = (name: string, value: unknown): boolean => name === 'items' && typeof (value as { n: unknown }).n !== 'number'

/** One of each kind: another collection, another type, and a row that the schema refuses. */
function fill(): void {
  suite.server.append(suite.path, [
    ...itemEvents(5),
    schema.users.insert({ value: { id: 'u1', name: 'Ada' } }),
    { type: 'thing', key: 't1', value: { id: 't1', n: 50 }, headers: { operation: 'insert' } },
    { type: 'item', key: 'bad', value: { id: 'bad', n: 'no number' }, headers: { operation: 'insert' } },
  ])
}

async function openTab(options: Partial<OpenOptions>): Promise<RemoteApp> {
  const tab = await suite.app()
  await tab.open({ url: suite.url, ...options })
  expect(await tab.preload()).toEqual({ ok: true })
  return tab
}

const CHANGES: ReadonlyArray<readonly [string, Partial<OpenOptions>, Partial<OpenOptions>, (items: ReadonlyArray<unknown>) => PlainRows]> = [
  ['a collection is added', { state: 'without-items' }, {}, (all) => naiveFold(all)],
  ['a collection is removed', {}, { state: 'without-items' }, (all) => naiveFold(all, undefined, [USERS])],
  ["a collection's type changes", {}, { state: 'items-of-other-type' }, (all) => naiveFold(all, undefined, [USERS, { ...ITEMS, type: 'thing' }])],
  ["a collection's primary key changes", {}, { state: 'items-by-n' }, (all) => naiveFold(all, undefined, [USERS, { ...ITEMS, primaryKey: 'n' }])],
  ['validation is switched on', { home: 'stock' }, { home: 'app' }, (all) => naiveFold(all, isRefused)],
  ['validation is switched off', { home: 'app' }, { home: 'stock' }, (all) => naiveFold(all)],
  ["the application's cache version changes", { cache: { version: '1' } }, { cache: { version: '2' } }, (all) => naiveFold(all)],
]

test.each(CHANGES)('%s: the rows are read again, and stored as they now are', async (_, before, after, expected) => {
  fill()
  const first = await openTab(before)
  await first.until(suite.stored())
  await first.page.close()
  suite.server.log.clear()
  const second = await openTab(after)
  expect(await second.rows()).toEqual(expected(suite.server.events(suite.path)))
  expect(suite.server.log.count({ where: ({ query }) => query.get('offset') === '-1' })).toBe(1)
  await second.until(suite.stored())
  await second.page.close()
  await suite.server.goOffline()
  const third = await openTab(after)
  expect(await third.rows()).toEqual(expected(suite.server.events(suite.path)))
})

test('nothing of another schema is shown offline', async () => {
  fill()
  const first = await openTab({ state: 'without-items' })
  await first.until(suite.stored())
  await first.page.close()
  await suite.server.goOffline()
  const second = await suite.app()
  await second.open({ url: suite.url })
  await second.begin()
  expect(await second.until(`status.connection === 'offline'`)).toMatchObject({ rows: 0, offset: '-1' })
  expect(await second.rows()).toEqual({ users: {}, items: {} })
})

test('scopes do not see each other, nor each other cleared', async () => {
  fill()
  const ada = await openTab({ scope: 'ada' })
  await ada.until(suite.stored())
  await ada.page.close()
  await suite.server.goOffline()
  const bob = await suite.app()
  await bob.open({ url: suite.url, scope: 'bob' })
  await bob.begin()
  expect(await bob.until(`status.connection === 'offline'`)).toMatchObject({ rows: 0, persistedOffset: null })
  expect(await bob.clearCache()).toEqual({ ok: true })
  const again = await openTab({ scope: 'ada' })
  expect(await again.rows()).toEqual(suite.fold())
})

/** Nothing is read or shown any more, until somebody asks for it. */
async function expectForgotten(tab: RemoteApp): Promise<void> {
  await tab.until(`status.connection === 'idle' && status.storage === 'memory' && status.rows === 0 && status.offset === '-1'`)
  expect(await tab.status()).toMatchObject({ persistedOffset: null })
  expect(await tab.rows()).toEqual({ users: {}, items: {} })
}

test('clearCache removes the database and the rows, and nothing is written afterwards', async () => {
  fill()
  const tab = await openTab({})
  await tab.until(suite.stored())
  // The cache, and the outbox.
  expect(await tab.databases()).toHaveLength(2)
  expect(await tab.clearCache()).toEqual({ ok: true })
  expect(await tab.databases()).toEqual([])
  await expectForgotten(tab)
  await suite.server.log.until((log) => log.open().length === 0)
  suite.server.append(suite.path, itemEvents(5, 5))
  await tab.reconnect()
  await tab.until(suite.atEnd())
  expect(await tab.rows()).toEqual(suite.fold())
  // Closing stores what is left, and answers when it is done: nothing is to be left.
  await tab.close()
  await suite.server.log.until((log) => log.open().length === 0)
  expect(await tab.databases()).toEqual([])
})

test('clearCache in the middle of the start leaves nothing behind', async () => {
  fill()
  const tab = await suite.app()
  await tab.open({ url: suite.url })
  await tab.begin()
  expect(await tab.clearCache()).toEqual({ ok: true })
  await expectForgotten(tab)
  await tab.reconnect()
  await tab.until(suite.atEnd())
  suite.server.append(suite.path, itemEvents(5, 5))
  await tab.until(suite.atEnd())
  await tab.close()
  await suite.server.log.until((log) => log.open().length === 0)
  expect(await tab.databases()).toEqual([])
})

test('clearCache while another engine writes: its rows go too, and it stores nothing either', async () => {
  fill()
  const writer = await openTab({})
  await writer.until(suite.stored())
  const other = await openTab({ home: 'page' })
  await other.until(`status.storage === 'read-only'`)
  expect(await other.clearCache()).toEqual({ ok: true })
  expect(await other.databases()).toEqual([])
  await expectForgotten(other)
  await expectForgotten(writer)
  suite.server.append(suite.path, itemEvents(5, 5))
  await writer.reconnect()
  await writer.until(suite.atEnd())
  expect(await writer.rows()).toEqual(suite.fold())
  await expectForgotten(other)
  await writer.page.close()
  expect(await other.databases()).toEqual([])
})

test('a cache that is deleted, but not cleared: the rows stay', async () => {
  fill()
  const tab = await openTab({})
  await tab.until(suite.stored())
  await tab.page.evaluate(async () => {
    for (const { name } of await indexedDB.databases()) indexedDB.deleteDatabase(name!)
  })
  await tab.until(`status.storage === 'memory'`)
  suite.server.append(suite.path, itemEvents(5, 5))
  await tab.until(suite.atEnd())
  expect(await tab.rows()).toEqual(suite.fold())
})
