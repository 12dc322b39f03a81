import { chromium, type Browser, type BrowserContext, type Page } from 'playwright'
import type { App } from '../browser/pages/app.ts'
import { chromiumArgs, chromiumExecutable } from './chromium.ts'
import { startPageHost, type PageHost } from './page-host.ts'
import { startStreamServer, type StreamServer } from './stream-server.ts'

/** A real browser, a real server and the test page: what most browser tests stand on. */
export interface Bench {
  readonly host: PageHost
  readonly server: StreamServer
  readonly browser: Browser
  close(): Promise<void>
}

export async function startBench(): Promise<Bench> {
  const [host, server, executablePath] = await Promise.all([startPageHost(), startStreamServer(), chromiumExecutable()])
  const browser = await chromium.launch({ executablePath, args: [...chromiumArgs] })
  return {
    host,
    server,
    browser,
    close: async () => {
      await browser.close()
      await Promise.all([host.close(), server.close()])
    },
  }
}

type Methods<T> = { [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never }

export type RemoteApp = Methods<App> & { readonly page: Page; readonly problems: string[] }

/** Opens the test page; its `window.app` is called as if it were here. Whatever the page says on its console is a problem. */
export async function openApp(context: BrowserContext, host: PageHost): Promise<RemoteApp> {
  const page = await context.newPage()
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    // The browser logs failed requests and the page host's missing websocket; the library logs nothing.
    if (!/^Failed to load resource|\[vite\]|^WebSocket connection/.test(message.text())) problems.push(message.text())
  })
  await page.goto(`${host.url}/app.html`)
  await page.waitForFunction(() => 'app' in window)
  return new Proxy({ page, problems } as unknown as RemoteApp, {
    get: (target, name) => {
      if (name in target) return target[name as keyof RemoteApp]
      if (name === 'then') return undefined
      return (...args: unknown[]) =>
        page.evaluate(
          async ([method, parameters]) => (window.app[method as keyof App] as (...all: unknown[]) => unknown)(...(parameters as unknown[])),
          [name as string, args] as const,
        )
    },
  })
}
