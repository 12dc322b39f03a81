import { describe, expect, test } from 'vitest'
import type { OpenOptions } from '../pages/app.ts'
import { useBench, type RemoteApp } from '../../support/browser-app.ts'
import { itemEvents } from '../../support/schema.ts'

const suite = useBench('/streams/faults')

async function openTab(options: Partial<OpenOptions> = {}): Promise<RemoteApp> {
  const tab = await suite.app()
  await tab.open({ url: suite.url, ...options })
  return tab
}

async function expectAtEnd(tab: RemoteApp): Promise<void> {
  await tab.until(suite.atEnd())
  expect(await tab.rows()).toEqual(suite.fold())
}

let appended = 0
const appendOne = (): void => {
  suite.server.append(suite.path, itemEvents(1, 1000 + (appended += 1)))
}

test.each([404, 410])('%d: preload rejects with STREAM_NOT_FOUND, and works once there is a stream', async (status) => {
  const missing = suite.server.faults.respond(status)
  const tab = await openTab()
  expect(await tab.preload()).toMatchObject({ ok: false, code: 'STREAM_NOT_FOUND' })
  expect(await tab.status()).toMatchObject({ connection: 'not-found', upToDate: false, rows: 0 })
  expect(await tab.preload()).toMatchObject({ ok: false, code: 'STREAM_NOT_FOUND' })
  missing.clear()
  appendOne()
  // The last refusal may still be on its way.
  await expect.poll(() => tab.preload(), { timeout: 10_000 }).toEqual({ ok: true })
  await expectAtEnd(tab)
})

test('a stream that appears later is found without being asked for again', async () => {
  suite.server.deleteStream(suite.path)
  const tab = await openTab()
  expect(await tab.preload()).toMatchObject({ ok: false, code: 'STREAM_NOT_FOUND' })
  suite.server.createStream(suite.path)
  appendOne()
  await expectAtEnd(tab)
})

test.each([500, 502, 503, 429])('%d: tried again until it goes through', async (status) => {
  appendOne()
  const fault = suite.server.faults.respond(status, { times: 3 })
  const tab = await openTab()
  expect(await tab.preload()).toEqual({ ok: true })
  await expectAtEnd(tab)
  expect(fault.hits).toBe(3)
  expect(await tab.status()).toMatchObject({ connection: 'live', lastError: null })
})

test('503 with Retry-After: offline, not before the time, and reconnect() does not wait for it', async () => {
  appendOne()
  const fault = suite.server.faults.respond(503, { retryAfter: 1, times: 1 })
  const tab = await openTab()
  const preloaded = tab.preload()
  await fault.struck
  const start = performance.now()
  expect(await tab.until(`status.connection === 'offline'`)).toMatchObject({ lastError: { code: 'OFFLINE', retryable: true } })
  expect(await preloaded).toEqual({ ok: true })
  expect(performance.now() - start).toBeGreaterThan(900)
  const long = suite.server.faults.respond(503, { retryAfter: 3600, times: 1 })
  suite.server.dropConnections()
  await long.struck
  await tab.until(`status.connection === 'offline'`)
  appendOne()
  await tab.reconnect()
  await expectAtEnd(tab)
})

test.each([400, 409, 418])('%d: refused, said so, and tried again later', async (status) => {
  appendOne()
  const fault = suite.server.faults.respond(status)
  const tab = await openTab()
  expect(await tab.preload()).toMatchObject({ ok: false, code: 'STREAM_ERROR' })
  expect(await tab.status()).toMatchObject({ connection: 'failed', lastError: { status } })
  fault.clear()
  await expectAtEnd(tab)
})

test.each([1, 1000, 8000])('an answer that is cut after %d bytes: read again, nothing twice, nothing lost', async (bytes) => {
  suite.server.append(suite.path, itemEvents(100), { perMessage: 10 })
  const fault = suite.server.faults.cut(bytes, { times: 2 })
  const tab = await openTab()
  expect(await tab.preload()).toEqual({ ok: true })
  await expectAtEnd(tab)
  expect(fault.hits).toBe(2)
})

test('a catch-up and a long-poll that are cut while it listens', async () => {
  appendOne()
  const tab = await openTab()
  await tab.preload()
  const fault = suite.server.faults.cut(20, { times: 3 })
  suite.server.dropConnections()
  suite.server.append(suite.path, itemEvents(50), { perMessage: 5 })
  await fault.struck
  await expectAtEnd(tab)
  appendOne()
  await expectAtEnd(tab)
})

test('an answer that is held for long: connecting, then there', async () => {
  appendOne()
  const hold = suite.server.faults.hold({ times: 1 })
  const tab = await openTab()
  await tab.begin()
  await hold.struck
  expect(await tab.status()).toMatchObject({ connection: 'connecting', upToDate: false })
  hold.release()
  await expectAtEnd(tab)
})

test.each(['reset', 'loseAnswer'] as const)('requests that end in nothing (%s)', async (kind) => {
  appendOne()
  suite.server.faults[kind]({ times: 2 })
  const tab = await openTab()
  expect(await tab.preload()).toEqual({ ok: true })
  await expectAtEnd(tab)
})

