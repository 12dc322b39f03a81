import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { launchChromium } from '../../support/chromium.ts'
import { startDemo, type Demo } from '../../support/demo.ts'
import { freePort } from '../../support/free-port.ts'
import { launchKillable } from '../../support/kill.ts'
import { fits, violationsOf } from '../../support/tasks-page.ts'

let folder: string
let port: number
let demo: Demo
let browser: Browser
let context: BrowserContext
let problems: string[]

const start = (): Promise<Demo> => startDemo('--rate', '0', '--port', String(port), '--tasks', folder)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidestream-list-'))
  port = await freePort()
  ;[demo, browser] = await Promise.all([start(), launchChromium()])
})

afterAll(async () => {
  await browser?.close()
  await demo?.close()
  await rm(folder, { recursive: true, force: true })
})

beforeEach(async () => {
  problems = []
  context = await browser.newContext()
})

afterEach(async () => {
  await context.close()
  expect(problems).toEqual([])
})

async function open(where: BrowserContext = context): Promise<Page> {
  const tab = await where.newPage()
  tab.on('pageerror', (problem) => problems.push(String(problem)))
  await tab.goto(`http://127.0.0.1:${String(port)}/tasks/`)
  return tab
}

const list = (tab: Page) => tab.getByRole('region', { name: 'The list' })
const outbox = (tab: Page) => tab.getByRole('region', { name: 'Outbox' })
const row = (tab: Page, title: string) => list(tab).getByRole('listitem').filter({ hasText: title })
const says = (tab: Page, text: string): Promise<void> => outbox(tab).getByRole('status').getByText(text, { exact: true }).waitFor()
const isSent = (tab: Page): Promise<void> => says(tab, 'Everything is sent.')
const shows = (tab: Page, status: string): Promise<void> => tab.getByRole('list', { name: 'Status' }).getByText(status, { exact: true }).waitFor()
const press = (tab: Page, name: string): Promise<void> => tab.getByRole('button', { name, exact: true }).click()

async function add(tab: Page, title: string): Promise<void> {
  const box = list(tab).getByRole('textbox', { name: 'New task' })
  await box.fill(title)
  await box.press('Enter')
  await row(tab, title).waitFor()
}

/** A list that was never read cannot be shown offline. */
async function goOffline(tab: Page): Promise<void> {
  await list(tab).waitFor()
  await press(tab, 'Go offline')
  await shows(tab, 'offline')
}

async function goOnline(tab: Page): Promise<void> {
  await press(tab, 'Go online')
  await shows(tab, 'live')
}

interface Event {
  readonly type: string
  readonly value?: { readonly title?: string; readonly done?: boolean }
}

/** What the server has of a task, in order. */
async function eventsOf(title: string): Promise<Event[]> {
  const response = await fetch(`${demo.url}tasks-stream/list`)
  return ((await response.json()) as Event[]).filter(({ value }) => value?.title === title)
}

