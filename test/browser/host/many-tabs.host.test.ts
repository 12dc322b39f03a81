import type { Page } from 'playwright'
import { expect, test } from 'vitest'
import type { OpenOptions } from '../pages/app.ts'
import { itemEvents } from '../../support/schema.ts'
import { homeOf, locksIn, TOPOLOGIES, useTabs, user } from '../../support/tabs.ts'

const suite = useTabs('/streams/many-tabs', { browser: 'chromium' })

/** `SIDESTREAM_TABS=100` opens a hundred: four real tabs, and frames, 23 on a page. */
const FRAMES = 23
const CROWDS = Math.round((Number(process.env['SIDESTREAM_TABS'] ?? 50) - 4) / FRAMES)
const ALL = CROWDS * FRAMES + 4
/** How long browsers may take to end what has been closed, ms. */
const CLEARED = { timeout: 20_000 }

async function openCrowd(options: OpenOptions): Promise<Page> {
  const page = await suite.context.newPage()
  await page.goto(`${suite.host.url}/crowd.html`)
  await page.waitForFunction(() => 'crowd' in window)
  const outcomes = await page.evaluate(([count, given]) => window.crowd.open(count, given), [FRAMES, options] as const)
  expect(outcomes).toEqual(Array(FRAMES).fill({ ok: true }))
  return page
}

/** Sessions that the only worker there is keeps anything of. */
function sessionsOfOnlyWorker(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const channel = new BroadcastChannel('sessions')
        channel.addEventListener('message', ({ data }) => {
          channel.close()
          resolve((data as { sessions: number }).sessions)
        })
        channel.postMessage('count')
      }),
  )
}

test.each(TOPOLOGIES)(`of ${String(ALL)} tabs all but one are closed, and nothing is left of them (%s)`, async (topology) => {
  const { server, path } = suite
  server.append(path, itemEvents(300))
  const options = { url: suite.url, home: homeOf(topology) }
  const first = await suite.tab(options)
  await suite.expectLive([first])
  await first.until('status.tabs === 1')
  const alone = { locks: await locksIn(first.page), sessions: await sessionsOfOnlyWorker(first.page) }
  expect(alone.locks.held.filter((name) => name === 'sidestream:tab')).toHaveLength(1)
  expect(alone.locks.held.filter((name) => name === 'sidestream:alive')).toHaveLength(1)
  expect(alone.sessions).toBe(1)

  const survivor = await suite.tab(options)
  const others = await suite.tabs(2, options)
  const crowds: Page[] = []
  for (let count = 0; count < CROWDS; count += 1) crowds.push(await openCrowd(options))
  await survivor.until(`status.tabs === ${String(ALL)}`)
  expect(server.log.open()).toHaveLength(1)
  server.append(path, [user('for-all', 'Ada'), ...itemEvents(3, 900)])
  await suite.expectAtEnd([first, survivor, ...others])
  const rows = JSON.stringify(suite.fold())
  for (const crowd of crowds) {
    await crowd.evaluate((predicate) => window.crowd.until(predicate), suite.atEnd())
    expect(await crowd.evaluate(() => window.crowd.rows())).toEqual([rows])
  }

  // The one that leads among them, where one does: the rest would have to go on without it.
  await Promise.all([first, ...others].map(({ page }) => page.close()).concat(crowds.map((page) => page.close())))
  await survivor.until(`status.tabs === 1 && status.connection === 'live'`)
  await suite.expectLive([survivor])
  await expect.poll(() => locksIn(survivor.page), CLEARED).toEqual(alone.locks)
  await expect.poll(() => sessionsOfOnlyWorker(survivor.page), CLEARED).toBe(1)
  await server.log.until((log) => log.open().length === 1)
  await suite.expectLive([survivor])
})
