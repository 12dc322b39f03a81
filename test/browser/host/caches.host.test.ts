import { expect, test } from 'vitest'
import { useBench } from '../../support/browser-app.ts'
import { itemEvents } from '../../support/schema.ts'

const suite = useBench('/streams/caches')

test('deleteCaches removes those of all scopes, also such as are in use, and their tabs forget', async () => {
  suite.server.append(suite.path, itemEvents(20))
  const tabs = await Promise.all(['ada', 'bob'].map(async (scope) => {
    const tab = await suite.app()
    await tab.open({ url: suite.url, scope })
    expect(await tab.preload()).toEqual({ ok: true })
    await tab.until(suite.stored())
    return tab
  }))
  const [ada, bob] = [tabs[0]!, tabs[1]!]
  expect(await ada.scopes()).toEqual(['ada', 'bob'])
  expect(await ada.deleteCaches('bob')).toEqual({ ok: true })
  await bob.until('status.cleared && status.rows === 0')
  expect(await ada.scopes()).toEqual(['ada'])
  expect(await ada.status()).toMatchObject({ cleared: false, storage: 'indexeddb' })
  // From a page that has nothing open.
  const other = await suite.app()
  expect(await other.deleteCaches()).toEqual({ ok: true })
  await ada.until('status.cleared && status.rows === 0')
  expect(await other.scopes()).toEqual([])
  expect(await other.databases()).toEqual([])
})

test('a cache that another program keeps open is a coded error, in time, and is removed once it is free', async () => {
  suite.server.append(suite.path, itemEvents(20))
  const tab = await suite.app()
  await tab.open({ url: suite.url, scope: 'ada' })
  expect(await tab.preload()).toEqual({ ok: true })
  await tab.until(suite.stored())
  const [name] = await tab.databases()
  const blocker = await suite.context.newPage()
  await blocker.goto(`${suite.host.url}/blank.html`)
  await blocker.evaluate((held) => new Promise((resolve) => { indexedDB.open(held).onsuccess = resolve }), name!)
  expect(await tab.deleteCaches()).toMatchObject({ ok: false, code: 'STORAGE_FAILED', retryable: true })
  await tab.until('status.cleared && status.rows === 0')
  await blocker.close()
  await expect.poll(() => tab.databases(), { timeout: 20_000 }).toEqual([])
})

test.each([
  ['missing', 'stock'],
  ['missing', 'page'],
  ['refusing', 'stock'],
  ['refusing', 'page'],
] as const)('clearCache where IndexedDB is %s, engine in %s: there is nothing to remove', async (storage, home) => {
  suite.server.append(suite.path, itemEvents(20))
  const tab = await suite.app()
  await tab.open({ url: suite.url, storage, home })
  expect(await tab.preload()).toEqual({ ok: true })
  expect(await tab.clearCache()).toEqual({ ok: true })
  await tab.until('status.cleared && status.rows === 0')
})
