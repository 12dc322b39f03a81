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
import { fits, violationsOf } from '../../support/tasks-page.ts'

const program = fileURLToPath(new URL('../../../examples/static/build.mjs', import.meta.url))
/** Fewer than the demo has, for a slow machine. */
const LARGEST = 2000

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
/** A cell of the panels: what the page says of the engine. */
const cell = (tab: Page, label: string) => tab.locator('.cell', { has: tab.getByText(label, { exact: true }) }).locator('dd')

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

const logOf = (tab: Page) =>
  tab.evaluate(async () => (await (await fetch('demo/cities/state')).json()) as { path: string; rate: number; changes: number })

describe('the demo as static files', () => {
  it('shows rows that change, read by a shared worker from a service worker', async () => {
    const tab = await open('cities.html')
    await showsRows(tab)
    await changes(tab)
    await expect.poll(() => cell(tab, 'Stream read by').innerText()).toBe('shared worker')
    await expect.poll(() => cell(tab, 'Status').innerText()).toBe('live, up to date')
    await setRate(tab, '20,000')
    await changes(tab)
  })

  it('shows a second visit its rows from the cache, in each tab, and reads on', async () => {
    const first = await open('cities.html')
    await showsRows(first)
    await expect.poll(() => cell(first, 'Cache').innerText()).toBe('indexeddb')
    await changes(first)
    const { path, changes: before } = await logOf(first)
    const second = await open('cities.html')
    await showsRows(second)
    await changes(second)
    await first.close()
    await second.close()
    const later = await open('cities.html')
    await showsRows(later)
    await changes(later)
    const log = await logOf(later)
    expect(log.path).toBe(path)
    expect(log.changes).toBeGreaterThan(before)
  })

  it('opens without a network, and goes on there', async () => {
    const tab = await open('cities.html')
    await showsRows(tab)
    await context.setOffline(true)
    await changes(tab)
    await tab.reload()
    await showsRows(tab)
    await changes(tab)
  })

  it('goes on with the same log when the browser ends the service worker', async () => {
    const tab = await open('cities.html')
    await showsRows(tab)
    await setRate(tab, '5,000')
    await changes(tab)
    const before = await logOf(tab)
    const devtools = await context.newCDPSession(tab)
    await devtools.send('ServiceWorker.enable')
    await devtools.send('ServiceWorker.stopAllWorkers')
    await changes(tab)
    const after = await logOf(tab)
    expect(after.path).toBe(before.path)
    expect(after.rate).toBe(5000)
    expect(after.changes).toBeGreaterThanOrEqual(before.changes)
    await expect.poll(() => cell(tab, 'Status').innerText()).toBe('live, up to date')
  })

  it('starts the log over, and reads the new one', async () => {
    const tab = await open('cities.html')
    await showsRows(tab)
    const before = await logOf(tab)
    await tab.evaluate(() => fetch('demo/cities/start-over', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }))
    await tab.getByRole('button', { name: 'Read the new one' }).click()
    await showsRows(tab)
    await changes(tab)
    expect((await logOf(tab)).path).not.toBe(before.path)
  })

  it('has the other library read the stream too', async () => {
    const tab = await open('cities.html')
    await showsRows(tab)
    await tab.getByRole('link', { name: '@durable-streams/state' }).click()
    await tab.waitForURL('**/sidestream/cities.html?side=peer')
    await showsRows(tab)
    await changes(tab)
  })

  it('begins with a list of the demos', async () => {
    const tab = await open('')
    await tab.getByRole('listitem').first().waitFor()
    expect(await tab.getByRole('listitem').count()).toBe(4)
    expect(await violationsOf(tab)).toEqual([])
    await fits(tab, 390)
    await tab.getByRole('listitem').getByRole('link', { name: 'Cities' }).click()
    await tab.waitForURL('**/sidestream/cities.html')
    await showsRows(tab)
    await tab.getByRole('navigation', { name: 'Boards' }).getByRole('link', { name: 'Demos' }).click()
    await tab.waitForURL('**/sidestream/')
  })

  it('has no violations that axe-core finds, light and dark, and fits a phone', async () => {
    const tab = await open('cities.html')
    await showsRows(tab)
    await setRate(tab, 'Off')
    expect(await violationsOf(tab)).toEqual([])
    await fits(tab, 390)
  })
})
