import { Writable } from 'node:stream'
import { createElement } from 'react'
import { renderToPipeableStream } from 'react-dom/server'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createStreamDB } from 'sidestream'
import { schema } from '../pages/adapters/places-schema.ts'
import { App } from '../pages/adapters/server-app.ts'
import { gone, place, seeded, shows, showsConnection, user } from '../../support/adapter-pages.ts'
import { openWatched } from '../../support/browser-app.ts'
import { buildPages, type BuiltPages } from '../../support/build-pages.ts'
import { launchChromium } from '../../support/chromium.ts'
import { startPageHost, type PageHost } from '../../support/page-host.ts'
import { startStreamServer, type StreamServer } from '../../support/stream-server.ts'

const PATH = '/streams/react-server'

let browser: Browser
let server: StreamServer
let pages: BuiltPages
let host: PageHost
let stream: string
beforeAll(async () => {
  ;[browser, server, pages] = await Promise.all([launchChromium(), startStreamServer(), buildPages(['adapters/hydrate.html'])])
  host = await startPageHost(pages.folder)
})
afterAll(async () => {
  await browser.close()
  await Promise.all([server.close(), host.close(), pages.remove()])
})
beforeEach(() => {
  stream = server.recreateStream(PATH)
  server.append(PATH, seeded())
  server.log.clear()
})

/** As an application's server does it: a StreamDB made where a module is evaluated, and HTML that is streamed. */
async function renderOnServer(): Promise<string> {
  const db = createStreamDB({
    streamOptions: { url: stream, contentType: 'application/json' },
    state: schema,
    worker: () => new Worker(new URL('sidestream/worker', import.meta.url), { type: 'module' }),
  })
  let html = ''
  await new Promise<void>((resolve, reject) => {
    const into = new Writable({
      write: (chunk: Buffer, _, done) => {
        html += chunk.toString()
        done()
      },
    })
    into.on('finish', resolve)
    const { pipe } = renderToPipeableStream(createElement(App, { db }), { onShellError: reject, onError: reject, onAllReady: () => pipe(into) })
  })
  expect(db.status.getSnapshot().connection).toBe('idle')
  return html
}

/** Opens the page with the server's HTML in it. What React says of a difference, the page says on its console or as an error. */
async function openRendered(html: string): Promise<{ readonly page: Page; readonly problems: string[] }> {
  const { page, problems } = await openWatched(browser)
  await page.route('**/hydrate.html*', async (route) => {
    const answer = await route.fetch()
    await route.fulfill({ response: answer, body: (await answer.text()).replace('<main></main>', `<main>${html}</main>`) })
  })
  await page.goto(`${host.url}/adapters/hydrate.html?stream=${encodeURIComponent(stream)}`)
  return { page, problems }
}

test('HTML that a server has rendered and streamed is taken up without a difference, then shows the status and live rows', async () => {
  const html = await renderOnServer()
  expect(html).toContain('<p>idle</p><ul id="users"></ul>')
  expect(server.log.count()).toBe(0)
  const { page, problems } = await openRendered(html)
  await shows(page, 'users', ['u1 Ada', 'u2 Bob'])
  await showsConnection(page, 'live')
  server.append(PATH, [user('u1', 'Ada L.'), gone('user', 'u2')])
  await shows(page, 'users', ['u1 Ada L.'])
  expect(problems).toEqual([])
  await page.close()
})

test('HTML that differs is noticed: the check above is no empty one', async () => {
  const { page, problems } = await openRendered((await renderOnServer()).replace('idle', 'live'))
  await shows(page, 'users', ['u1 Ada', 'u2 Bob'])
  expect(problems.join()).toContain('418')
  await page.close()
})

test('a Suspense query over an on-demand collection waits, shows its rows, follows them, and waits again for others', async () => {
  const held = server.faults.hold()
  const { page, problems } = await openRendered(await renderOnServer())
  await held.struck
  await page.locator('em', { hasText: 'loading' }).waitFor()
  expect(await page.locator('#places').count()).toBe(0)
  held.release()
  await shows(page, 'places', ['p99 99', 'p98 98'])
  expect(await page.locator('em').count()).toBe(0)
  expect(await page.evaluate(() => window.held())).toBe(2)
  server.append(PATH, [place('p3', 300), gone('place', 'p98')])
  await shows(page, 'places', ['p3 300', 'p99 99'])
  await page.locator('button').click()
  await shows(page, 'places', ['p49 49', 'p48 48'])
  server.append(PATH, [place('p48', 48.5), place('p49', 1)])
  await shows(page, 'places', ['p48 48.5', 'p47 47'])
  expect(problems).toEqual([])
  await page.close()
})
