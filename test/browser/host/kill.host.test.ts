import { afterAll, beforeAll, expect, test } from 'vitest'
import { openApp, type RemoteApp } from '../../support/browser-app.ts'
import { launchKillable, type KillableBrowser } from '../../support/kill.ts'
import { naiveFold } from '../../support/naive-fold.ts'
import { startPageHost, type PageHost } from '../../support/page-host.ts'
import { startStreamServer, type StreamServer } from '../../support/stream-server.ts'

const PATH = '/streams/kill'
const KILLS = Number(process.env['SIDESTREAM_KILLS'] ?? 12)
const SEED = Number(process.env['SIDESTREAM_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
/** A tab stores some 150 ms after a change: kills hit before, in and after the first stores and later ones. */
const LONGEST_LIFE_MS = 900

/** mulberry32 */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const random = randomFrom(SEED)
const below = (limit: number): number => Math.floor(random() * limit)

let host: PageHost
let server: StreamServer
let browser: KillableBrowser

beforeAll(async () => {
  ;[host, server, browser] = await Promise.all([startPageHost(), startStreamServer(), launchKillable()])
})
afterAll(async () => {
  await browser?.close()
  await Promise.all([host?.close(), server?.close()])
})

/** Any of a few hundred rows, with everything that a stream has; now and then a reset. */
function someEvent(index: number): unknown {
  const key = `i${String(below(400))}`
  const dice = random()
  if (dice < 0.002) return { headers: { control: 'reset' } }
  if (dice < 0.2) return { type: 'item', key, headers: { operation: 'delete' } }
  if (dice < 0.3) return { type: 'user', key, value: { id: key, name: `user ${String(index)}` }, headers: { operation: 'upsert' } }
  return { type: 'item', key, value: { id: key, n: index }, headers: { operation: dice < 0.6 ? 'insert' : 'update' } }
}

let written = 0
function write(messages: number): void {
  for (let message = 0; message < messages; message += 1) {
    server.append(PATH, Array.from({ length: 1 + below(40) }, () => someEvent((written += 1))))
  }
}

/** The fold of what the stream held at an offset. */
function foldAt(offset: string): ReturnType<typeof naiveFold> {
  const messages = server.store.read(PATH).messages
  const end = messages.findIndex((message) => message.offset === offset)
  expect(end, `${offset} is an offset of the stream`).toBeGreaterThanOrEqual(0)
  const body = server.store.formatResponse(PATH, messages.slice(0, end + 1))
  return naiveFold(JSON.parse(new TextDecoder().decode(body)) as unknown[])
}

const openTab = async (): Promise<RemoteApp> => {
  const tab = await openApp(browser.context, host)
  await tab.open({ url: server.streamUrl(PATH) })
  await tab.begin()
  return tab
}

test(`the browser is killed ${String(KILLS)} times while it writes: the cache is the fold of a prefix each time`, async () => {
  console.log(`SIDESTREAM_KILLS=${String(KILLS)} SIDESTREAM_SEED=${String(SEED)}`)
  server.createStream(PATH)
  write(100)
  let cached = 0
  const progress = new Set<string>()
  for (let round = 1; round <= KILLS; round += 1) {
    const where = `seed ${String(SEED)}, kill ${String(round)}`
    const tab = await openTab()
    const life = below(LONGEST_LIFE_MS)
    const writer = setInterval(() => { write(1 + below(3)) }, 5)
    await new Promise((resolve) => setTimeout(resolve, life))
    clearInterval(writer)
    await browser.kill()
    expect(tab.problems, where).toEqual([])

    await browser.relaunch()
    await server.goOffline()
    const offline = await openTab()
    const status = await offline.until(`status.connection === 'offline' && status.storage !== 'opening'`)
    expect(status, where).toMatchObject({ storage: 'indexeddb' })
    if (status.persistedOffset === null) {
      expect(await offline.rows(), where).toEqual({ users: {}, items: {} })
    } else {
      cached += 1
      progress.add(status.persistedOffset)
      await offline.until(`status.offset === '${status.persistedOffset}'`)
      expect(await offline.rows(), where).toEqual(foldAt(status.persistedOffset))
    }
    await server.goOnline()
    await offline.until(`status.upToDate && status.offset === '${server.tailOffset(PATH)}'`)
    expect(await offline.rows(), where).toEqual(naiveFold(server.events(PATH)))
    expect(offline.problems, where).toEqual([])
    await offline.page.close()
  }
  console.log(`${String(KILLS)} of ${String(KILLS)} recovered; ${String(cached)} with a cache, at ${String(progress.size)} offsets`)
}, 30_000 + KILLS * 10_000)