test.each([undefined, 'sse'] as const)('live again as soon as the server is back, without any news (live: %s)', async (live) => {
  appendOne()
  const tab = await openTab(live === undefined ? {} : { live })
  await tab.preload()
  await suite.server.goOffline()
  await tab.until(`status.connection === 'offline'`)
  await suite.server.goOnline()
  const start = performance.now()
  await tab.until(`status.connection === 'live' && status.upToDate`)
  expect(performance.now() - start).toBeLessThan(5000)
  await tab.until('status.lastError === null && !status.stale')
})

describe("live: 'sse'", () => {
  test.each(['stock', 'page'] as const)('catches up and listens, engine in %s', async (home) => {
    suite.server.append(suite.path, itemEvents(50), { perMessage: 5 })
    const tab = await openTab({ home, live: 'sse' })
    expect(await tab.preload()).toEqual({ ok: true })
    for (let round = 0; round < 5; round += 1) {
      appendOne()
      await expectAtEnd(tab)
    }
    expect(suite.server.log.open({ where: ({ query }) => query.get('live') === 'sse' })).toHaveLength(1)
  })

  // Inside of an event, between data and its control event, and in the middle of many.
  test.each([10, 150, 700, 1500, 3000])('a connection that is cut after %d bytes, again and again', async (bytes) => {
    const tab = await openTab({ live: 'sse', hooks: 'note' })
    await tab.preload()
    const fault = suite.server.faults.cut(bytes, { times: 3 })
    suite.server.dropConnections()
    suite.server.append(suite.path, itemEvents(40), { perMessage: 4 })
    await fault.struck
    await expectAtEnd(tab)
    // Every event once, in order.
    const events = (await tab.hookCalls()).filter((call) => call.startsWith('event ')).map((call) => call.split(' ')[1])
    expect(events).toEqual(itemEvents(40).map((event) => (event as { key: string }).key))
    appendOne()
    await expectAtEnd(tab)
  })

  test('connections that keep breaking', async () => {
    const tab = await openTab({ live: 'sse' })
    await tab.preload()
    for (let round = 0; round < 6; round += 1) {
      const next = suite.server.log.next()
      suite.server.dropConnections()
      appendOne()
      await next
    }
    await expectAtEnd(tab)
    appendOne()
    await expectAtEnd(tab)
  })

  test('401 on reconnecting', async () => {
    const tab = await openTab({ live: 'sse', auth: true })
    await tab.preload()
    suite.server.requireToken('second')
    suite.server.dropConnections()
    appendOne()
    await tab.until(`status.connection === 'needs-auth'`)
    await tab.setToken('second')
    await tab.reconnect()
    await expectAtEnd(tab)
  })
})

describe('live: false', () => {
  test('reads to the end and stops; reconnect() reads on', async () => {
    suite.server.append(suite.path, itemEvents(50), { perMessage: 5 })
    const tab = await openTab({ live: false })
    expect(await tab.preload()).toEqual({ ok: true })
    await expectAtEnd(tab)
    expect(await tab.status()).toMatchObject({ connection: 'live' })
    expect(suite.server.log.open()).toEqual([])
    const requests = suite.server.log.count()
    appendOne()
    expect(suite.server.log.count()).toBe(requests)
    await tab.reconnect()
    await expectAtEnd(tab)
  })

  test('an empty stream', async () => {
    const tab = await openTab({ live: false })
    expect(await tab.preload()).toEqual({ ok: true })
    expect(await tab.status()).toMatchObject({ upToDate: true, rows: 0 })
  })
})

describe.each([undefined, 'sse', false] as const)('a stream that is closed by its writer (live: %s)', (live) => {
  const options = live === undefined ? {} : { live }

  test('before it is read', async () => {
    suite.server.append(suite.path, itemEvents(50), { perMessage: 5 })
    suite.server.closeStream(suite.path)
    const tab = await openTab(options)
    expect(await tab.preload()).toEqual({ ok: true })
    // The connection's state is told at once, the last rows come after it.
    expect(await tab.until(`status.connection === 'ended' && !status.stale`)).toMatchObject({ upToDate: true, lastError: null })
    expect(await tab.rows()).toEqual(suite.fold())
    await tab.until(suite.stored())
    await tab.page.close()
    const warm = await openTab(options)
    expect(await warm.preload()).toEqual({ ok: true })
    expect(await warm.until(`status.connection === 'ended' && !status.stale`)).toMatchObject({ upToDate: true })
    expect(await warm.rows()).toEqual(suite.fold())
  })

  // Without live there is no while: it stops at the end.
  if (live === false) return
  test('while it is read', async () => {
    appendOne()
    const tab = await openTab(options)
    await tab.preload()
    appendOne()
    await expectAtEnd(tab)
    suite.server.closeStream(suite.path)
    expect(await tab.until(`status.connection === 'ended'`)).toMatchObject({ upToDate: true })
    await suite.server.log.until((log) => log.open().length === 0)
    expect(await tab.rows()).toEqual(suite.fold())
  })
})
