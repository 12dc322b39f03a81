import { chromium, type Browser, type BrowserContext, type Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { chromiumArgs, chromiumExecutable } from '../../support/chromium.ts'
import { startDemo, type Demo } from '../../support/demo.ts'

let demo: Demo
let browser: Browser
let context: BrowserContext
let problems: string[]

beforeAll(async () => {
  demo = await startDemo()
  browser = await chromium.launch({ executablePath: await chromiumExecutable(), args: [...chromiumArgs] })
})

afterAll(async () => {
  await browser?.close()
  await demo?.close()
})

beforeEach(async () => {
  problems = []
  context = await browser.newContext()
  context.on('weberror', (problem) => problems.push(String(problem.error())))
})

afterEach(async () => {
  await context.close()
  expect(problems).toEqual([])
})

async function open(query = ''): Promise<Page> {
  const tab = await context.newPage()
  await tab.goto(demo.url + query)
  return tab
}

const rows = (tab: Page) => tab.getByRole('region', { name: 'Flights' }).locator('tbody tr')

async function showsRows(tab: Page): Promise<void> {
  await rows(tab).first().waitFor()
  expect(await rows(tab).count()).toBe(50)
}

const chosen = (tab: Page) => tab.getByRole('navigation', { name: 'Run the engine in' }).locator('[aria-current]').innerText()

/** Playwright tells a page's own workers, but not those that pages share. */
async function sharedWorkers(tab: Page): Promise<number> {
  const session = await context.newCDPSession(tab)
  const { targetInfos } = await session.send('Target.getTargets')
  const own = (await session.send('Target.getTargetInfo')).targetInfo.browserContextId
  await session.detach()
  return targetInfos.filter(({ type, browserContextId }) => type === 'shared_worker' && browserContextId === own).length
}

async function openAnotherTab(tab: Page): Promise<Page> {
  const opened = context.waitForEvent('page')
  await tab.getByRole('button', { name: 'Open another tab' }).click()
  return opened
}

it('waits with the stream for news: a long-poll is answered when there are some', async () => {
  const tab = await open()
  const answers = await tab.evaluate(async () => {
    const path = document.querySelector<HTMLMetaElement>('meta[name="stream-path"]')!.content
    const statuses: number[] = []
    for (let asked = 0; asked < 5; asked += 1) statuses.push((await fetch(`${path}?offset=now&live=long-poll`)).status)
    return statuses
  })
  expect(answers).toEqual([200, 200, 200, 200, 200])
})

describe('the demo', () => {
  it('opens another tab, which shows the flights out of the same shared worker', async () => {
    const first = await open()
    await showsRows(first)
    expect(await chosen(first)).toBe('Shared worker')
    const second = await openAnotherTab(first)
    await showsRows(second)
    expect(second.url()).toBe(first.url())
    expect(await second.evaluate(() => window.opener)).toBeNull()
    expect(await sharedWorkers(first)).toBe(1)
    expect([...first.workers(), ...second.workers()]).toEqual([])
  })

  it('runs the engine in a dedicated worker when asked to, and other tabs take the choice over', async () => {
    const first = await open()
    await showsRows(first)
    await first.getByRole('link', { name: 'Dedicated' }).click()
    await first.waitForURL('**/?worker=dedicated')
    await showsRows(first)
    expect(first.workers()).toHaveLength(1)
    const second = await openAnotherTab(first)
    await showsRows(second)
    expect(await chosen(second)).toBe('Dedicated')
    // The first page's worker ends some time after that page is gone.
    await expect.poll(() => sharedWorkers(second)).toBe(0)
  })

  it('runs the engine in the page when asked to', async () => {
    const tab = await open('?worker=page')
    await showsRows(tab)
    expect(await chosen(tab)).toBe('Page')
    expect(tab.workers()).toEqual([])
    expect(await sharedWorkers(tab)).toBe(0)
  })

  it('takes an unknown choice for the usual one', async () => {
    const tab = await open('?worker=elsewhere')
    await showsRows(tab)
    expect(await chosen(tab)).toBe('Shared worker')
  })

  it('fits a narrow window', async () => {
    const tab = await open()
    await tab.setViewportSize({ width: 400, height: 800 })
    await showsRows(tab)
    expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBe(400)
    expect(await tab.getByRole('button', { name: 'Open another tab' }).isVisible()).toBe(true)
  })
})
