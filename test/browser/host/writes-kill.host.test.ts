import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { WriterPage } from '../pages/writer.ts'
import { startAcknowledgements, type AckedEdit, type Acknowledgements } from '../../support/acknowledgements.ts'
import { DEFAULT_BROWSER, openRemote } from '../../support/browser-app.ts'
import { launchKillable, type KillableBrowser } from '../../support/kill.ts'
import { note, type Note } from '../../support/notes.ts'
import { startPageHost, type PageHost } from '../../support/page-host.ts'
import { startStreamServer, type StreamServer } from '../../support/stream-server.ts'
import { homeOf, TOPOLOGIES } from '../../support/tabs.ts'
import { EMPTY, noteEvents, type RemoteWriter } from '../../support/writers.ts'

const KILLS = Number(process.env['SIDESTREAM_KILLS'] ?? 3)
const SEED = Number(process.env['SIDESTREAM_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
/** Of a tab. */
const EDITS = 150
/** Kills hit the requests, their answers, and what follows from them. */
const LONGEST_SENDING_MS = 600
const TABS = ['title', 'body'] as const

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
let acks: Acknowledgements

beforeAll(async () => {
  ;[host, server, browser] = await Promise.all([startPageHost(), startStreamServer(), launchKillable(DEFAULT_BROWSER)])
})
afterAll(async () => {
  await browser?.close()
  await Promise.all([host?.close(), server?.close()])
})
beforeEach(async () => {
  acks = await startAcknowledgements()
  return () => acks.close()
})

/** Expects that a tab shows what was acknowledged, or what came later: an edit may be stored when its acknowledgement is lost. */
function expectShown(notes: Record<string, Note>, where: string): void {
  const missing: string[] = []
  for (const tab of TABS) {
    const latest = new Map<string, number>()
    for (const { number, key } of acks.of(tab)) latest.set(key, number)
    for (const [key, number] of latest) {
      const shown = key === 'common' ? Number(notes[key]?.[tab]) : (notes[key]?.n ?? -1)
      if (!(shown >= number)) missing.push(`${key}: ${String(number)} was acknowledged, and ${String(shown)} is shown`)
    }
  }
  expect(missing, where).toEqual([])
}

/** Expects that the stream has each acknowledged edit once, in the order of its tab, and no other edit twice. */
function expectOnStream(txids: ReadonlyArray<string | undefined>, where: string): void {
  expect(new Set(txids).size, `${where}: no write is in the stream twice`).toBe(txids.length)
  for (const tab of TABS) {
    const acked = acks.of(tab).map(({ txid }) => txid ?? '')
    const inOrder = new Set(acked)
    expect(txids.filter((txid) => txid !== undefined && inOrder.has(txid)), where).toEqual(acked)
  }
}

describe.each(TOPOLOGIES)(`${DEFAULT_BROWSER}, %s`, (topology) => {
  const path = `/streams/writes-kill-${topology}`
  const openTab = async (): Promise<RemoteWriter> => {
    const tab = await openRemote<WriterPage>(browser.context, host, 'writer')
    await tab.open({ url: server.streamUrl(path), home: homeOf(topology) })
    await tab.begin()
    return tab
  }
  const openBoth = (): Promise<RemoteWriter[]> => Promise.all(TABS.map(openTab))
  const atEnd = (): string => `${EMPTY} && status.upToDate && status.offset === '${server.tailOffset(path)}'`

  test(`the browser is killed ${String(KILLS)} times while two tabs write: what was acknowledged is shown, and in the stream once`, async () => {
    console.log(`SIDESTREAM_KILLS=${String(KILLS)} SIDESTREAM_SEED=${String(SEED)}`)
    await server.goOnline()
    server.createStream(path)
    server.append(path, [{ type: 'note', key: 'common', value: note('common', { title: '-1', body: '-1' }), headers: { operation: 'insert' } }])
    let tabs = await openBoth()
    await Promise.all(tabs.map((tab) => tab.until(`${atEnd()} && status.persistedOffset === status.offset`)))
    let foundPending = 0
    let sent = 0
    let untold = 0
    for (let round = 1; round <= KILLS; round += 1) {
      const where = `seed ${String(SEED)}, ${topology}, kill ${String(round)}`
      // Every third time the server comes back before the kill: that hits writes on their way, too.
      const comesBack = round % 3 === 0
      await server.goOffline()
      const before = acks.count
      const total = TABS.length * EDITS
      const last = 1 + below(total - 1)
      await Promise.all(tabs.map((tab, index) => tab.scribble({ tab: TABS[index]!, first: round * 3000, count: EDITS, reportTo: acks.url })))
      if (comesBack) {
        await acks.until(before + below(last))
        await server.goOnline()
      }
      await acks.until(before + last)
      await new Promise((resolve) => setTimeout(resolve, below(comesBack ? LONGEST_SENDING_MS : 20)))
      for (const tab of tabs) expect(tab.problems, where).toEqual([])
      await browser.kill()
      for (const tab of TABS) expect(acks.of(tab).filter(({ error }: AckedEdit) => error !== null), where).toEqual([])

      sent += noteEvents(server, path).length - 1 - before - untold
      await browser.relaunch()
      await server.goOffline()
      tabs = await openBoth()
      for (const tab of tabs) {
        const status = await tab.until(`status.ready && status.storage === 'indexeddb' && status.durable`)
        foundPending += status.pending
        expectShown(await tab.notes(), `${where}, offline`)
      }
      const [one, other] = await Promise.all(tabs.map((tab) => tab.notes()))
      expect(other, where).toEqual(one)
      await server.goOnline()
      // The tail is known once all is sent.
      await Promise.all(tabs.map((tab) => tab.until(`${EMPTY} && status.upToDate`)))
      await Promise.all(tabs.map((tab) => tab.until(atEnd())))
      const txids = noteEvents(server, path).slice(1).map(({ headers }) => headers.txid)
      expectOnStream(txids, where)
      untold = txids.length - acks.count
      for (const tab of tabs) {
        expectShown(await tab.notes(), `${where}, online`)
        expect(tab.problems, where).toEqual([])
      }
    }
    const missing = KILLS * TABS.length * EDITS - acks.count
    console.log(
      `${topology}: ${String(KILLS)} of ${String(KILLS)} recovered; ${String(acks.count)} edits acknowledged (${String(missing)} were not made or not told), ` +
      `${String(sent)} in the stream before the kill, ${String(foundPending / TABS.length)} found pending; ${String(untold)} in the stream without a told acknowledgement`,
    )
    for (const tab of tabs) await tab.page.close()
    // Firefox takes many times as long to start.
  }, 60_000 + KILLS * (DEFAULT_BROWSER === 'firefox' ? 60_000 : 20_000))
})
