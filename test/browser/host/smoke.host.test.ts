import { chromium, type Browser, type Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { chromiumArgs, chromiumExecutable } from '../../support/chromium.ts'
import { launchKillable } from '../../support/kill.ts'
import { startPageHost, type PageHost } from '../../support/page-host.ts'
import { startStreamServer, type StreamServer } from '../../support/stream-server.ts'
import type { WorkersPage } from '../pages/workers.ts'

const PATH = '/streams/smoke'
const events = Array.from({ length: 1_000 }, (_, index) => ({
  type: 'item',
  key: String(index),
  value: { index },
  headers: { operation: 'insert' },
}))

let host: PageHost
let server: StreamServer
let browser: Browser
let page: Page

beforeAll(async () => {
  ;[host, server, browser] = await Promise.all([
    startPageHost(),
    startStreamServer(),
    chromiumExecutable().then((executablePath) => chromium.launch({ executablePath, args: [...chromiumArgs] })),
  ])
})

afterAll(async () => {
  await browser?.close()
  await Promise.all([host?.close(), server?.close()])
})

beforeEach(async () => {
  server.recreateStream(PATH)
  server.log.clear()
  page = await browser.newPage()
  await page.goto(`${host.url}/blank.html`)
})

afterEach(async () => {
  await page.close()
  await server.heal()
})

interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
}

/** Fetches in the page, as the library will; a failure of the network comes back as its name. */
function fetchInPage(query: string, init: { method?: string; headers?: Record<string, string>; body?: string } = {}) {
  return page.evaluate(
    async ({ url, init }): Promise<Answer | string> => {
      try {
        const response = await fetch(url, { cache: 'no-store', ...init })
        return {
          status: response.status,
          headers: Object.fromEntries(response.headers),
          body: await response.text(),
        }
      } catch (error) {
        return (error as Error).name
      }
    },
    { url: server.streamUrl(PATH) + query, init },
  )
}

describe('the embedded server behind the proxy', () => {
  it('serves a page from another origin, with the Stream-* headers readable', async () => {
    const tail = server.append(PATH, events)
    const answer = (await fetchInPage('?offset=-1')) as Answer
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toEqual(server.events(PATH))
    expect(JSON.parse(answer.body)).toHaveLength(events.length)
    expect(answer.headers['stream-next-offset']).toBe(tail)
    expect(answer.headers['stream-up-to-date']).toBe('true')
    expect(server.log.all({ method: 'GET' })).toMatchObject([{ status: 200, outcome: 'ended', bytes: answer.body.length }])
  })

  it('wakes a long-poll with an append made in this process', async () => {
    const tail = server.append(PATH, events)
    const request = server.log.next({ method: 'GET' })
    const answer = fetchInPage(`?offset=${tail}&live=long-poll`)
    await request
    server.append(PATH, [{ more: 1 }])
    expect(JSON.parse(((await answer) as Answer).body)).toEqual([{ more: 1 }])
  })

  it('streams server-sent events through, and breaks them on demand', async () => {
    server.append(PATH, events.slice(0, 1))
    const answer = fetchInPage('?offset=-1&live=sse')
    await server.log.until((log) => log.bytes({ method: 'GET' }) > 0)
    server.dropConnections()
    expect(await answer).toBe('TypeError')
    expect(server.log.all({ method: 'GET' })).toMatchObject([{ status: 200, outcome: 'aborted' }])
  })
})

describe('offline', () => {
  it('refuses connections, breaks open ones, and comes back on the same port', async () => {
    const tail = server.append(PATH, events)
    const { port } = server
    const waiting = fetchInPage(`?offset=${tail}&live=long-poll`)
    await server.log.next({ method: 'GET' })
    await server.goOffline()
    expect(server.openConnections).toBe(0)
    expect(await waiting).toBe('TypeError')
    const seen = server.log.count()
    expect(await fetchInPage('?offset=-1')).toBe('TypeError')
    expect(server.log.count()).toBe(seen)
    await server.goOnline()
    expect(server.port).toBe(port)
    expect(await fetchInPage('?offset=-1')).toMatchObject({ status: 200 })
  })
})

describe('authentication', () => {
  it('refuses without the token, in a way that a page can read, and accepts it', async () => {
    server.requireToken('good')
    const refused = await fetchInPage('?offset=-1', { headers: { authorization: 'Bearer bad' } })
    expect(refused).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } })
    const accepted = await fetchInPage('?offset=-1', { headers: { authorization: 'Bearer good' } })
    expect(accepted).toMatchObject({ status: 200 })
  })

  it('takes a predicate that may name the status', async () => {
    server.requireToken((token) => (token === null ? 403 : true))
    expect(await fetchInPage('?offset=-1')).toMatchObject({ status: 403 })
  })
})

