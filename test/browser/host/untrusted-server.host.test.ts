import { beforeEach, describe, expect, test } from 'vitest'
import { useBench, type RemoteApp } from '../../support/browser-app.ts'
import { EVERY_HOME, inEveryHome, Place } from '../../support/every-home.ts'
import { itemEvents } from '../../support/schema.ts'
import { startStreamServer, type Fault, type StreamServer } from '../../support/stream-server.ts'

/** Short enough for a test, and longer than it takes a busy machine to answer. */
const SILENCE_MS = 3000
/** A request that has been silent for so long is given up by who is in a hurry, ms. */
const MOMENT_MS = 1000
/** By then a default of 45 s would not have helped. */
const AT_ONCE_MS = 15_000

const suite = useBench('/streams/untrusted')

/** Live, with rows, and the request that listens now has been swallowed while there is news. */
async function swallowed(place: Place, tab: RemoteApp): Promise<Fault> {
  place.append()
  expect(await tab.preload()).toEqual({ ok: true })
  await tab.until(`status.connection === 'live'`)
  await suite.server.log.until((log) => log.open(place.requests('live').match).length === 1)
  const hang = suite.server.faults.hang({ ...place.requests('live'), times: 1 })
  place.listenAnew()
  await hang.struck
  place.append()
  return hang
}

/** Hurries until everything is shown, and says how long that took, ms. */
async function hurried(place: Place, tab: RemoteApp, hurry: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  const shown = place.expectAtEnd(tab).then(() => true)
  // What has just gone out is not given up, so that the first hurry may do nothing.
  while (!(await Promise.race([shown, hurry().then(() => pause(MOMENT_MS / 4))])));
  return performance.now() - begin
}

const pause = (ms: number): Promise<false> => new Promise((resolve) => setTimeout(() => { resolve(false) }, ms))

// Its 45 s pass while the other tests run.
let byDefault: Promise<ReadonlyArray<readonly [name: string, ms: number]>> | undefined
beforeEach(() => {
  byDefault ??= recoverByDefault()
  byDefault.catch(() => undefined)
})

