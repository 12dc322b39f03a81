import { readFile } from 'node:fs/promises'
import type { BrowserContext, Locator, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { openRemote, startBench, type Bench, type Remote } from '../../support/browser-app.ts'
import { note, notesSchema } from '../../support/notes.ts'
import { leaderAmong } from '../../support/tabs.ts'
import { fits, violationsOf } from '../../support/tasks-page.ts'
import type { DevtoolsPage } from '../pages/devtools.ts'

const PATH = '/devtools'
/** A text that becomes an element where texts are taken for HTML, and that no report may have in it. */
const HOSTILE = '<img src=x onerror=alert(1)>c4nary'

let bench: Bench
let context: BrowserContext
let url: string
let tabs: Array<Remote<DevtoolsPage>>
beforeAll(async () => {
  bench = await startBench()
})
afterAll(() => bench.close())
beforeEach(async () => {
  context = await bench.browser.newContext({ viewport: { width: 1100, height: 800 } })
  url = bench.server.recreateStream(PATH)
  bench.server.append(PATH, [
    notesSchema.notes.insert({ value: note('one', { title: 'One' }) }),
    { type: 'note', key: HOSTILE, value: 'no row', headers: { operation: 'insert' } },
    { type: HOSTILE, key: 'k', value: {}, headers: { operation: 'insert' } },
  ])
  tabs = []
})
afterEach(async () => {
  const problems = tabs.flatMap((tab) => tab.problems)
  await context.close()
  await bench.server.heal()
  bench.server.refuseWrites(null)
  expect(problems).toEqual([])
})

async function tab(home: 'shared' | 'dedicated' | 'page'): Promise<Remote<DevtoolsPage>> {
  const opened = await openRemote<DevtoolsPage>(context, bench.host, 'devtools')
  tabs.push(opened)
  await opened.open({ url, home })
  return opened
}

const panel = (page: Page): Locator => page.getByRole('region', { name: 'sidestream devtools' })
const choose = (page: Page, name: string): Promise<void> => panel(page).getByRole('tab', { name }).click()
const says = (page: Page, text: string | RegExp): Promise<void> => panel(page).getByText(text).first().waitFor()
const press = (page: Page, name: string | RegExp): Promise<void> => panel(page).getByRole('button', { name }).click()

/** The report that a click on the button saves. */
async function exported(page: Page): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent('download'), press(page, 'Export report')])
  expect(download.suggestedFilename()).toMatch(/^sidestream-.*\.json$/)
  return readFile(await download.path(), 'utf8')
}

test('shows a shared worker’s two tabs, its quarantine, outbox, events and storage, in both themes, to everybody', async () => {
  const [one, two] = [await tab('shared'), await tab('shared')]
  const { page } = one
  await one.look('element', 'light')
  await page.bringToFront()

  await says(page, 'A shared worker runs the engine; no tab leads.')
  expect(await panel(page).getByRole('region', { name: 'Tabs' }).getByRole('row').count()).toBe(3)
  await says(page, 'this tab')
  await panel(page).getByRole('list', { name: 'Connection, newest first' }).getByText('live').waitFor()

  await choose(page, 'Collections')
  await panel(page).getByRole('row', { name: /^notes 1 1 \d+ B 1 100 %$/ }).waitFor()
  await choose(page, 'Storage')
  await says(page, 'in IndexedDB')
  await says(page, 'Quota')

  await choose(page, 'Quarantine')
  await says(page, 'NOT_A_ROW')
  await panel(page).getByText(`"key":${JSON.stringify(HOSTILE)}`).waitFor()

  await choose(page, 'Events')
  await says(page, 'None came since.')
  bench.server.append(PATH, [notesSchema.notes.insert({ value: note(HOSTILE, { title: HOSTILE }) })])
  await panel(page).getByRole('row', { name: /insert note <img/ }).waitFor()
  expect(await page.locator('sidestream-devtools img').count()).toBe(0)

  bench.server.refuseWrites((body) => body.includes('refused'))
  await two.insert('a', 'refused a')
  await two.insert('b', 'refused b')
  await choose(page, 'Outbox')
  for (const id of ['a', 'b']) await panel(page).getByRole('button', { name: `Retry the write of ${id}` }).waitFor()
  // Badges, tables and texts of all kinds are on these.
  const looks = { light: ['Outbox', 'Quarantine', 'Events'], dark: ['Outbox', 'Quarantine', 'Collections', 'Overview'] } as const
  for (const theme of ['light', 'dark'] as const) {
    await one.theme(theme)
    for (const name of looks[theme]) {
      await choose(page, name)
      expect([theme, name, await violationsOf(page)]).toEqual([theme, name, []])
    }
  }

  const report = await exported(page)
  expect(report).not.toContain('c4nary')
  expect(report).not.toContain('refused')
  expect(JSON.parse(report)).toMatchObject({
    of: 'sidestream',
    page: { sharedWorker: true, locks: true },
    streams: [{ status: { connection: 'live', where: 'shared-worker', parked: 2, quarantined: 1 }, engine: { tabs: [{ isSelf: true }, { isSelf: false }], quarantined: [{ code: 'NOT_A_ROW' }] }, outbox: [{ state: 'parked' }, { state: 'parked' }] }],
  })

  await choose(page, 'Outbox')
  bench.server.refuseWrites(null)
  await press(page, 'Retry the write of a')
  await press(page, 'Discard the write of b')
  await says(page, 'Every write is in the stream.')
  await expect.poll(() => two.titles()).toContain('refused a')
  expect(await two.titles()).not.toContain('refused b')
})

test('is worked without a mouse, clears and reconnects, and fits a phone, as a plugin of TanStack Devtools', async () => {
  const one = await tab('page')
  const { page } = one
  await one.look('plugin', 'dark')
  await says(page, 'in the page')
  await fits(page, 390)
  await panel(page).getByRole('tab', { name: 'Overview' }).focus()
  await page.keyboard.press('End')
  await panel(page).getByRole('tabpanel', { name: 'Storage' }).waitFor()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  await panel(page).getByRole('tabpanel', { name: 'Collections' }).waitFor()
  await panel(page).getByRole('button', { name: 'Clear cache…' }).focus()
  await page.keyboard.press('Enter')
  const focused = (): Promise<string | null | undefined> => page.evaluate(() => document.querySelector('main div div')?.shadowRoot?.activeElement?.textContent)
  expect(await focused()).toBe('Cancel')
  await page.keyboard.press('Enter')
  expect(await focused()).toBe('Clear cache…')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Shift+Tab')
  await page.keyboard.press('Enter')
  await says(page, 'The cache is cleared.')
  await expect.poll(() => one.titles()).toEqual([])
  await press(page, 'Reconnect')
  await expect.poll(() => one.titles()).toEqual(['One'])
})

test('says which tab leads where each has a worker of its own, and goes on with the next leader', async () => {
  const [one, two] = [await tab('dedicated'), await tab('dedicated')]
  const { leader, followers: [follower] } = await leaderAmong([one, two])
  const { page } = follower!
  await follower!.look('element', null)
  await page.bringToFront()
  await says(page, 'The worker of one tab runs the engine for all.')
  await panel(page).getByRole('row', { name: /^1 leads/ }).waitFor()
  await panel(page).getByRole('row', { name: /^2 this tab follows the leader/ }).waitFor()
  await leader.page.close()
  await says(page, 'another engine')
  await panel(page).getByRole('row', { name: /^1 this tab leads/ }).waitFor()
})