describe('faults', () => {
  it('answers a status for the next requests only, with Retry-After readable', async () => {
    const fault = server.faults.respond(503, { retryAfter: 7, times: 2 })
    expect(await fetchInPage('?offset=-1')).toMatchObject({ status: 503, headers: { 'retry-after': '7' } })
    expect(await fetchInPage('?offset=-1')).toMatchObject({ status: 503 })
    expect(await fetchInPage('?offset=-1')).toMatchObject({ status: 200 })
    expect(fault.hits).toBe(2)
  })

  it('cuts an answer after the bytes that were asked for', async () => {
    server.append(PATH, events)
    server.faults.cut(1_000, { times: 1 })
    expect(await fetchInPage('?offset=-1')).toBe('TypeError')
    expect(server.log.all({ method: 'GET' })).toMatchObject([{ bytes: 1_000, outcome: 'cut' }])
  })

  it('loses an answer after the server did the work', async () => {
    server.faults.loseAnswer({ match: { method: 'POST' }, times: 1 })
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '[{"written":1}]' }
    expect(await fetchInPage('', init)).toBe('TypeError')
    expect(server.events(PATH)).toEqual([{ written: 1 }])
  })

  it('holds a request until it is released', async () => {
    const hold = server.faults.hold({ times: 1 })
    const answer = fetchInPage('?offset=-1')
    const held = await hold.struck
    expect(held).toMatchObject({ status: null, outcome: 'open' })
    hold.release()
    expect(await answer).toMatchObject({ status: 200 })
  })

  it('delays a request', async () => {
    server.faults.delay(120, { times: 1 })
    const start = performance.now()
    expect(await fetchInPage('?offset=-1')).toMatchObject({ status: 200 })
    expect(performance.now() - start).toBeGreaterThanOrEqual(115)
  })
})

describe('pacing', () => {
  it('carries an answer at the rate that was set', async () => {
    server.append(PATH, events)
    const bytes = JSON.stringify(server.events(PATH)).length
    server.pace(2)
    const start = performance.now()
    const answer = (await fetchInPage('?offset=-1')) as Answer
    const ms = performance.now() - start
    expect(answer.body).toHaveLength(bytes)
    expect(ms).toBeGreaterThanOrEqual(((bytes * 8) / 2_000_000) * 1_000 * 0.95)
  })
})

describe('100,000 events', () => {
  it('are appended fast and read through the proxy', async () => {
    const many = Array.from({ length: 100_000 }, (_, index) => ({ ...events[0], key: String(index) }))
    const start = performance.now()
    server.append(PATH, many, { perMessage: 1_000 })
    expect(performance.now() - start).toBeLessThan(5_000)
    const count = await page.evaluate(
      async (url) => ((await (await fetch(url)).json()) as unknown[]).length,
      `${server.streamUrl(PATH)}?offset=-1`,
    )
    expect(count).toBe(100_000)
  })
})

describe('the page host', () => {
  type Global = typeof globalThis & { workersPage: WorkersPage }

  it('serves real workers from sources, loads the page once, and shares one worker between tabs', async () => {
    const tail = server.append(PATH, events)
    expect(tail).toBe(server.tailOffset(PATH))
    const context = await browser.newContext()
    try {
      const [first, second] = await Promise.all([context.newPage(), context.newPage()])
      for (const tab of [first, second]) {
        await tab.goto(`${host.url}/workers.html`)
        await tab.waitForFunction(() => 'workersPage' in globalThis)
      }
      const counts = await first.evaluate(async (url) => {
        const { dedicated, shared } = (globalThis as Global).workersPage
        return Promise.all([dedicated.countEvents(url), shared.countEvents(url)])
      }, server.streamUrl(PATH))
      expect(counts).toEqual([events.length, events.length])
      const stored = await first.evaluate(() => (globalThis as Global).workersPage.dedicated.storeAndRead('workers'))
      expect(stored).toBe('value')
      const calls = []
      for (const tab of [first, second]) {
        calls.push(await tab.evaluate(() => (globalThis as Global).workersPage.shared.calls()))
      }
      expect(calls).toEqual([1, 2])
      expect(await first.evaluate(() => (globalThis as Global).workersPage.loads())).toBe(1)
    } finally {
      await context.close()
    }
  })
})

describe('a killed browser', () => {
  it('starts again on the same profile, with what was stored', async () => {
    const killable = await launchKillable()
    try {
      const before = await killable.open(`${host.url}/blank.html`)
      await before.evaluate(
        () =>
          new Promise<void>((resolve, reject) => {
            const open = indexedDB.open('smoke')
            open.onupgradeneeded = () => open.result.createObjectStore('kept').put('value', 'key')
            open.onsuccess = () => resolve()
            open.onerror = () => reject(open.error as Error)
          }),
      )
      await killable.kill()
      await killable.relaunch()
      const after = await killable.open(`${host.url}/blank.html`)
      expect(await after.evaluate(() => indexedDB.databases())).toEqual([{ name: 'smoke', version: 1 }])
    } finally {
      await killable.close()
    }
  })
})

describe('closing', () => {
  it('ends at once, whatever is open', async () => {
    const other = await startStreamServer()
    const url = other.createStream('/open')
    const waiting = page.evaluate((target) => fetch(target).catch(() => 'broken'), `${url}?offset=now&live=long-poll`)
    await other.log.next({ method: 'GET' })
    await other.close()
    expect(await waiting).toBe('broken')
  })
})