describe('a request that is swallowed', () => {
  inEveryHome(suite, 'at first: connecting, and made again after the limit', async (place) => {
    place.append()
    const hang = suite.server.faults.hang({ ...place.requests('all'), times: 1 })
    const tab = await place.tab({ silenceTimeoutMs: SILENCE_MS })
    const preloaded = tab.preload()
    await hang.struck
    // The status is on its way to the tab: the server may hear of the request first.
    expect(await tab.until(`status.connection !== 'idle'`)).toMatchObject({ connection: 'connecting', upToDate: false, ready: false })
    expect(await preloaded).toEqual({ ok: true })
    await place.expectAtEnd(tab)
    expect(await tab.until(`status.connection === 'live'`)).toMatchObject({ lastError: null, failedAttempts: 1 })
  })

  inEveryHome(suite, 'while it listens: made again after the limit', async (place) => {
    const tab = await place.tab({ silenceTimeoutMs: SILENCE_MS })
    const hang = await swallowed(place, tab)
    await place.expectAtEnd(tab)
    expect(hang.hits).toBe(1)
    expect(await tab.until(`status.connection === 'live'`)).toMatchObject({ lastError: null })
  })

  inEveryHome(suite, 'again and again: offline, with rows, and live again by itself', async (place) => {
    const tab = await place.tab({ silenceTimeoutMs: SILENCE_MS / 2 })
    await swallowed(place, tab)
    const hang = suite.server.faults.hang(place.requests('all'))
    expect(await tab.until(`status.connection === 'connecting' || status.connection === 'offline'`)).toMatchObject({ upToDate: false })
    const silent = await tab.until(`status.connection === 'offline' && status.lastError !== null && /nothing for/.test(status.lastError.message)`)
    expect(silent).toMatchObject({ upToDate: false, lastError: { code: 'OFFLINE', retryable: true } })
    expect(silent.rows).toBeGreaterThan(0)
    hang.clear()
    await place.expectAtEnd(tab)
    expect(await tab.until(`status.connection === 'live'`)).toMatchObject({ lastError: null })
  })

  inEveryHome(suite, 'reconnect() makes it again at once', async (place) => {
    const tab = await place.tab()
    await swallowed(place, tab)
    expect(await hurried(place, tab, () => tab.reconnect())).toBeLessThan(AT_ONCE_MS)
  })

  inEveryHome(suite, 'reconnect() makes the first one again at once', async (place) => {
    place.append()
    const hang = suite.server.faults.hang({ ...place.requests('all'), times: 1 })
    const tab = await place.tab()
    await tab.begin()
    await hang.struck
    expect(await hurried(place, tab, () => tab.reconnect())).toBeLessThan(AT_ONCE_MS)
  })

  inEveryHome(suite, 'the browser’s online event makes it again at once', async (place) => {
    const tab = await place.tab()
    await swallowed(place, tab)
    expect(await hurried(place, tab, () => tab.page.evaluate(() => window.dispatchEvent(new Event('online'))))).toBeLessThan(AT_ONCE_MS)
  })

  inEveryHome(suite, 'a tab that shows again makes it again at once', async (place) => {
    const tab = await place.tab()
    await swallowed(place, tab)
    const wake = async (): Promise<void> => {
      await tab.show(false)
      await tab.show(true)
    }
    expect(await hurried(place, tab, wake)).toBeLessThan(AT_ONCE_MS)
  })

  const shared = EVERY_HOME.filter(({ home }) => home !== 'page')
  inEveryHome(suite, 'a second tab’s preload() makes it again at once, for both', async (place) => {
    const tab = await place.tab()
    await swallowed(place, tab)
    await pause(MOMENT_MS)
    const second = await place.tab()
    const begin = performance.now()
    expect(await second.preload()).toEqual({ ok: true })
    await Promise.all([place.expectAtEnd(tab), place.expectAtEnd(second)])
    expect(performance.now() - begin).toBeLessThan(AT_ONCE_MS)
    expect((await second.status()).epoch).toBe((await tab.status()).epoch)
  }, shared)

  inEveryHome(suite, 'a second tab’s preload() makes the first one again at once, for both', async (place) => {
    place.append()
    const hang = suite.server.faults.hang({ ...place.requests('all'), times: 1 })
    const tab = await place.tab()
    const preloaded = tab.preload()
    await hang.struck
    await pause(MOMENT_MS)
    const begin = performance.now()
    const second = await place.tab()
    expect(await second.preload()).toEqual({ ok: true })
    expect(await preloaded).toEqual({ ok: true })
    expect(performance.now() - begin).toBeLessThan(AT_ONCE_MS)
  }, shared)

  inEveryHome(suite, 'a first request that is slow is not made again by every preload()', async (place) => {
    place.append()
    const hold = suite.server.faults.hold({ ...place.requests('all'), times: 1 })
    const tab = await place.tab()
    await tab.begin()
    await hold.struck
    for (let call = 0; call < 20; call += 1) await tab.begin()
    expect(suite.server.log.count(place.requests('all').match)).toBe(1)
    hold.release()
    await place.expectAtEnd(tab)
  })
})

describe('a refusal of an event stream that is made again', () => {
  const streaming = EVERY_HOME.filter(({ live }) => live === 'sse')

  for (const status of [401, 403]) {
    inEveryHome(suite, `${String(status)} reaches status and onError as that of a first request does`, async (place) => {
      place.append()
      const tab = await place.tab({ auth: true, onError: 'note' })
      expect(await tab.preload()).toEqual({ ok: true })
      await tab.until(`status.connection === 'live'`)
      const refusing = suite.server.faults.respond(status, place.requests('live'))
      place.listenAnew()
      expect(await tab.until(`status.connection === 'needs-auth'`)).toMatchObject({
        upToDate: false,
        rows: 1,
        lastError: { code: 'NEEDS_AUTH', status, retryable: true },
      })
      expect(await tab.refusals()).toEqual([{ code: 'NEEDS_AUTH', status }])
      // It waits to be told.
      expect(refusing.hits).toBe(1)
      refusing.clear()
      place.append()
      await tab.reconnect()
      await place.expectAtEnd(tab)
    }, streaming)
  }

  inEveryHome(suite, 'onError can mend it', async (place) => {
    place.append()
    const tab = await place.tab({ auth: true, onError: 'renew' })
    expect(await tab.preload()).toEqual({ ok: true })
    await tab.until(`status.connection === 'live'`)
    suite.server.faults.respond(401, place.requests('live', ({ headers }) => headers.authorization !== 'Bearer good'))
    place.listenAnew()
    await suite.server.log.until((log) => log.open(place.requests('live', ({ headers }) => headers.authorization === 'Bearer good').match).length === 1)
    place.append()
    await place.expectAtEnd(tab)
    expect(await tab.refusals()).toEqual([{ code: 'NEEDS_AUTH', status: 401 }])
    expect(await tab.until('status.lastError === null')).toMatchObject({ connection: 'live' })
  }, streaming)
})

