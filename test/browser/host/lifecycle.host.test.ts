import { describe, expect, test } from 'vitest'
import type { OpenOptions } from '../pages/app.ts'
import { useBench, type RemoteApp } from '../../support/browser-app.ts'
import { cacheName } from '../../../src/shared/names.ts'
import { itemEvents, schema } from '../../support/schema.ts'

const suite = useBench('/streams/lifecycle')
const HOMES = ['stock', 'page'] as const

async function openTab(options: Partial<OpenOptions> = {}): Promise<RemoteApp> {
  const tab = await suite.app()
  await tab.open({ url: suite.url, ...options })
  return tab
}

async function expectAtEnd(tab: RemoteApp): Promise<void> {
  await tab.until(suite.atEnd())
  expect(await tab.rows()).toEqual(suite.fold())
}

const user = (id: string, name: string, txid?: string): unknown =>
  schema.users.insert({ value: { id, name }, ...(txid === undefined ? {} : { headers: { txid } }) })

describe.each(HOMES)('awaitTxId, engine in %s', (home) => {
  test('settles when the rows are there; also for one that was seen before, and after a reload', async () => {
    const tab = await openTab({ home })
    await tab.preload()
    const [early, other] = [tab.awaitTxId('t1', 20_000), tab.awaitTxId('t1', 20_000)]
    suite.server.append(suite.path, [user('u1', 'Ada', 't1')])
    expect(await early).toEqual({ ok: true })
    expect(await other).toEqual({ ok: true })
    expect(await tab.rows()).toEqual(suite.fold())
    expect(await tab.awaitTxId('t1', 0)).toEqual({ ok: true })
    await tab.until(suite.stored())
    await tab.page.close()
    await suite.server.goOffline()
    const warm = await openTab({ home })
    await warm.preload()
    expect(await warm.awaitTxId('t1', 1000)).toEqual({ ok: true })
  })

  test('TXID_TIMEOUT, and CLOSED', async () => {
    const tab = await openTab({ home })
    await tab.preload()
    expect(await tab.awaitTxId('never', 50)).toMatchObject({ ok: false, code: 'TXID_TIMEOUT' })
    const waiting = tab.awaitTxId('never', 60_000)
    await tab.close()
    expect(await waiting).toMatchObject({ ok: false, code: 'CLOSED' })
    expect(await tab.awaitTxId('never')).toMatchObject({ ok: false, code: 'CLOSED' })
    expect(await tab.preload()).toMatchObject({ ok: false, code: 'CLOSED' })
    expect(await tab.append(user('u9', 'Nobody'))).toMatchObject({ ok: false, code: 'CLOSED' })
    expect(await tab.clearCache()).toMatchObject({ ok: false, code: 'CLOSED' })
    expect(await tab.status()).toMatchObject({ connection: 'closed' })
  })
})

