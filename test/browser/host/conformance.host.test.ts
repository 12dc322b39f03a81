import type { Browser } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checksOf, HOMES, type CheckResult } from '../pages/conformance-checks.ts'
import { launchChromium } from '../../support/chromium.ts'
import { engines, type EngineName } from '../../support/engines.ts'
import { launchFirefox } from '../../support/firefox.ts'
import { startPageHost, type PageHost } from '../../support/page-host.ts'
import { startStreamServer, type StreamServer } from '../../support/stream-server.ts'
import { launchWebKit } from '../../support/webkit.ts'

/** For a page where every check waits in vain, so that it can say so, ms. */
const LIMIT_MS = 200_000

type Results = readonly CheckResult[]

/** Opens the page, on fresh storage where the engine has such a thing, and closes it when it is done. */
interface Runner {
  run(url: string): Promise<Results>
  close(): Promise<void>
}

async function withPlaywright(launched: Promise<Browser>): Promise<Runner> {
  const browser = await launched
  return {
    run: async (url) => {
      const context = await browser.newContext()
      const page = await context.newPage()
      await page.goto(url)
      await page.waitForFunction(() => window.conformance !== undefined, undefined, { timeout: LIMIT_MS })
      const results = await page.evaluate(() => window.conformance!)
      await context.close()
      return results
    },
    close: () => browser.close(),
  }
}

async function withWebKit(): Promise<Runner> {
  const browser = await launchWebKit()
  return {
    run: async (url) => {
      const tab = await browser.open(url)
      await tab.waitFor(() => window.conformance !== undefined)
      const results = await tab.evaluate(() => window.conformance!)
      await tab.close()
      return results
    },
    close: () => browser.close(),
  }
}

const RUNNERS: Record<EngineName, () => Promise<Runner>> = {
  chromium: () => withPlaywright(launchChromium()),
  firefox: () => withPlaywright(launchFirefox()),
  webkit: withWebKit,
}

let host: PageHost
let server: StreamServer
beforeAll(async () => {
  ;[host, server] = await Promise.all([startPageHost(), startStreamServer()])
})
afterAll(async () => {
  await Promise.all([host?.close(), server?.close()])
})

for (const { engine, title, skipped } of await engines()) {
  describe.skipIf(skipped)(title, () => {
    let runner: Runner
    beforeAll(async () => {
      runner = await RUNNERS[engine]()
    })
    afterAll(async () => {
      await runner?.close()
    })

    describe.each(HOMES)('engine home: %s', (home) => {
      let results: Results
      beforeAll(async () => {
        const stream = server.createStream(`/streams/conformance-${engine}-${home}`)
        results = await runner.run(`${host.url}/conformance.html?stream=${encodeURIComponent(stream)}&home=${home}`)
      }, LIMIT_MS)

      test.each(checksOf(home))('%s', (name) => {
        expect(results.filter((result) => result.name === name)).toEqual([{ name, ok: true, detail: '' }])
      })

      test('nothing else was checked, and no request is left at the server', async () => {
        expect(results.map(({ name }) => name).sort()).toEqual([...checksOf(home)].sort())
        await server.log.until((log) => log.open().length === 0)
      })
    })
  })
}
