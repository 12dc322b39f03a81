import { expect, test } from 'vitest'
import type { OpenOptions } from '../pages/app.ts'
import { useBench, type RemoteApp } from '../../support/browser-app.ts'
import type { PlainRows } from '../../support/naive-fold.ts'
import { itemEvents, schema } from '../../support/schema.ts'
import { cacheName } from '../../../src/shared/names.ts'

const suite = useBench('/streams/storage')

/** Appends what every test can tell from what was there before. */
function appendMore(): void {
  suite.server.append(suite.path, [...itemEvents(3, 900), schema.users.insert({ value: { id: 'u1', name: 'Ada' } })])
}

async function openTab(options: Partial<OpenOptions> = {}): Promise<RemoteApp> {
  const tab = await suite.app()
  await tab.open({ url: suite.url, ...options })
  expect(await tab.preload()).toEqual({ ok: true })
  return tab
}

async function expectLive(tab: RemoteApp): Promise<void> {
  expect(await tab.rows()).toEqual(suite.fold())
  appendMore()
  await tab.until(suite.atEnd())
  expect(await tab.rows()).toEqual(suite.fold())
}

const FAILED = { storage: 'memory', persistedOffset: null, connection: 'live', lastError: { code: 'STORAGE_FAILED' } }

test.each([
  ['missing', 'stock'],
  ['missing', 'page'],
  ['refusing', 'stock'],
  ['refusing', 'page'],
  ['hanging', 'stock'],
  ['hanging', 'page'],
] as const)('IndexedDB is %s, engine in %s: rows from memory, and the status says so', async (storage, home) => {
  suite.server.append(suite.path, itemEvents(100))
  const tab = await openTab({ storage, home })
  expect(await tab.until(`status.storage === 'memory' && status.upToDate`)).toMatchObject(FAILED)
  await expectLive(tab)
})

/** Something of the origin that stands in the way; dies with its page. */
async function occupy(script: string, name: string): Promise<{ release(): Promise<void> }> {
  const page = await suite.context.newPage()
  await page.goto(`${suite.host.url}/blank.html`)
  await page.evaluate(`(async (name) => { ${script} })(${JSON.stringify(name)})`)
  return { release: () => page.close() }
}

const OPEN_OTHER = `
  const request = indexedDB.open(name, 1)
  request.onupgradeneeded = () => { request.result.createObjectStore('meta'); request.result.createObjectStore('segments', { keyPath: 'id' }) }
  const db = await new Promise((resolve, reject) => { request.onsuccess = () => resolve(request.result); request.onerror = reject })
`

test('a deletion that is blocked blocks the database: rows from memory, and the cache once it is free', async () => {
  suite.server.append(suite.path, itemEvents(100))
  // A connection that does not stand aside, and a deletion that waits for it: whoever opens now waits for both.
  const blocker = await occupy(`${OPEN_OTHER}; db.onversionchange = () => {}; indexedDB.deleteDatabase(name)`, cacheName(suite.url, ''))
  const tab = await openTab()
  expect(await tab.until(`status.storage === 'memory' && status.upToDate`)).toMatchObject(FAILED)
  await expectLive(tab)
  await blocker.release()
  await tab.until(suite.stored())
})

test('a transaction of somebody else that never ends: preload does not wait for it', async () => {
  suite.server.append(suite.path, itemEvents(100))
  await (await openTab()).until(suite.stored())
  await suite.apps[0]!.page.close()
  const spin = `${OPEN_OTHER}; const tx = db.transaction(['meta', 'segments'], 'readwrite')
    const again = () => { tx.objectStore('meta').get('x').onsuccess = again }; again()`
  const blocker = await occupy(spin, cacheName(suite.url, ''))
  const start = performance.now()
  const tab = await openTab()
  expect(performance.now() - start).toBeLessThan(20_000)
  expect(await tab.until(`status.storage === 'memory' && status.upToDate`)).toMatchObject(FAILED)
  await expectLive(tab)
  await blocker.release()
})

/** Sets the origin's quota; null lifts it. Before the first write: Chromium then believes its own sums for a while. */
async function quota(tab: RemoteApp, bytes: number | null): Promise<void> {
  const cdp = await suite.context.newCDPSession(tab.page)
  await cdp.send('Storage.overrideQuotaForOrigin', { origin: suite.host.url, ...(bytes === null ? {} : { quotaSize: bytes }) })
}