describe('the worker dies', () => {
  test('calls under way reject at once, and the tab heals by itself', async () => {
    suite.server.append(suite.path, itemEvents(100))
    const tab = await openTab()
    await tab.preload()
    await tab.until(suite.stored())
    const hold = suite.server.faults.hold({ match: { method: 'POST' } })
    const [txid, append] = [tab.awaitTxId('never', 60_000), tab.append(user('u1', 'Ada'))]
    await hold.struck
    const start = performance.now()
    await tab.killWorker()
    expect(await txid).toMatchObject({ ok: false, code: 'WORKER_DIED' })
    expect(await append).toMatchObject({ ok: false, code: 'WORKER_DIED' })
    expect(performance.now() - start).toBeLessThan(1000)
    suite.server.append(suite.path, [user('u2', 'Bob'), ...itemEvents(3, 500)])
    await expectAtEnd(tab)
    suite.server.append(suite.path, [user('u3', 'Cleo', 't3')])
    expect(await tab.awaitTxId('t3')).toEqual({ ok: true })
    await expectAtEnd(tab)
    expect(await tab.status()).toMatchObject({ connection: 'live', lastError: null, where: 'leader' })
    await tab.until(suite.stored())
    // Not before: the server takes what was held, and then is further than it was asked for.
    hold.release()
  })

  test('before it has read anything: preload goes on with the next one', async () => {
    suite.server.append(suite.path, itemEvents(100))
    const hold = suite.server.faults.hold({ times: 1 })
    const tab = await openTab()
    const preloaded = tab.preload()
    await hold.struck
    await tab.killWorker()
    expect(await preloaded).toEqual({ ok: true })
    await expectAtEnd(tab)
  })

  test('again and again, while rows arrive: nothing stale, nothing missing', async () => {
    suite.server.append(suite.path, itemEvents(3000))
    const tab = await openTab()
    await tab.begin()
    for (let round = 0; round < 4; round += 1) {
      suite.server.append(suite.path, itemEvents(500, 400 * round).map((event) => ({ ...(event as object), headers: { operation: 'delete' } })))
      suite.server.append(suite.path, itemEvents(1000, 5000 + 500 * round))
      await tab.until(`status.upToDate && status.offset === '${suite.server.tailOffset(suite.path)}'`)
      await tab.killWorker()
    }
    suite.server.append(suite.path, [{ headers: { control: 'reset' } }, ...itemEvents(10)])
    await expectAtEnd(tab)
  })

  suite.inChromium('while a slow tab applies a large batch: the rest of that batch does not mix with what the next worker sends', async () => {
    suite.server.append(suite.path, itemEvents(6000))
    const tab = await openTab({ cache: false })
    const cdp = await suite.context.newCDPSession(tab.page)
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: 20 })
    await tab.begin()
    await tab.until(`status.offset !== '-1' || Object.keys(rows().items).length > 0`)
    await tab.killWorker()
    // What the dead worker was sending is now wrong, row by row.
    suite.server.append(suite.path, itemEvents(6000).map((event) => ({ ...(event as object), headers: { operation: 'delete' } })))
    suite.server.append(suite.path, itemEvents(50, 3))
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: 1 })
    await expectAtEnd(tab)
  })
})

describe('a worker that does not start', () => {
  test('its script cannot be loaded', async () => {
    const tab = await openTab({ home: 'absent' })
    expect(await tab.preload()).toMatchObject({ ok: false, code: 'WORKER_START_FAILED' })
    expect(await tab.status()).toMatchObject({ lastError: { code: 'WORKER_START_FAILED' } })
    expect(await tab.append(user('u1', 'Ada'))).toMatchObject({ ok: false, code: 'WORKER_START_FAILED' })
  })

  test('its script never answers', async () => {
    const tab = await openTab({ home: 'silent' })
    expect(await tab.preload()).toMatchObject({ ok: false, code: 'WORKER_START_FAILED' })
  })

  /** The script of the tab's first worker cannot be loaded; that of the next one can. */
  const openAfterFailure = async () => {
    suite.server.append(suite.path, itemEvents(10))
    const tab = await openTab()
    const script = '**/stock.worker*'
    await tab.page.context().route(script, (route) => route.abort())
    const failed = await tab.preload()
    await tab.page.context().unroute(script)
    expect(failed).toMatchObject({ ok: false, code: 'WORKER_START_FAILED' })
    return tab
  }

  suite.inChromium('the first time, is started again by itself', async () => {
    const tab = await openAfterFailure()
    await expectAtEnd(tab)
    expect(await tab.status()).toMatchObject({ ready: true, lastError: null })
  })

  suite.inChromium('the first time, is started again by the next preload()', async () => {
    const tab = await openAfterFailure()
    expect(await tab.preload()).toEqual({ ok: true })
    await expectAtEnd(tab)
  })
})

