import { describe, expect, test } from 'vitest'
import { cacheName } from '../../../src/shared/names.ts'
import { engines } from '../../support/engines.ts'
import { naiveFold } from '../../support/naive-fold.ts'
import { itemEvents, schema } from '../../support/schema.ts'
import { homeOf, leaderAmong, TOPOLOGIES, useTabs, user, type TabsSuite, type Topology } from '../../support/tabs.ts'

/** What a client costs the server: requests that brought data, and their bytes. */
function cost({ server }: TabsSuite): { requests: number; bytes: number } {
  const withData = { method: 'GET', where: ({ bytes }: { bytes: number }) => bytes > 2 }
  return { requests: server.log.count(withData), bytes: server.log.bytes(withData) }
}

async function costOfTabs(suite: TabsSuite, count: number, topology: Topology): Promise<{ requests: number; bytes: number }> {
  const { server, path } = suite
  server.recreateStream(path)
  server.append(path, itemEvents(500))
  server.log.clear()
  const tabs = await suite.tabs(count, { home: homeOf(topology) })
  await suite.expectAtEnd(tabs)
  server.append(path, [user('u1', 'Ada'), ...itemEvents(3, 900)])
  await suite.expectAtEnd(tabs)
  await server.log.until((log) => log.open().length > 0)
  const paid = cost(suite)
  expect(server.log.open()).toHaveLength(1)
  await Promise.all(tabs.map((tab) => tab.until(`status.tabs === ${String(count)}`)))
  const states = await Promise.all(tabs.map((tab) => tab.status()))
  expect(new Set(states.map(({ epoch }) => epoch)).size).toBe(1)
  expect(new Set(states.map(({ connection }) => connection))).toEqual(new Set(['live']))
  if (topology === 'shared') expect(new Set(states.map(({ where }) => where))).toEqual(new Set(['shared-worker']))
  else await suite.expectOneLeader(tabs)
  // The next tabs begin with nothing, as these did.
  expect(await tabs[0]!.clearCache()).toEqual({ ok: true })
  await Promise.all(tabs.map((tab) => tab.page.close()))
  await server.log.until((log) => log.open().length === 0)
  return paid
}

for (const { engine, title, skipped } of await engines()) {
  if (engine === 'webkit') continue // its driver knows no second tab of one profile; see conformance.host.test.ts
  describe.skipIf(skipped)(title, () => {
    const suite = useTabs(`/streams/tabs-${engine}`, { browser: engine })

    test.each(TOPOLOGIES)('ten tabs cost the server what one does, and show the same (%s)', async (topology) => {
      const one = await costOfTabs(suite, 1, topology)
      expect(one.requests).toBeGreaterThan(1)
      expect(await costOfTabs(suite, 10, topology)).toEqual(one)
    })
  })
}

