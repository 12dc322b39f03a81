import { chromium, type Browser, type BrowserContext, type Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import type { App } from '../browser/pages/app.ts'
import { chromiumArgs, chromiumExecutable } from './chromium.ts'
import { naiveFold, type PlainRows } from './naive-fold.ts'
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

/** What a test of one stream uses; a fresh context (and so fresh storage) and an empty stream for each test. */
export interface Suite {
  readonly server: StreamServer
  readonly host: PageHost
  readonly context: BrowserContext
  readonly path: string
  readonly url: string
  readonly apps: RemoteApp[]
  /** Opens another tab. */
  app(): Promise<RemoteApp>
  /** What the collections have to show. */
  fold(): PlainRows
  /** A predicate for `until`: the tab shows the whole stream. */
  atEnd(): string
  /** A predicate for `until`: the tab shows the whole stream, and the cache holds it. */
  stored(): string
}

/** Registers the hooks of a suite that stands on {@link startBench}. */
export function useBench(path: string): Suite {
  let bench: Bench
  let context: BrowserContext
  let url: string
  const apps: RemoteApp[] = []
  const atEnd = (): string => `status.upToDate && !status.stale && status.offset === '${bench.server.tailOffset(path)}'`
  beforeAll(async () => {
    bench = await startBench()
  })
  afterAll(async () => {
    await bench.close()
  })
  beforeEach(async () => {
    context = await bench.browser.newContext()
    url = bench.server.recreateStream(path)
    bench.server.log.clear()
  })
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await tellStatus(task.name, apps)
    const problems = apps.splice(0).flatMap((app) => app.problems)
    await context.close()
    await bench.server.heal()
    expect(problems).toEqual([])
  })
  return {
    get server() {
      return bench.server
    },
    get host() {
      return bench.host
    },
    get context() {
      return context
    },
    get url() {
      return url
    },
    path,
    apps,
    app: async () => {
      const opened = await openApp(context, bench.host)
      apps.push(opened)
      return opened
    },
    fold: () => naiveFold(bench.server.events(path)),
    atEnd,
    stored: () => `${atEnd()} && status.storage === 'indexeddb' && status.persistedOffset === status.offset`,
  }
}

/** A test that waits in vain says nothing else about why. */
async function tellStatus(test: string, apps: ReadonlyArray<RemoteApp>): Promise<void> {
  for (const [index, app] of apps.entries()) {
    const status = await app.status().catch((error: unknown) => String(error))
    console.error(`${test}: tab ${String(index + 1)} at the end: ${JSON.stringify(status)}`)
  }
}
