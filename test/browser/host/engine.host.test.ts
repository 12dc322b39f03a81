import type { BrowserContext } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openApp, startBench, type Bench, type RemoteApp } from '../../support/browser-app.ts'
import { naiveFold } from '../../support/naive-fold.ts'
import { itemEvents, schema } from '../../support/schema.ts'

let bench: Bench
let context: BrowserContext
let url: string
const apps: RemoteApp[] = []
const PATH = '/streams/engine'

beforeAll(async () => {
  bench = await startBench()
})
afterAll(async () => {
  await bench.close()
})
beforeEach(async () => {
  context = await bench.browser.newContext()
  url = bench.server.recreateStream(PATH)
  bench.server.log.clear()
})
afterEach(async () => {
  expect(apps.splice(0).flatMap(({ problems }) => problems)).toEqual([])
  await context.close()
  await bench.server.heal()
})

async function app(): Promise<RemoteApp> {
  const opened = await openApp(context, bench.host)
  apps.push(opened)
  return opened
}

const fold = () => naiveFold(bench.server.events(PATH))
const persisted = 'status.persistedOffset === status.offset && status.upToDate'

describe.each(['stock', 'page'] as const)('engine in %s', (home) => {
  test('cold, live, warm and offline', async () => {
    const { server } = bench
    server.append(PATH, itemEvents(3000), { perMessage: 500 })
    const cold = await app()
    await cold.open({ url, home })
    expect(await cold.preload()).toEqual({ ok: true })
    expect(await cold.rows()).toEqual(fold())
    expect(await cold.status()).toMatchObject({ connection: 'live', stale: false, where: home === 'page' ? 'page' : 'worker', storage: 'indexeddb' })

    server.append(PATH, [
      schema.users.insert({ value: { id: 'u1', name: 'Ada' } }),
      schema.items.update({ value: { id: 'i000007', n: 70 } }),
      schema.items.delete({ key: 'i000008', }),
    ])
    await cold.until(`status.offset === '${server.tailOffset(PATH)}' && ${persisted}`)
    expect(await cold.rows()).toEqual(fold())
    await cold.page.close()

    const warm = await app()
    server.log.clear()
    await warm.open({ url, home })
    expect(await warm.preload()).toEqual({ ok: true })
    expect(await warm.rows()).toEqual(fold())
    await warm.until('status.upToDate && !status.stale')
    // Only the last batch was read again, to see that the stream is still the same one.
    expect(server.log.bytes()).toBeLessThan(2000)
    await warm.page.close()

    await server.goOffline()
    const offline = await app()
    await offline.open({ url, home })
    expect(await offline.preload()).toEqual({ ok: true })
    expect(await offline.rows()).toEqual(fold())
    expect(await offline.until(`status.connection === 'offline'`)).toMatchObject({ stale: true })
    await server.goOnline()
    server.append(PATH, [schema.users.insert({ value: { id: 'u2', name: 'Bob' } })])
    await offline.until(`status.offset === '${server.tailOffset(PATH)}'`)
    expect(await offline.rows()).toEqual(fold())
    expect(await offline.status()).toMatchObject({ stale: false, connection: 'live' })
  })
})