describe.each(HOMES)('close(), engine in %s', (home) => {
  test.each([undefined, 'sse'] as const)('ends the requests at the server (live: %s)', async (live) => {
    suite.server.append(suite.path, itemEvents(10))
    const tab = await openTab({ home, ...(live === undefined ? {} : { live }) })
    await tab.preload()
    await suite.server.log.until((log) => log.open().length === 1)
    await tab.close()
    await suite.server.log.until((log) => log.open().length === 0)
    const requests = suite.server.log.count()
    suite.server.append(suite.path, itemEvents(10, 10))
    expect(await tab.status()).toMatchObject({ connection: 'closed', upToDate: false })
    expect(suite.server.log.count()).toBe(requests)
  })

  test('stores what was read', async () => {
    suite.server.append(suite.path, itemEvents(500))
    const tab = await openTab({ home })
    await tab.preload()
    await tab.close()
    // The writer's lock is free when everything is stored.
    await tab.page.evaluate((name) => navigator.locks.request(name, () => undefined), cacheName(suite.url, ''))
    await suite.server.goOffline()
    const again = await openTab({ home })
    expect(await again.preload()).toEqual({ ok: true })
    expect(await again.rows()).toEqual(suite.fold())
  })

  test('in the middle of the start, and of the catch-up', async () => {
    suite.server.append(suite.path, itemEvents(5000))
    const early = await openTab({ home })
    const preloaded = early.preload()
    await early.close()
    expect(await preloaded).toMatchObject({ ok: false, code: 'CLOSED' })
    const hold = suite.server.faults.hold({ times: 1 })
    const later = await openTab({ home })
    const reading = later.preload()
    await hold.struck
    await later.close()
    expect(await reading).toMatchObject({ ok: false, code: 'CLOSED' })
    await suite.server.log.until((log) => log.open().length === 0)
  })
})

describe.each(HOMES)('an optimistic action that awaits its txid, engine in %s', (home) => {
  test('shows the row at once, keeps it, and does not wait for itself', async () => {
    suite.server.append(suite.path, [user('u1', 'Ada')])
    const tab = await openTab({ home })
    await tab.preload()
    const { optimistic, outcome } = await tab.rename('u1', 'Adele')
    expect(optimistic['users']).toEqual({ u1: { id: 'u1', name: 'Adele' } })
    expect(outcome).toEqual({ ok: true })
    expect(await tab.rows()).toEqual(suite.fold())
    expect((await tab.rows())['users']).toEqual({ u1: { id: 'u1', name: 'Adele' } })
  })

  test('shows rows of others that arrive in the meantime', async () => {
    suite.server.append(suite.path, [user('u1', 'Ada')])
    const tab = await openTab({ home })
    await tab.preload()
    const hold = suite.server.faults.hold({ match: { method: 'POST' } })
    const renamed = tab.rename('u1', 'Adele')
    await hold.struck
    suite.server.append(suite.path, [user('u2', 'Bob'), ...itemEvents(3)])
    await tab.until(`status.offset === '${suite.server.tailOffset(suite.path)}'`)
    hold.release()
    expect((await renamed).outcome).toEqual({ ok: true })
    await expectAtEnd(tab)
  })

  test('takes the row back when the server refuses', async () => {
    suite.server.append(suite.path, [user('u1', 'Ada')])
    const tab = await openTab({ home })
    await tab.preload()
    suite.server.faults.respond(409, { match: { method: 'POST' } })
    expect((await tab.rename('u1', 'Adele')).outcome).toMatchObject({ ok: false, code: 'STREAM_ERROR' })
    expect(await tab.rows()).toEqual(suite.fold())
    expect(await tab.status()).toMatchObject({ connection: 'live' })
  })
})

describe.each(HOMES)('hooks, engine in %s', (home) => {
  test('onBeforeBatch, onEvent and onBatch come in order, around the rows', async () => {
    suite.server.append(suite.path, itemEvents(2))
    const tab = await openTab({ home, hooks: 'note' })
    await tab.preload()
    suite.server.append(suite.path, [user('u1', 'Ada'), null, { headers: { control: 'reset' } }, ...itemEvents(1, 7)])
    await expectAtEnd(tab)
    const calls = (await tab.hookCalls()).filter((call) => !/^(before|batch) 0 /.test(call))
    expect(calls).toEqual([
      'before 2 rows=0',
      'event i000000 rows=0',
      'event i000001 rows=0',
      'batch 2 rows=2',
      'before 4 rows=2',
      'event u1 rows=2',
      'event i000007 rows=2',
      'batch 4 rows=1',
    ])
  })

  test('one that throws stops nothing', async () => {
    suite.server.append(suite.path, itemEvents(2))
    const tab = await openTab({ home, hooks: 'throw' })
    expect(await tab.preload()).toEqual({ ok: true })
    suite.server.append(suite.path, [user('u1', 'Ada', 't1')])
    expect(await tab.awaitTxId('t1')).toEqual({ ok: true })
    await expectAtEnd(tab)
    expect(await tab.hookCalls()).toContain('event u1 rows=2')
    expect(await tab.status()).toMatchObject({ connection: 'live' })
  })
})