describe('the task list', () => {
  it('keeps what the outbox shows when a tab crashes, in that tab and in another', async () => {
    const tab = await open()
    const other = await open()
    await goOffline(tab)
    await add(tab, 'Pack the lamp')
    await outbox(other).getByText('Add “Pack the lamp”').waitFor()
    await press(tab, 'Crash this tab')
    await tab.getByRole('heading', { name: 'This tab has crashed' }).waitFor()
    expect(await violationsOf(tab)).toEqual([])
    await row(other, 'Pack the lamp').getByText('not sent').waitFor()
    await tab.getByRole('link', { name: 'Open the list again' }).click()
    await row(tab, 'Pack the lamp').getByText('not sent').waitFor()
    await goOnline(tab)
    await Promise.all([isSent(tab), isSent(other)])
    expect(await eventsOf('Pack the lamp')).toHaveLength(1)
  })

  it('takes a refused change back, says so, and sends it again when asked to', async () => {
    const tab = await open()
    await goOffline(tab)
    await add(tab, 'Buy paint')
    await add(tab, 'Paint the door')
    await press(tab, 'Reject this write: Add “Paint the door”')
    await goOnline(tab)
    await outbox(tab).getByRole('alert').getByText('Paint the door').waitFor()
    await says(tab, '1 change refused.')
    expect(await row(tab, 'Paint the door').count()).toBe(0)
    expect(await eventsOf('Buy paint')).toHaveLength(1)
    expect(await violationsOf(tab)).toEqual([])
    await press(tab, 'Send again: Add “Paint the door”')
    await isSent(tab)
    await row(tab, 'Paint the door').waitFor()
    expect(await eventsOf('Paint the door')).toHaveLength(1)
  })

  it('asks before it clears a device that has changes to send', async () => {
    const tab = await open()
    await goOffline(tab)
    await add(tab, 'Lose this one')
    await press(tab, 'Clear this device')
    await press(tab, 'Keep')
    await row(tab, 'Lose this one').getByText('not sent').waitFor()
    await press(tab, 'Clear this device')
    await press(tab, 'Lose 1 unsent')
    await tab.getByText('Nothing is stored on this device').waitFor()
    await goOnline(tab)
    await row(tab, 'Dry the tent').waitFor()
    await isSent(tab)
    expect(await row(tab, 'Lose this one').count()).toBe(0)
    expect(await eventsOf('Lose this one')).toEqual([])
  })

  it('has no violations that axe-core finds, and fits a phone', async () => {
    const tab = await open()
    await isSent(tab)
    await tab.getByRole('button', { name: '2 comments on Print the map of the north shore' }).click()
    await tab.getByText('Then the list has to work offline.').waitFor()
    await goOffline(tab)
    const comment = tab.getByRole('textbox', { name: 'New comment' })
    await comment.fill('a-word-that-is-longer-than-any-phone-is-wide-'.repeat(4))
    await comment.press('Enter')
    await says(tab, '1 change not sent yet.')
    expect(await violationsOf(tab)).toEqual([])
    await fits(tab, 390)
    expect(await violationsOf(tab)).toEqual([])
    await goOnline(tab)
    await isSent(tab)
  })

  it('can be installed: the manifest has no errors, and names icons that are there', async () => {
    const tab = await open()
    const session = await context.newCDPSession(tab)
    expect((await session.send('Page.getAppManifest')).errors).toEqual([])
    const href = await tab.locator('link[rel="manifest"]').getAttribute('href')
    const address = new URL(href!, tab.url())
    const manifest = (await (await fetch(address)).json()) as { display: string; icons: { src: string; sizes: string }[] }
    expect(manifest.display).toBe('standalone')
    expect(manifest.icons.map(({ sizes }) => sizes)).toEqual(['192x192', '512x512', '512x512'])
    for (const { src } of manifest.icons) expect((await fetch(new URL(src, address))).headers.get('content-type')).toBe('image/png')
  })

  // The last one: it starts the demo again, which then has to build the page again.
  it('opens cold without a server, shows its rows, takes changes, and sends them later, once', async () => {
    const killable = await launchKillable()
    onTestFinished(() => killable.close())
    const first = await open(killable.context)
    await shows(first, 'opens offline')
    await shows(first, 'keeps changes')
    await row(first, 'Dry the tent').waitFor()
    await demo.close()
    await killable.kill()
    await killable.relaunch()

    const cold = await open(killable.context)
    await row(cold, 'Dry the tent').getByText('Grace').waitFor()
    await shows(cold, 'offline')
    await add(cold, 'Ask for the key')
    await cold.getByRole('checkbox', { name: 'Done: Dry the tent' }).click()
    await row(cold, 'Ask for the key').getByText('not sent').waitFor()
    await says(cold, '2 changes not sent yet.')
    await outbox(cold).getByText('stored on this device').nth(1).waitFor()
    await killable.kill()
    await killable.relaunch()

    const again = await open(killable.context)
    await says(again, '2 changes not sent yet.')
    expect(await again.getByRole('checkbox', { name: 'Done: Dry the tent' }).isChecked()).toBe(true)
    await row(again, 'Ask for the key').getByText('not sent').waitFor()

    demo = await start()
    await isSent(again)
    await shows(again, 'live')
    expect(await again.getByText('not sent').count()).toBe(0)
    expect(await eventsOf('Ask for the key')).toHaveLength(1)
    expect((await eventsOf('Dry the tent')).map(({ value }) => value?.done)).toEqual([false, true])
  })
})
