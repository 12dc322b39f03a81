import { svelte } from '@sveltejs/vite-plugin-svelte'
import type { Browser, Page } from 'playwright'
import type { PluginOption } from 'vite'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { OF_THE_BROWSER } from '../../support/browser-app.ts'
import { buildPages } from '../../support/build-pages.ts'
import { launchChromium } from '../../support/chromium.ts'
import { startPageHost } from '../../support/page-host.ts'
import { FRAMEWORKS, pinnedBy, type Framework } from '../../support/pinned-db.ts'
import { startStreamServer, type StreamServer } from '../../support/stream-server.ts'
import { usePinnedDb } from '../../support/use-pinned-db.ts'

const PATH = '/streams/adapters'
/** What a framework's pages are built with, as its own guide says. */
const COMPILERS: Partial<Record<Framework, PluginOption>> = { svelte: svelte({ configFile: false }) }

let browser: Browser
let server: StreamServer
const closing: (() => Promise<void>)[] = []
beforeAll(async () => {
  ;[browser, server] = await Promise.all([launchChromium(), startStreamServer()])
})
afterAll(async () => {
  await browser.close()
  await server.close()
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const user = (id: string, name: string): unknown => ({ type: 'user', key: id, value: { id, name }, headers: { operation: 'upsert' } })
const place = (id: string, size: number): unknown => ({ type: 'place', key: id, value: { id, size }, headers: { operation: 'upsert' } })
const gone = (type: string, key: string): unknown => ({ type, key, headers: { operation: 'delete' } })

/** Waits until the page shows these lines. */
async function shows(page: Page, lines: { readonly users: string[]; readonly places: string[] }): Promise<void> {
  for (const [list, wanted] of Object.entries(lines)) {
    await expect.poll(() => page.locator(`#${list} li`).allTextContents(), { timeout: 20_000, interval: 20 }).toEqual(wanted)
  }
}

test.each(FRAMEWORKS.map((framework) => [framework, pinnedBy(framework)] as const))(
  'in %s, with the TanStack DB that its adapter pins, live queries over an eager and an on-demand collection follow the stream',
  async (framework, pinned) => {
    const pages = await buildPages([`adapters/${framework}.html`], [usePinnedDb(pinned), COMPILERS[framework]])
    const host = await startPageHost(pages.folder)
    closing.push(() => host.close(), () => pages.remove())
    const stream = server.recreateStream(PATH)
    server.append(PATH, [user('u1', 'Ada'), user('u2', 'Bob'), ...Array.from({ length: 100 }, (_, size) => place(`p${String(size)}`, size))])
    const page = await browser.newPage()
    const problems: string[] = []
    const note = (said: string): void => {
      if (!OF_THE_BROWSER.test(said)) problems.push(said)
    }
    page.on('pageerror', (error) => { note(String(error)) })
    page.on('console', (message) => { note(message.text()) })

    await page.goto(`${host.url}/adapters/${framework}.html?stream=${encodeURIComponent(stream)}`)
    const largest = ['p99 99', 'p98 98', 'p97 97', 'p96 96', 'p95 95', 'p94 94', 'p93 93', 'p92 92', 'p91 91', 'p90 90']
    await shows(page, { users: ['u1 Ada', 'u2 Bob'], places: largest })
    await expect.poll(() => page.locator('p').textContent(), { timeout: 20_000, interval: 20 }).toBe('live')
    expect(await page.evaluate(() => window.held())).toBe(10)

    server.append(PATH, [user('u1', 'Ada L.'), user('u3', 'Cleo'), gone('user', 'u2'), place('p7', 700), place('p95', 1), gone('place', 'p99')])
    await shows(page, { users: ['u1 Ada L.', 'u3 Cleo'], places: ['p7 700', ...largest.filter((line) => !['p99 99', 'p95 95'].includes(line))] })
    expect(await page.evaluate(() => window.held())).toBe(9)

    expect(problems).toEqual([])
    await page.close()
  },
)
