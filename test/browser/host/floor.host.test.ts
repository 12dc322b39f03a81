import { describe, expect, test } from 'vitest'
import type { OpenOptions } from '../pages/app.ts'
import { useBench, type RemoteApp } from '../../support/browser-app.ts'
import { ABOVE_THE_FLOOR, withoutFeatures } from '../../support/browser-floor.ts'
import { itemEvents, schema } from '../../support/schema.ts'

const suite = useBench('/streams/floor')

/** Opens a tab whose browser lacks features, and shows that it is ready and, when it is live, goes on. */
async function expectReady(features: readonly string[], options: Partial<OpenOptions>): Promise<RemoteApp> {
  await withoutFeatures(suite.context, features)
  suite.server.append(suite.path, itemEvents(50))
  const tab = await suite.app()
  await tab.open({ url: suite.url, ...options })
  expect(await tab.preload()).toEqual({ ok: true })
  await tab.until(suite.atEnd())
  expect(await tab.rows()).toEqual(suite.fold())
  if (options.live === false) return tab
  await tab.until(`status.connection === 'live'`)
  const txid = `t-${String(features.length)}`
  const append = tab.append(schema.users.insert({ value: { id: 'u', name: 'Ada' }, headers: { txid } }))
  expect(await tab.awaitTxId(txid, 20_000)).toEqual({ ok: true })
  expect(await append).toEqual({ ok: true })
  expect(await tab.rows()).toEqual(suite.fold())
  return tab
}

describe('a browser that has nothing of what came after the oldest supported ones', () => {
  test.each<[NonNullable<OpenOptions['home']>, NonNullable<OpenOptions['live']>]>([
    ['page', false],
    ['page', true],
    ['page', 'sse'],
    ['app', false],
    ['app', true],
    ['app', 'sse'],
  ])('shows rows, engine in %s, live: %s', async (home, live) => {
    const tab = await expectReady(ABOVE_THE_FLOOR, { home, live })
    for (const when of ['before', 'meanwhile'] as const) {
      expect(await tab.appendAborted({}, when)).toMatchObject({ ok: false, message: 'given up' })
    }
    const { where, storage } = await tab.status()
    expect({ where, storage }).toEqual({ where: home === 'page' ? 'page' : 'leader', storage: 'indexeddb' })
  })

  test.each([false, true])('shows rows, engine in a shared worker, live: %s', async (live) => {
    const features = ABOVE_THE_FLOOR.filter((name) => name !== 'SharedWorker')
    const tab = await expectReady(features, { home: 'shared', live })
    expect(await tab.status()).toMatchObject({ where: 'shared-worker', storage: 'indexeddb' })
  })
})

/** What docs/browsers.md says of each feature that may be missing. */
describe('a browser that lacks', () => {
  test.each<[string, readonly string[], object]>([
    ['IndexedDB', ['indexedDB'], { storage: 'memory' }],
    ['Web Locks', ['Navigator.prototype.locks', 'WorkerNavigator.prototype.locks'], { storage: 'indexeddb' }],
    ['BroadcastChannel', ['BroadcastChannel'], { storage: 'indexeddb' }],
    ['Web Crypto', ['Crypto.prototype.subtle', 'Navigator.prototype.locks', 'WorkerNavigator.prototype.locks'], { storage: 'indexeddb' }],
    ['structuredClone', ['structuredClone'], { storage: 'indexeddb' }],
  ])('%s shows rows, engine in page and in worker', async (_, features, status) => {
    for (const home of ['page', 'app'] as const) {
      const tab = await expectReady(features, { home, scope: home })
      expect(await tab.status()).toMatchObject(status)
      await tab.page.close()
      suite.server.recreateStream(suite.path)
    }
  })

  test('a worker that takes modules rejects preload', async () => {
    await suite.context.addInitScript('globalThis.Worker = class { constructor() { throw new TypeError("no module workers") } }')
    const tab = await suite.app()
    await tab.open({ url: suite.url, home: 'app' })
    expect(await tab.preload()).toMatchObject({ ok: false, code: 'WORKER_START_FAILED' })
  })
})
