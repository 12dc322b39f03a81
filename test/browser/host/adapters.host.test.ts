import { svelte } from '@sveltejs/vite-plugin-svelte'
import type { Browser } from 'playwright'
import type { PluginOption } from 'vite'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { gone, place, seeded, shows, showsConnection, user } from '../../support/adapter-pages.ts'
import { openWatched } from '../../support/browser-app.ts'
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

test.each(FRAMEWORKS.map((framework) => [framework, pinnedBy(framework)] as const))(
  'in %s, with the TanStack DB that its adapter pins, live queries over an eager and an on-demand collection follow the stream, and so does the result of a query in the worker',
  async (framework, pinned) => {
    const pages = await buildPages([`adapters/${framework}.html`], [usePinnedDb(pinned), COMPILERS[framework]])
    const host = await startPageHost(pages.folder)
    closing.push(() => host.close(), () => pages.remove())
    const stream = server.recreateStream(PATH)
    server.append(PATH, seeded())
    const { page, problems } = await openWatched(browser)

    await page.goto(`${host.url}/adapters/${framework}.html?stream=${encodeURIComponent(stream)}`)
    const largest = ['p99 99', 'p98 98', 'p97 97', 'p96 96', 'p95 95', 'p94 94', 'p93 93', 'p92 92', 'p91 91', 'p90 90']
    await shows(page, 'users', ['u1 Ada', 'u2 Bob'])
    await shows(page, 'places', largest)
    await shows(page, 'largest', largest.slice(0, 3))
    await showsConnection(page, 'live')
    expect(await page.evaluate(() => window.held())).toBe(10)

    server.append(PATH, [user('u1', 'Ada L.'), user('u3', 'Cleo'), gone('user', 'u2'), place('p7', 700), place('p95', 1), gone('place', 'p99')])
    await shows(page, 'users', ['u1 Ada L.', 'u3 Cleo'])
    await shows(page, 'places', ['p7 700', ...largest.filter((line) => !['p99 99', 'p95 95'].includes(line))])
    await shows(page, 'largest', ['p7 700', 'p98 98', 'p97 97'])
    expect(await page.evaluate(() => window.held())).toBe(9)

    expect(problems).toEqual([])
    await page.close()
  },
)