inEveryHome(suite, 'a header function that throws: failed, in its own words, preload() rejects, nothing is asked, and it is tried again', async (place) => {
  place.append()
  const tab = await place.tab({ auth: true })
  await tab.answerTokens('by-throwing')
  expect(await tab.preload()).toMatchObject({ ok: false, code: 'REQUEST_VALUES', message: 'streamOptions.headers.Authorization threw: no token to be had' })
  expect(await tab.status()).toMatchObject({ connection: 'failed', upToDate: false, lastError: { code: 'REQUEST_VALUES', retryable: true } })
  expect(suite.server.log.count(place.requests('all').match)).toBe(0)
  await tab.answerTokens('always')
  await place.expectAtEnd(tab)
  expect(await tab.until('status.lastError === null')).toMatchObject({ connection: 'live' })
})

/** How each is paced over minutes is in docs/faults.md, which a test prints. This is that every home has that pace. */
describe('a server that answers at once, whatever it is asked, is asked a few times', () => {
  const WINDOW_MS = 4000
  const MOST = 12

  inEveryHome(suite, 'when it refuses, and when it has nothing', async (place) => {
    place.append(3)
    const tab = await place.tab({ pace: 'default' })
    expect(await tab.preload()).toEqual({ ok: true })
    await tab.until(`status.connection === 'live'`)
    for (const fault of [refuseAll, nothingAtOnce]) {
      const asked = suite.server.log.count(place.requests('all').match)
      const acting = fault(suite.server, place)
      place.listenAnew()
      await acting.struck
      await pause(WINDOW_MS)
      expect(suite.server.log.count(place.requests('all').match) - asked, fault.name).toBeLessThanOrEqual(MOST)
      acting.clear()
      place.append()
      await hurried(place, tab, () => tab.reconnect())
      await tab.until(`status.connection === 'live'`)
    }
  })
})

describe('nothing that was shown is taken back', () => {
  /** Only new rows, each once, in order. */
  const expectOnlyNews = async (tab: RemoteApp, count: number): Promise<void> => {
    expect((await tab.changes()).map(({ type, key }) => `${type} ${key}`)).toEqual(keysFrom(3, count))
  }
  const keysFrom = (first: number, count: number): string[] => Array.from({ length: count }, (_, index) => `insert i${String(first + index).padStart(6, '0')}`)

  /** Live, with three rows, and the changes are noted from now on. */
  const liveTab = async (place: Place): Promise<RemoteApp> => {
    place.append(3)
    const tab = await place.tab()
    expect(await tab.preload()).toEqual({ ok: true })
    await place.expectAtEnd(tab)
    await tab.until(`status.connection === 'live'`)
    await tab.noteChanges()
    return tab
  }

  inEveryHome(suite, 'when answers are from an old copy of the stream', async (place) => {
    const tab = await liveTab(place)
    const older = olderCopy(suite.server, place)
    const told = tab.until(`status.connection === 'offline' && status.lastError?.code === 'STREAM_ERROR'`)
    // By then the page watches.
    await tab.status()
    place.listenAnew()
    await older.struck
    expect(await told).toMatchObject({ upToDate: false, rows: place.live === 'sse' ? 3 : 4, lastError: { retryable: true } })
    await suite.server.log.until((log) => log.count(place.requests('live', ({ query }) => query.has('cache-buster')).match) > 0)
    older.clear()
    place.append(2)
    await place.expectAtEnd(tab)
    await expectOnlyNews(tab, place.live === 'sse' ? 2 : 3)
    expect(await tab.until('status.lastError === null')).toMatchObject({ connection: 'live' })
  })

  inEveryHome(suite, 'when two answers of four are 404', async (place) => {
    const tab = await liveTab(place)
    let asked = 0
    const gone = new Set<number>()
    suite.server.faults.respond(404, place.requests('all', ({ id }) => {
      if (!gone.has(id) && (asked += 1) % 4 < 2) gone.add(id)
      return gone.has(id)
    }))
    for (let round = 0; round < 3; round += 1) {
      place.listenAnew()
      place.append()
      await place.expectAtEnd(tab)
    }
    await expectOnlyNews(tab, place.live === 'sse' ? 3 : 6)
    expect(gone.size).toBeGreaterThan(2)
  })
})

