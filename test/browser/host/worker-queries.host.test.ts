import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { BrowserContext } from 'playwright'
import { openRemote, startBench, type Bench, type Remote } from '../../support/browser-app.ts'
import { airportEvents, flightEvent } from '../../support/query-schema.ts'
import { leaderAmong } from '../../support/tabs.ts'
import type { QueriesPage } from '../pages/queries.ts'

const PATH = '/worker-queries'
const FLIGHTS = 3000
const LONG = { timeout: 30_000 }

let bench: Bench
let context: BrowserContext
let url: string
let tabs: Array<Remote<QueriesPage>>
beforeAll(async () => {
  bench = await startBench()
})
afterAll(() => bench.close())
beforeEach(async () => {
  context = await bench.browser.newContext()
  url = bench.server.recreateStream(PATH)
  bench.server.append(PATH, airportEvents())
  bench.server.append(PATH, Array.from({ length: FLIGHTS }, (_, n) => flightEvent(n)))
  tabs = []
})
afterEach(async () => {
  const problems = tabs.flatMap((tab) => tab.problems)
  await context.close()
  expect(problems).toEqual([])
})

async function tab(home: 'shared' | 'dedicated' | 'stock'): Promise<Remote<QueriesPage>> {
  const opened = await openRemote<QueriesPage>(context, bench.host, 'queries')
  tabs.push(opened)
  await opened.open({ url, home })
  return opened
}

/** What has to be shown: of flights that are later than `over`, by city. */
const shows = (each: Remote<QueriesPage>, delays: unknown[], top: string[]): Promise<void> =>
  vi.waitFor(async () => {
    expect(await each.shown()).toEqual({ delays, top })
  }, LONG)

describe.each(['shared', 'dedicated'] as const)('queries in a %s worker', (home) => {
  test('follow the stream in each tab, and the tabs hold their results only', async () => {
    const [one, two] = [await tab(home), await tab(home)]
    for (const each of [one, two]) await Promise.all([each.delays(2996), each.top(2)])
    const first = [{ city: 'Lisbon', flights: 1, total: 2997 }, { city: 'Oslo', flights: 1, total: 2998 }, { city: 'San Francisco', flights: 1, total: 2999 }]
    for (const each of [one, two]) {
      await shows(each, first, ['f2999', 'f2998'])
      expect((await each.held()).flights).toBe(0)
    }
    bench.server.append(PATH, [flightEvent(3, 5000), flightEvent(2999, 0)])
    for (const each of [one, two]) await shows(each, [{ city: 'Lisbon', flights: 2, total: 7997 }, { city: 'Oslo', flights: 1, total: 2998 }], ['f3', 'f2998'])
    const { delays } = await one.ids()
    await vi.waitFor(async () => {
      expect((await one.status()).queries[delays]).toMatchObject({ rows: 2, tabs: 2 })
    }, LONG)
    expect((await one.status()).fallbacks).toEqual({})
    for (const each of [one, two]) expect(await each.held()).toEqual({ flights: 0, airports: 3 })
  })
})

test('a tab keeps the rows of its queries when its leader closes, and follows the next one', async () => {
  const [one, two] = [await tab('dedicated'), await tab('dedicated')]
  for (const each of [one, two]) await Promise.all([each.delays(2998), each.top(1)])
  const { leader, followers } = await leaderAmong(tabs)
  await leader.page.close()
  const [left] = followers
  bench.server.append(PATH, [flightEvent(6, 7000)])
  await shows(left!, [{ city: 'Lisbon', flights: 1, total: 7000 }, { city: 'San Francisco', flights: 1, total: 2999 }], ['f6'])
  expect(await left!.status()).toMatchObject({ failovers: 1, fallbacks: {} })
  expect((await left!.held()).flights).toBe(0)
})

test('a worker without a query engine leaves the queries to the tab', async () => {
  const one = await tab('stock')
  await Promise.all([one.delays(2998), one.top(2)])
  await shows(one, [{ city: 'San Francisco', flights: 1, total: 2999 }], ['f2999', 'f2998'])
  const { delays, top } = await one.ids()
  expect(Object.keys((await one.status()).fallbacks).sort()).toEqual([delays, top].sort())
})