/** A tab whose cache holds some rows, and that has met the end of the disk since. */
async function fillDisk(): Promise<{ tab: RemoteApp; stored: PlainRows }> {
  suite.server.append(suite.path, itemEvents(100))
  const tab = await suite.app()
  // The empty databases take some 200 kB.
  await quota(tab, 260_000)
  await tab.open({ url: suite.url })
  expect(await tab.preload()).toEqual({ ok: true })
  await tab.until(suite.stored())
  const stored = suite.fold()
  suite.server.append(suite.path, itemEvents(10_000, 1000))
  await tab.until(`${suite.atEnd()} && status.storage === 'memory'`)
  return { tab, stored }
}

suite.inChromium('the disk is full while it writes: the engine goes on in memory, and stores again when there is room', async () => {
  const { tab } = await fillDisk()
  expect(await tab.status()).toMatchObject({ connection: 'live', lastError: { code: 'STORAGE_FAILED' } })
  await expectLive(tab)
  await quota(tab, null)
  await tab.until(suite.stored())
  await tab.page.close()
  await suite.server.goOffline()
  expect(await (await openTab()).rows()).toEqual(suite.fold())
})

suite.inChromium('a full disk leaves the older cache whole', async () => {
  const { tab, stored } = await fillDisk()
  await tab.page.close()
  await suite.server.goOffline()
  const offline = await openTab()
  expect(await offline.rows()).toEqual(stored)
  await quota(offline, null)
})

suite.inChromium('the disk is full from the start', async () => {
  suite.server.append(suite.path, itemEvents(2000))
  const tab = await suite.app()
  await quota(tab, 1)
  await tab.open({ url: suite.url })
  expect(await tab.preload()).toEqual({ ok: true })
  await tab.until(`${suite.atEnd()} && status.storage === 'memory'`)
  await expectLive(tab)
  await quota(tab, null)
})

async function clearData(tab: RemoteApp): Promise<void> {
  const cdp = await suite.context.newCDPSession(tab.page)
  await cdp.send('Storage.clearDataForOrigin', { origin: suite.host.url, storageTypes: 'indexeddb' })
}

suite.inChromium("the origin's data is cleared while it runs: the cache is made anew", async () => {
  suite.server.append(suite.path, itemEvents(100))
  const tab = await openTab()
  await tab.until(suite.stored())
  await clearData(tab)
  await expectLive(tab)
  await tab.until(suite.stored())
  await tab.page.close()
  await suite.server.goOffline()
  expect(await (await openTab()).rows()).toEqual(suite.fold())
})

suite.inChromium("the origin's data is cleared while nothing happens: the status does not go on about a cache, which is made anew", async () => {
  suite.server.append(suite.path, itemEvents(100))
  const tab = await openTab()
  await tab.until(suite.stored())
  await clearData(tab)
  await tab.until(`status.storage !== 'indexeddb' || status.persistedOffset === null`)
  await tab.until(suite.stored())
})

test('stored records that make no sense are no cache', async () => {
  suite.server.append(suite.path, itemEvents(100))
  await (await openTab()).until(suite.stored())
  await suite.apps[0]!.page.close()
  const spoiler = await occupy(
    `${OPEN_OTHER}; const tx = db.transaction('segments', 'readwrite'); tx.objectStore('segments').put({ id: 1, collection: 'items', rows: ['no row'], deleted: null })
     await new Promise((resolve) => { tx.oncomplete = resolve })`,
    cacheName(suite.url, ''),
  )
  await spoiler.release()
  const tab = await openTab()
  await expectLive(tab)
  await tab.until(suite.stored())
})

test('two engines of one cache: one writes, the other reads along, and takes over', async () => {
  suite.server.append(suite.path, itemEvents(100))
  const first = await openTab({ home: 'app' })
  await first.until(suite.stored())
  const second = await openTab({ home: 'page' })
  expect(await second.until(`status.storage !== 'opening' && status.upToDate`)).toMatchObject({ storage: 'read-only', lastError: null })
  appendMore()
  await first.until(suite.stored())
  await second.until(suite.atEnd())
  expect(await first.rows()).toEqual(suite.fold())
  expect(await second.rows()).toEqual(suite.fold())
  await first.page.close()
  await second.until(suite.stored())
  suite.server.append(suite.path, itemEvents(50, 2000))
  await second.until(suite.stored())
  expect(await second.rows()).toEqual(suite.fold())
  await second.page.close()
  await suite.server.goOffline()
  expect(await (await openTab({ home: 'app' })).rows()).toEqual(suite.fold())
})

test('no cache when none is wanted', async () => {
  suite.server.append(suite.path, itemEvents(100))
  const tab = await openTab({ cache: false })
  expect(await tab.until(suite.atEnd())).toMatchObject({ storage: 'memory', persistedOffset: null, lastError: null })
  await expectLive(tab)
  expect(await tab.databases()).toEqual([])
})
