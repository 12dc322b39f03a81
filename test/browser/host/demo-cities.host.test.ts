import type { Page } from 'playwright'
import { afterEach, describe, expect, it } from 'vitest'
import { stopChanges, useDemo } from '../../support/demo-page.ts'
import { fits, violationsOf } from '../../support/tasks-page.ts'

/** Fewer than the board has: the peer installs all of them on the UI thread, and the machine may be a slow one. */
const LARGEST = 5000

const demo = useDemo('cities.html', true, '--cities', String(LARGEST), '--changes', '0')
const { open } = demo

// Also after a test that failed with changes under way: the next ones count on rows that stay as they are.
afterEach(() => stopChanges(demo, 'cities'))

const rows = (tab: Page) => tab.getByRole('region', { name: 'Cities' }).locator('tbody tr')
/** In one step: a locator finds the elements first and reads them later, and in between rows may have changed places. */
const column = (tab: Page, name: string) =>
  tab.evaluate(
    (cells) => Array.from(document.querySelectorAll<HTMLElement>(cells), (cell) => cell.innerText),
    `[aria-label="Cities"] tbody .${name}`,
  )
const populations = async (tab: Page) => (await column(tab, 'population')).map((text) => Number(text.replaceAll(',', '')))
const search = (tab: Page) => tab.getByRole('searchbox', { name: 'Search' })
const side = (tab: Page) => tab.getByRole('navigation', { name: 'This page runs on' })

/** A figure of the meter, by its label. */
const reading = (tab: Page, label: string) =>
  tab.locator('.reading', { has: tab.getByText(label, { exact: true }) }).locator('dd').first().innerText()

const heldBy = async (tab: Page, holder: 'this tab' | 'the worker') =>
  Number((await reading(tab, `Rows in ${holder}`)).replaceAll(',', ''))

async function showsLargest(tab: Page): Promise<void> {
  await rows(tab).first().waitFor()
  expect(await rows(tab).count()).toBe(50)
  const shown = await populations(tab)
  expect(shown).toEqual(shown.toSorted((a, b) => b - a))
  expect(await column(tab, 'city-name')).toContain('Shanghai')
}

async function setRate(tab: Page, rate: string): Promise<void> {
  const choice = tab.getByRole('group', { name: 'Changes per second' }).getByRole('radio', { name: rate, exact: true })
  await choice.check({ force: true })
  await expect.poll(() => choice.isChecked()).toBe(true)
}

async function changes(tab: Page): Promise<void> {
  const before = await populations(tab)
  await expect.poll(() => populations(tab), { timeout: 30_000 }).not.toEqual(before)
}

/** Each side of the board; what a visitor does is the same. */
const SIDES = [
  { name: 'sidestream', query: '?side=sidestream' },
  { name: '@durable-streams/state', query: '?side=peer' },
]

describe.each(SIDES)('the cities board on $name', ({ name, query }) => {
  it('shows the largest cities, and more of them when asked to', async () => {
    const tab = await open(query)
    await showsLargest(tab)
    expect(await side(tab).locator('[aria-current]').innerText()).toBe(name)
    await tab.getByRole('button', { name: 'Show 50 more' }).click()
    await expect.poll(() => rows(tab).count()).toBe(100)
    expect(await column(tab, 'rank')).toEqual(Array.from({ length: 100 }, (_, index) => String(index + 1)))
  })

  it('searches as one types, without regard to case and accents', async () => {
    const tab = await open(query)
    await showsLargest(tab)
    await search(tab).pressSequentially('Reykja')
    await expect.poll(() => column(tab, 'city-name')).toEqual(['Reykjavík'])
    await search(tab).fill('no such city')
    await tab.getByText('No city matches.').waitFor()
    expect(await rows(tab).count()).toBe(0)
    await tab.getByRole('button', { name: 'Clear', exact: true }).click()
    await expect.poll(() => rows(tab).count()).toBe(50)
  })

  it('filters by country', async () => {
    const tab = await open(query)
    await showsLargest(tab)
    await tab.getByRole('combobox', { name: 'Country' }).selectOption({ label: 'Iceland' })
    await expect.poll(() => column(tab, 'city-name').then((names) => names[0])).toBe('Reykjavík')
    expect(new Set(await column(tab, 'country'))).toEqual(new Set(['IS Iceland']))
  })

  it('follows the changes, in the order of the new figures', async () => {
    const tab = await open(query)
    await showsLargest(tab)
    await setRate(tab, '1,000')
    await changes(tab)
    await search(tab).fill('shanghai')
    await expect.poll(() => column(tab, 'city-name').then((names) => names[0])).toBe('Shanghai')
    await changes(tab)
  })
})

describe('the cities board', () => {
  it('holds all rows in the worker, and in the tab little more than what it shows', async () => {
    const tab = await open()
    await showsLargest(tab)
    await expect.poll(() => heldBy(tab, 'the worker')).toBeGreaterThan(LARGEST * 0.9)
    await expect.poll(() => heldBy(tab, 'this tab')).toBeGreaterThanOrEqual(50)
    expect(await heldBy(tab, 'this tab')).toBeLessThan(100)
  })

  it('switches to the peer, which holds all rows in the tab', async () => {
    const tab = await open()
    await showsLargest(tab)
    await side(tab).getByRole('link', { name: '@durable-streams/state' }).click()
    await tab.waitForURL('**/cities.html?side=peer')
    await showsLargest(tab)
    await expect.poll(() => heldBy(tab, 'this tab')).toBeGreaterThan(LARGEST * 0.9)
    await expect.poll(() => reading(tab, 'Rows in the worker')).toBe('none')
    expect(tab.workers()).toEqual([])
  })

  it('starts the log over, and reads the new one', async () => {
    const tab = await open()
    await showsLargest(tab)
    const other = await open()
    await showsLargest(other)
    await tab.evaluate(() =>
      fetch('/demo/cities/start-over', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }),
    )
    await other.getByRole('button', { name: 'Read the new one' }).click()
    await showsLargest(other)
    expect(await other.getByRole('alert').count()).toBe(0)
  })

  it('is linked with the departures board, both ways, and with the list of the demos', async () => {
    const tab = await open()
    const boards = tab.getByRole('navigation', { name: 'Boards' })
    await boards.getByRole('link', { name: 'Departures' }).click()
    await tab.getByRole('heading', { name: 'Departures', level: 1 }).waitFor()
    await boards.getByRole('link', { name: 'Cities' }).click()
    await tab.getByRole('heading', { name: 'Cities', level: 1 }).waitFor()
    expect(new URL(tab.url()).pathname).toBe('/cities.html')
    await boards.getByRole('link', { name: 'Demos' }).click()
    await tab.getByRole('listitem').getByRole('link', { name: 'Departures' }).click()
    await tab.getByRole('heading', { name: 'Departures', level: 1 }).waitFor()
  })

  it('has no violations that axe-core finds, light and dark, and fits a phone', async () => {
    const tab = await open()
    await showsLargest(tab)
    expect(await violationsOf(tab)).toEqual([])
    await fits(tab, 390)
  })
})
