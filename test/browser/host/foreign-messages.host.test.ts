import type { Page } from 'playwright'
import { expect, test } from 'vitest'
import type { RemoteApp } from '../../support/browser-app.ts'
import { itemEvents } from '../../support/schema.ts'
import { homeOf, TOPOLOGIES, useTabs } from '../../support/tabs.ts'

const suite = useTabs('/streams/foreign-messages', { browser: 'chromium' })

async function openStranger(): Promise<Page> {
  const page = await suite.context.newPage()
  await page.goto(`${suite.host.url}/stranger.html`)
  await page.waitForFunction(() => 'stranger' in window)
  return page
}

/** What must not have changed. */
const standing = async (tabs: ReadonlyArray<RemoteApp>): Promise<unknown[]> =>
  Promise.all(
    tabs.map(async (tab) => {
      const { where, epoch, failovers, connection, quarantined, lastError, failedAttempts } = await tab.status()
      return { where, epoch, failovers, connection, quarantined, lastError, failedAttempts }
    }),
  )

test.each(TOPOLOGIES)("what a stranger posts on a worker's port changes nothing (%s)", async (topology) => {
  suite.server.append(suite.path, itemEvents(50))
  const home = homeOf(topology)
  const tabs = await suite.tabs(3, { home })
  await suite.expectLive(tabs)
  const before = await standing(tabs)
  const stranger = await openStranger()
  const told = await stranger.evaluate(([where, url]) => window.stranger.speakOnPort(where, url), [home, suite.url] as const)
  for (const refusal of told.refusals) expect(refusal).toMatchObject({ ok: false, error: { code: 'VERSION_MISMATCH' } })
  expect(told.welcome).toMatchObject({ ok: true, status: { where: topology === 'shared' ? 'shared-worker' : 'follower' } })
  expect(told.unexpected).toBe(0)
  // It was the tabs' own worker that heard all that.
  if (topology === 'shared') expect(told.epoch).toBe((await tabs[0]!.status()).epoch)
  await suite.expectLive(tabs)
  await Promise.all(tabs.map((tab) => tab.until('status.tabs === 3')))
  expect(await standing(tabs)).toEqual(before)
})

test('what a stranger says on the channels of leader and followers changes nothing', async () => {
  suite.server.append(suite.path, itemEvents(50))
  const leader = await suite.tab({ home: 'dedicated' })
  const stranger = await openStranger()
  await stranger.evaluate(() => window.stranger.listen())
  const tabs = [leader, ...(await suite.tabs(2, { home: 'dedicated' }))]
  await suite.expectOneLeader(tabs)
  await suite.expectLive(tabs)
  const before = await standing(tabs)
  const spoken = await stranger.evaluate((url) => window.stranger.speakOnChannels(url), suite.url)
  expect(spoken.sessions).toBeGreaterThanOrEqual(2)
  expect(spoken.term).toBeGreaterThan(1)
  await suite.expectLive(tabs)
  // The sessions that it has spoken in go on, for longer than a message that is missing is waited for.
  await stranger.evaluate(() => window.stranger.signsOfLife(3))
  await suite.expectLive(tabs)
  await suite.expectOneLeader(tabs)
  expect(await standing(tabs)).toEqual(before)
})
