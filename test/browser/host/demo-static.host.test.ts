import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { serveFolder } from '../../bundlers/lab/serve-folder.ts'
import { launchChromium } from '../../support/chromium.ts'
import { storedRecords } from '../../support/stored-records.ts'
import { fits, violationsOf } from '../../support/tasks-page.ts'

const program = fileURLToPath(new URL('../../../examples/static/build.mjs', import.meta.url))
/** Fewer than the demo has, for a slow machine. */
const LARGEST = 1000

let folder: string
let host: Awaited<ReturnType<typeof serveFolder>>
let browser: Browser
let context: BrowserContext
let problems: string[]

/** The files stand in a folder of a host that knows nothing of them. */
async function buildFiles(outDir: string): Promise<void> {
  const child = spawn(process.execPath, [program, outDir, '--cities', String(LARGEST)], { stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`the build ended with ${String(code)}`)
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidestream-static-'))
  await buildFiles(join(folder, 'sidestream'))
  host = await serveFolder(folder)
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.close()
  await host?.stop()
  await rm(folder, { recursive: true, force: true })
})

beforeEach(async () => {
  problems = []
  context = await browser.newContext()
  context.on('weberror', (problem) => problems.push(String(problem.error())))
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text())
  })
})

afterEach(async () => {
  await context.close()
  expect(problems).toEqual([])
})

async function open(path: string): Promise<Page> {
  const tab = await context.newPage()
  await tab.goto(`${host.url}/sidestream/${path}`)
  return tab
}

const rows = (tab: Page) => tab.getByRole('region', { name: 'Cities' }).locator('tbody tr')
const populations = (tab: Page) =>
  tab.evaluate(() => Array.from(document.querySelectorAll<HTMLElement>('[aria-label="Cities"] tbody .population'), (cell) => cell.innerText))
/** What the page says of the engine. */
const cell = (tab: Page, label: string) => tab.locator('.cell', { has: tab.getByText(label, { exact: true }) }).locator('dd')
const status = (tab: Page) => cell(tab, 'Status').innerText()

async function showsRows(tab: Page): Promise<void> {
  await rows(tab).first().waitFor()
  expect(await rows(tab).count()).toBe(50)
}

async function changes(tab: Page): Promise<void> {
  const before = await populations(tab)
  await expect.poll(() => populations(tab)).not.toEqual(before)
}

async function setRate(tab: Page, rate: string): Promise<void> {
  const choice = tab.getByRole('group', { name: 'Changes per second' }).getByRole('radio', { name: rate, exact: true })
  await choice.check({ force: true })
  await expect.poll(() => choice.isChecked()).toBe(true)
}

const stream = (tab: Page) => tab.getByRole('switch', { name: 'Stream' })

const logOf = (tab: Page) =>
  tab.evaluate(async () => (await (await fetch('demo/cities/state')).json()) as { path: string; rate: number; changes: number })
/** From the beginning of a log, the cities and some changes. */
const firstEvents = (tab: Page, path: string) =>
  tab.evaluate(async ([url, count]) => ((await (await fetch(url)).json()) as object[]).slice(0, count), [`${path}?offset=-1`, LARGEST + 50] as const)

describe('the demo as static files', () => {
  it('shows rows that change; a second visit has them out of its cache, and follows the stream when it is back', async () => {
    const first = await open('cities.html')
    await showsRows(first)
    await expect.poll(() => cell(first, 'Stream read by').innerText()).toBe('shared worker')
    await changes(first)
    const { path, changes: before } = await logOf(first)
    await expect.poll(() => first.evaluate(storedRecords, ['segments']).then((records) => records.length)).toBeGreaterThan(0)
    await stream(first).click()
    await expect.poll(() => status(first)).toBe('offline')
    await first.close()
    const second = await open('cities.html')
    await showsRows(second)
    expect(await status(second)).toBe('offline')
    await stream(second).click()
    await changes(second)
    const log = await logOf(second)
    expect(log.path).toBe(path)
    expect(log.changes).toBeGreaterThan(before)
  })

  it('opens without a network, and goes on with the same log when the browser ends the service worker', async () => {
    const tab = await open('cities.html')
    await showsRows(tab)
    await setRate(tab, '5,000')
    await context.setOffline(true)
    await changes(tab)
    const before = await logOf(tab)
    const written = await firstEvents(tab, before.path)
    const devtools = await context.newCDPSession(tab)
    await devtools.send('ServiceWorker.enable')
    await devtools.send('ServiceWorker.stopAllWorkers')
    await tab.reload()
    await showsRows(tab)
    await changes(tab)
    await expect.poll(() => status(tab)).toMatch('live')
    const after = await logOf(tab)
    expect(after).toMatchObject({ path: before.path, rate: 5000 })
    expect(after.changes).toBeGreaterThan(before.changes)
    expect(await firstEvents(tab, after.path)).toEqual(written)
  })

  it('starts the log over for all tabs, and has the other library read it too', async () => {
    const tab = await open('cities.html')
    await showsRows(tab)
    const before = await logOf(tab)
    await tab.evaluate(() => fetch('demo/cities/start-over', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }))
    await tab.getByRole('button', { name: 'Read the new one' }).click()
    await showsRows(tab)
    expect((await logOf(tab)).path).not.toBe(before.path)
    await tab.getByRole('link', { name: '@durable-streams/state' }).click()
    await tab.waitForURL('**/sidestream/cities.html?side=peer')
    await showsRows(tab)
    await changes(tab)
  })

  it('begins with a list of the demos; neither has violations that axe-core finds, light and dark, and both fit a phone', async () => {
    const tab = await open('')
    await expect.poll(() => tab.getByRole('listitem').count()).toBe(4)
    expect(await violationsOf(tab)).toEqual([])
    await fits(tab, 390)
    await tab.getByRole('listitem').getByRole('link', { name: 'Cities' }).click()
    await tab.waitForURL('**/sidestream/cities.html')
    await showsRows(tab)
    await setRate(tab, 'Off')
    expect(await violationsOf(tab)).toEqual([])
    await fits(tab, 390)
    await tab.getByRole('navigation', { name: 'Boards' }).getByRole('link', { name: 'Demos' }).click()
    await tab.waitForURL('**/sidestream/')
  })
})
