import type { Page } from 'playwright'
import { describe, expect, it } from 'vitest'
import { useDemo } from '../../support/demo-page.ts'
import { fits, violationsOf } from '../../support/tasks-page.ts'

const demo = useDemo('', false)
const { open } = demo

const rows = (tab: Page) => tab.getByRole('region', { name: 'Flights' }).locator('tbody tr')

async function showsRows(tab: Page): Promise<void> {
  await rows(tab).first().waitFor()
  await expect.poll(() => rows(tab).count()).toBe(50)
}

const chosen = (tab: Page) => tab.getByRole('navigation', { name: 'Run the engine in' }).locator('[aria-current]').innerText()

interface Flight {
  readonly date: string
  readonly hour: number
  readonly origin: string
  readonly delay: number
  readonly status: string
}

const DAY_MS = 86_400_000
const meanOf = (flights: readonly Flight[]): number => flights.reduce((sum, { delay }) => sum + delay, 0) / flights.length

/** The flights as the stream has them now. */
async function readFlights(tab: Page): Promise<Flight[]> {
  const path = await tab.locator('meta[name="stream-path"]').getAttribute('content')
  const events = (await (await fetch(new URL(`${path!}?offset=-1`, demo.url))).json()) as Array<{ type: string; key: string; value: Flight }>
  return [...new Map(events.filter(({ type }) => type === 'flight').map(({ key, value }) => [key, value])).values()]
}

/** Playwright tells a page's own workers, but not those that pages share. */
async function sharedWorkers(tab: Page): Promise<number> {
  const session = await demo.context.newCDPSession(tab)
  const { targetInfos } = await session.send('Target.getTargets')
  const own = (await session.send('Target.getTargetInfo')).targetInfo.browserContextId
  await session.detach()
  return targetInfos.filter(({ type, browserContextId }) => type === 'shared_worker' && browserContextId === own).length
}

async function openAnotherTab(tab: Page): Promise<Page> {
  const opened = demo.context.waitForEvent('page')
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

  it('shows statistics that the worker has made of the flights, and says so', async () => {
    const tab = await open()
    await showsRows(tab)
    const rate = tab.getByRole('slider', { name: 'Live events' })
    await rate.fill('0')
    await expect.poll(async () => ((await (await fetch(`${demo.url}demo/flights/state`)).json()) as { rate: number }).rate).toBe(0)
    const hours = tab.getByRole('region', { name: 'By hour of departure' })
    await expect.poll(() => hours.locator('.card-head p').innerText(), { timeout: 30_000 }).toMatch(/^since \d+ \w+ · [\d.]+ ms in the worker$/)
    const airports = tab.getByRole('region', { name: 'Delays by airport' })
    await expect.poll(() => airports.locator('.card-head p').innerText(), { timeout: 30_000 }).toMatch(/in the worker$/)
    // The first day that they cover is 3 to 6 days before the newest flight.
    const flights = await readFlights(tab)
    const newest = Math.floor(Date.parse(`${flights.map(({ date }) => date).sort().at(-1)!}Z`) / DAY_MS)
    const since = new Date((Math.floor(newest / 3) - 1) * 3 * DAY_MS).toISOString().slice(0, 10)
    const covered = flights.filter(({ date, status }) => date >= since && status === 'arrived')
    const byHour = Array.from({ length: 24 }, (_, hour) => `${String(covered.filter((flight) => flight.hour === hour).length)} flights`)
    await expect.poll(() => hours.locator('tbody td:nth-of-type(1)').allInnerTexts(), { timeout: 30_000 }).toEqual(byHour)
    const worst = [...new Set(covered.map(({ origin }) => origin))]
      .map((origin) => ({ origin, flights: covered.filter((flight) => flight.origin === origin) }))
      .filter(({ flights: { length } }) => length >= 8)
      .sort((a, b) => meanOf(b.flights) - meanOf(a.flights))
      .slice(0, 10)
    await expect.poll(() => airports.locator('tbody tr').count()).toBe(10)
    expect(await airports.locator('tbody th b').allInnerTexts()).toEqual(worst.map(({ origin }) => origin))
    expect(await airports.locator('tbody td:nth-of-type(1)').allInnerTexts()).toEqual(worst.map(({ flights: { length } }) => String(length)))
  })

  it('is light, dark, or as the system has it', async () => {
    const tab = await open()
    await tab.emulateMedia({ colorScheme: 'dark' })
    const ground = (): Promise<string> => tab.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const dark = await ground()
    await tab.getByRole('button', { name: 'Theme: auto' }).click()
    const light = await ground()
    expect(light).not.toBe(dark)
    await tab.reload()
    await tab.getByRole('button', { name: 'Theme: light' }).click()
    expect(await ground()).toBe(dark)
    await tab.getByRole('button', { name: 'Theme: dark' }).click()
    await tab.emulateMedia({ colorScheme: 'light' })
    expect(await ground()).toBe(light)
  })

  it('has no violations that axe-core finds, light and dark, and fits a phone', async () => {
    const tab = await open()
    await showsRows(tab)
    expect(await violationsOf(tab)).toEqual([])
    await fits(tab, 390)
    expect(await tab.getByRole('button', { name: 'Open another tab' }).isVisible()).toBe(true)
  })
})
