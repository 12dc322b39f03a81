import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines } from '../../support/engines.ts'
import { startPageHost, type PageHost } from '../../support/page-host.ts'
import { launchWebKit, type WebKitBrowser } from '../../support/webkit.ts'

const { title, skipped } = (await engines()).find(({ engine }) => engine === 'webkit')!

describe.skipIf(skipped)(`the driver of ${title}`, () => {
  let host: PageHost
  let browser: WebKitBrowser
  beforeAll(async () => {
    ;[host, browser] = await Promise.all([startPageHost(), launchWebKit()])
  })
  afterAll(async () => {
    await browser?.close()
    await host?.close()
  })

  test('tabs share an origin; a script of one that takes its time holds up no other', async () => {
    const [first, second] = [await browser.open(`${host.url}/blank.html`), await browser.open(`${host.url}/blank.html`)]
    const slow = first.evaluate(
      (name: string) => new Promise<string>((resolve) => {
        new BroadcastChannel(name).onmessage = ({ data }: MessageEvent<string>) => { resolve(data) }
      }),
      'told',
    )
    expect(await second.evaluate((a: number, b: number) => a + b, 40, 2)).toBe(42)
    await second.evaluate((name: string) => { new BroadcastChannel(name).postMessage('yes') }, 'told')
    expect(await slow).toBe('yes')
    await second.close()
    expect(await first.evaluate(() => document.visibilityState)).toBe('visible')
    await first.close()
  })

  test('a tab may be hidden', async () => {
    const tab = await browser.open(`${host.url}/blank.html`, { hidden: true })
    expect(await tab.evaluate(() => document.visibilityState)).toBe('hidden')
    await tab.close()
  })

  test('says what a script throws, and that its page was left', async () => {
    const tab = await browser.open(`${host.url}/blank.html`)
    await expect(tab.evaluate(() => Promise.reject(new Error('thrown there')))).rejects.toThrow('thrown there')
    const waiting = expect(tab.evaluate(() => new Promise(() => undefined))).rejects.toThrow('The page has been left')
    await tab.goto(`${host.url}/workers.html`)
    await waiting
    await tab.waitFor(() => 'workersPage' in window)
    await tab.close()
  })
})