test('a request that is swallowed is made again by itself, by default, within a minute', async () => {
  for (const [name, ms] of await byDefault!) expect(ms, name).toBeLessThan(60_000)
}, 90_000)

/** As a backend that is not the stream's own. */
const refuseAll = (server: StreamServer, place: Place): Fault => server.faults.respond(404, place.requests('all'))

/** In the server's place: a live request ends at once, without news. */
function nothingAtOnce(server: StreamServer, place: Place): Fault {
  const offset = server.tailOffset(place.path)
  if (place.live === 'long-poll') {
    return server.faults.respond(200, { ...place.requests('live'), headers: { 'content-type': 'application/json', 'stream-next-offset': offset, 'stream-cursor': '1', 'stream-up-to-date': 'true' }, body: '[]' })
  }
  const control = JSON.stringify({ streamNextOffset: offset, streamCursor: '1', upToDate: true })
  return server.faults.respond(200, { ...place.requests('live'), headers: { 'content-type': 'text/event-stream' }, body: `event: control\ndata: ${control}\n\n` })
}

/** In the server's place, unless caches are passed by: the stream as it was when it had one event. */
function olderCopy(server: StreamServer, place: Place): Fault {
  const { messages } = server.store.read(place.path)
  const offset = messages[0]!.offset
  const scope = place.requests('live', ({ query }) => !query.has('cache-buster'))
  const events = JSON.stringify(itemEvents(1))
  if (place.live === 'long-poll') {
    return server.faults.respond(200, { ...scope, headers: { 'content-type': 'application/json', 'stream-next-offset': offset, 'stream-cursor': '1', 'stream-up-to-date': 'true' }, body: events })
  }
  const control = JSON.stringify({ streamNextOffset: offset, streamCursor: '1', upToDate: true })
  return server.faults.respond(200, { ...scope, headers: { 'content-type': 'text/event-stream' }, body: `event: data\ndata: ${events}\n\nevent: control\ndata: ${control}\n\n` })
}

/** A first request, and one that listens, are swallowed in every home; a server of their own, which no other test heals. */
async function recoverByDefault(): Promise<ReadonlyArray<readonly [name: string, ms: number]>> {
  const server = await startStreamServer()
  const browser = suite.context.browser()!
  const moments = EVERY_HOME.flatMap((home) => (['first', 'live'] as const).map((moment) => ({ home, moment })))
  try {
    return await Promise.all(
      moments.map(async ({ home, moment }) => {
        const context = await browser.newContext()
        const place = new Place({ ...suite, server, path: `/default-${moment}`, host: suite.host, apps: [] }, home, context)
        place.append()
        const tab = await place.tab()
        if (moment === 'live') {
          await tab.preload()
          await place.expectAtEnd(tab)
          await server.log.until((log) => log.open(place.requests('live').match).length === 1)
        }
        const hang = server.faults.hang({ ...place.requests('all'), times: 1 })
        if (moment === 'live') place.listenAnew()
        else await tab.begin()
        await hang.struck
        const begin = performance.now()
        place.append()
        await place.expectAtEnd(tab)
        await context.close()
        return [`${home.home}, ${home.live}, ${moment}`, performance.now() - begin] as const
      }),
    )
  } finally {
    await server.close()
  }
}
