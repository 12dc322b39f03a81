import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright'
import { build, preview, type InlineConfig } from 'vite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { launchKillable, type KillableBrowser } from '../../support/kill.ts'
import { sourceAliases } from '../../support/source-entries.ts'
import { storedRecords } from '../../support/stored-records.ts'
import { startStreamServer, type StreamServer } from '../../support/stream-server.ts'
import { fits, violationsOf } from '../../support/tasks-page.ts'

const root = new URL('../../../', import.meta.url)
const PATH = '/streams/tasks'
const ICONS = ['icon-192.png', 'icon-512.png', 'icon-maskable-512.png']

let folder: string
let port: number
let server: StreamServer
let browser: KillableBrowser
let site: Awaited<ReturnType<typeof preview>> | undefined

/** The files of the guide's page: a name in bold, then a block of code. */
async function filesOfGuide(): Promise<Map<string, string>> {
  const text = await readFile(new URL('docs/offline-pwa.md', root), 'utf8')
  return new Map([...text.matchAll(/^\*\*`([^`]+)`\*\*\n\n```\w+\n(.*?)^```$/gms)].map(([, name, code]) => [name!, code!]))
}

const config = (): InlineConfig => ({
  root: folder,
  configFile: join(folder, 'vite.config.js'),
  logLevel: 'error',
  resolve: { alias: sourceAliases },
  preview: { host: '127.0.0.1', port, strictPort: true, proxy: { '/streams': server.url } },
})

async function startSite(): Promise<void> {
  site = await preview(config())
}

/** No server at all: neither the page nor the stream can be reached. */
async function stopSite(): Promise<void> {
  await site?.close()
  site = undefined
}

beforeAll(async () => {
  // In the project's folder, where the packages that the code imports are found.
  const results = fileURLToPath(new URL('test-results/', root))
  await mkdir(results, { recursive: true })
  ;[folder, port, server, browser] = await Promise.all([mkdtemp(join(results, 'guide-')), freePort(), startStreamServer(), launchKillable()])
  for (const [name, code] of await filesOfGuide()) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), code)
  }
  await mkdir(join(folder, 'public'))
  for (const name of ICONS) await copyFile(new URL(`examples/tasks/public/${name}`, root), join(folder, 'public', name))
  process.env['STREAM_SERVER'] = server.url
  await build(config())
  await startSite()
  server.createStream(PATH)
  server.append(PATH, [
    { type: 'person', key: 'grace', value: { id: 'grace', name: 'Grace' }, headers: { operation: 'insert' } },
    { type: 'task', key: 'tent', value: { id: 'tent', title: 'Dry the tent', done: false, assignee: 'grace' }, headers: { operation: 'insert' } },
  ])
})

afterAll(async () => {
  delete process.env['STREAM_SERVER']
  await browser?.close()
  await stopSite()
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

const open = (): Promise<Page> => browser.open(`http://127.0.0.1:${String(port)}/`)
const row = (page: Page, text: string) => page.getByRole('region', { name: 'The list' }).getByRole('listitem').filter({ hasText: text })
const says = (page: Page, text: string): Promise<void> => page.getByRole('status').filter({ hasText: text }).waitFor()

/** The service worker has the application, and the cache has rows. */
async function isInstalled(page: Page): Promise<void> {
  await page.evaluate(() => navigator.serviceWorker.ready)
  await expect.poll(async () => (await page.evaluate(storedRecords, ['segments'])).length).toBeGreaterThan(0)
}

/** What is sent is not in the stored outbox any more: until then a killed browser finds it there again. */
async function isOutboxEmpty(page: Page): Promise<void> {
  await expect.poll(() => page.evaluate(storedRecords, ['entries', 'groups']), { timeout: 10_000 }).toEqual([])
}

async function enter(page: Page, title: string): Promise<void> {
  const box = page.getByRole('textbox', { name: 'New task' })
  await box.fill(title)
  await box.press('Enter')
}

async function add(page: Page, title: string): Promise<void> {
  await enter(page, title)
  await row(page, title).waitFor()
}

const titles = (): unknown[] => server.events(PATH).map((event) => (event as { value?: { title?: string } }).value?.title)

it('an application of the code of the guide’s page works offline, as the page says', async () => {
  const first = await open()
  await row(first, 'Dry the tent').getByText('Grace').waitFor()
  await isInstalled(first)
  await add(first, 'Buy gas')
  await says(first, 'live. Everything is sent.')
  await isOutboxEmpty(first)
  await stopSite()
  await browser.kill()
  await browser.relaunch()

  const cold = await open()
  await row(cold, 'Dry the tent').getByText('Grace').waitFor()
  await add(cold, 'Ask for the key')
  await row(cold, 'Ask for the key').getByText('not sent').waitFor()
  await cold.getByRole('checkbox', { name: 'Dry the tent' }).click()
  await says(cold, 'offline. 2 not sent.')
  expect(await violationsOf(cold)).toEqual([])
  await fits(cold, 390)
  await browser.kill()
  await browser.relaunch()

  const again = await open()
  await says(again, 'offline. 2 not sent.')
  await row(again, 'Ask for the key').getByText('not sent').waitFor()
  // Meanwhile, elsewhere: the change that waits is laid over this row.
  server.append(PATH, [{ type: 'task', key: 'tent', value: { id: 'tent', title: 'Dry both tents', done: false, assignee: 'grace' }, headers: { operation: 'update' } }])
  await startSite()
  await again.evaluate(() => dispatchEvent(new Event('online')))
  await says(again, 'live. Everything is sent.')
  expect(await again.getByRole('checkbox', { name: 'Dry both tents' }).isChecked()).toBe(true)
  expect(titles()).toEqual([undefined, 'Dry the tent', 'Buy gas', 'Dry both tents', 'Ask for the key', 'Dry both tents'])

  server.faults.respond(400, { match: { method: 'POST' }, body: 'no' })
  await enter(again, 'Paint the door')
  await again.getByRole('button', { name: 'Send again' }).waitFor()
  expect(await row(again, 'Paint the door').count()).toBe(0)
  again.once('dialog', (dialog) => void dialog.dismiss())
  await again.getByRole('button', { name: 'Sign out' }).click()
  await again.getByRole('button', { name: 'Send again' }).waitFor()
  again.once('dialog', (dialog) => void dialog.accept())
  await again.getByRole('button', { name: 'Sign out' }).click()
  await says(again, 'Everything is sent.')
  await row(again, 'Ask for the key').waitFor()
  expect(titles()).not.toContain('Paint the door')
})