describe.each(TOPOLOGIES)('chromium, %s', (topology) => {
  const suite = useTabs(`/streams/tabs-more-${topology}`, { browser: 'chromium' })
  const home = homeOf(topology)

  test('clearCache in one tab empties all, and leaves no database', async () => {
    suite.server.append(suite.path, itemEvents(200))
    const tabs = [await suite.tab({ home }), ...(await suite.tabs(2, { home }))]
    await Promise.all(tabs.map((tab) => tab.until(suite.stored())))
    const last = tabs[2]!
    expect(await last.databases()).toContain(cacheName(suite.url, ''))
    expect(await last.clearCache()).toEqual({ ok: true })
    await Promise.all(tabs.map((tab) => tab.until(`Object.values(rows()).every((of) => Object.keys(of).length === 0)`)))
    expect(await last.databases()).not.toContain(cacheName(suite.url, ''))
    await suite.server.log.until((log) => log.open().length === 0)
    await Promise.all(tabs.map((tab) => tab.until('status.cleared')))
    if (topology === 'leader') {
      // Nor does another tab that leads: who has signed out stays so.
      const { leader, followers: left } = await leaderAmong(tabs)
      await leader.page.close()
      await Promise.all(left.map((tab) => tab.until('status.failovers === 1 && status.cleared')))
      for (const tab of left) expect(await tab.rows()).toEqual({ items: {}, users: {} })
      expect(suite.server.log.open()).toEqual([])
      expect(await left[0]!.databases()).not.toContain(cacheName(suite.url, ''))
      await left[0]!.reconnect()
      await suite.expectAtEnd([left[0]!])
      expect(await left[0]!.clearCache()).toEqual({ ok: true })
      await Promise.all(left.map((tab) => tab.close()))
      return
    }
    await Promise.all(tabs.map((tab) => tab.close()))
    // Nor does what tabs store when they leave bring it back.
    await last.page.evaluate((name) => navigator.locks.request(name, () => undefined), cacheName(suite.url, ''))
    expect(await last.databases()).not.toContain(cacheName(suite.url, ''))
  })

  test('versions of an application that read the stream in different ways each have their own rows', async () => {
    const thing = (n: number): unknown => ({ type: 'thing', key: `t${String(n)}`, value: { id: `t${String(n)}`, n }, headers: { operation: 'insert' } })
    suite.server.append(suite.path, [...itemEvents(50), user('u1', 'Ada'), thing(1)])
    const shapes = Object.entries(schema).map(([name, { type, primaryKey }]) => ({ name, type, primaryKey }))
    const versions = [
      { state: undefined, collections: shapes },
      { state: 'without-items' as const, collections: shapes.filter(({ name }) => name !== 'items') },
      { state: 'items-of-other-type' as const, collections: shapes.map((shape) => (shape.name === 'items' ? { ...shape, type: 'thing' } : shape)) },
    ]
    const tabs = await Promise.all([...versions, ...versions].map(async ({ state, collections }) => ({
      collections,
      tab: await suite.tab({ home, ...(state ? { state } : {}) }),
    })))
    const expectOwnRows = async (): Promise<void> => {
      for (const { tab, collections } of tabs) {
        await tab.until(suite.atEnd())
        expect(await tab.rows()).toEqual(naiveFold(suite.server.events(suite.path), undefined, collections))
      }
    }
    await expectOwnRows()
    suite.server.append(suite.path, [...itemEvents(5, 100), user('u2', 'Bob'), thing(2)])
    await expectOwnRows()
    // One engine a version, not one a tab.
    const epochs = await Promise.all(tabs.map(async ({ tab }) => (await tab.status()).epoch))
    expect(epochs.slice(0, 3)).toEqual(epochs.slice(3))
    expect(new Set(epochs).size).toBe(3)
    await Promise.all(tabs.map(({ tab }) => tab.until('status.tabs === 2')))
  })

  test('tabs that are all hidden let go of the connection, and what was missed comes when one shows', async () => {
    suite.server.append(suite.path, itemEvents(50))
    const tabs = await suite.tabs(3, { home, pauseWhenHidden: 100 })
    await suite.expectAtEnd(tabs)
    for (const tab of tabs.slice(1)) await tab.show(false)
    // One that is seen is enough for all.
    await suite.expectLive(tabs)
    await tabs[0]!.show(false)
    await Promise.all(tabs.map((tab) => tab.until(`status.connection === 'paused'`)))
    await suite.server.log.until((log) => log.open().length === 0)
    const requests = suite.server.log.count()
    const before = await tabs[0]!.rows()
    suite.server.append(suite.path, [user('unseen', 'Bob'), ...itemEvents(5, 700)])
    expect(await tabs[0]!.rows()).toEqual(before)
    expect(suite.server.log.count()).toBe(requests)
    await tabs[2]!.show(true)
    await suite.expectAtEnd(tabs)
    await Promise.all(tabs.map((tab) => tab.until(`status.connection === 'live'`)))
    await suite.server.log.until((log) => log.open().length === 1)
  })
})

describe('sharedWorker: false', () => {
  const suite = useTabs('/streams/tabs-support', { browser: 'chromium' })

  test.each([
    ['shared', 'leader'],
    ['always-shared', 'page'],
  ] as const)('keeps a tab with a worker of kind %s away from the shared worker, beside the others (%s)', async (home, where) => {
    suite.server.append(suite.path, itemEvents(50))
    const others = await suite.tabs(2, { home: 'shared' })
    const kept = await suite.tab({ home, sharedWorker: false })
    const all = [...others, kept]
    await suite.expectAtEnd(all)
    await suite.expectLive(all)
    expect(await kept.status()).toMatchObject({ where, tabs: 1 })
    for (const other of others) expect(await other.status()).toMatchObject({ where: 'shared-worker', tabs: 2 })
    expect(kept.page.workers()).toHaveLength(where === 'leader' ? 1 : 0)
    await Promise.all(others.map((other) => other.page.close()))
    await suite.expectLive([kept])
  })
})
