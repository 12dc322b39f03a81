import type { Browser, BrowserContext, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { App } from '../browser/pages/app.ts'
import { launchChromium } from './chromium.ts'
import { launchFirefox } from './firefox.ts'
import { naiveFold, type PlainRows } from './naive-fold.ts'
import { startPageHost, type PageHost } from './page-host.ts'
import { startStreamServer, type StreamServer } from './stream-server.ts'

const LAUNCH = { chromium: launchChromium, firefox: launchFirefox }

/** The browsers that can be driven as closely as these tests do it. */
export type BenchBrowser = keyof typeof LAUNCH

/** The browser of a test file that names none. */
export const DEFAULT_BROWSER = named(process.env['SIDESTREAM_BROWSER'] || 'chromium')

function named(browser: string): BenchBrowser {
  if (browser in LAUNCH) return browser as BenchBrowser
  throw new Error(`SIDESTREAM_BROWSER names ${browser}, which is none of ${Object.keys(LAUNCH).join(', ')}`)
}

export interface BenchOptions {
  /** Default: what `SIDESTREAM_BROWSER` names, else `chromium`. */
  readonly browser?: BenchBrowser
}

/** A real browser, a real server and the test page, for most browser tests. */
export interface Bench {
  readonly host: PageHost
  readonly server: StreamServer
  readonly browser: Browser
  close(): Promise<void>
}

export async function startBench(options: BenchOptions = {}): Promise<Bench> {
  const launch = LAUNCH[options.browser ?? DEFAULT_BROWSER]
  const [host, server, browser] = await Promise.all([startPageHost(), startStreamServer(), launch()])
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

/** A page whose `window` has an object of functions; the test calls them like its own functions. */
export type Remote<T> = Methods<T> & { readonly page: Page; readonly problems: string[] }

export type RemoteApp = Remote<App>

/** Browsers log failed requests; the library logs nothing. */
const OF_THE_BROWSER = /^Failed to load resource|^(?:Error: )?(?:Firefox can’t establish|Cross-Origin Request Blocked|Loading Worker from)/

/** Opens an empty page. Each message on its console is a problem. */
export async function openWatched(context: Browser | BrowserContext): Promise<{ readonly page: Page; readonly problems: string[] }> {
  const page = await context.newPage()
  const problems: string[] = []
  const note = (said: string): void => {
    if (!OF_THE_BROWSER.test(said)) problems.push(said)
  }
  page.on('pageerror', (error) => { note(String(error)) })
  page.on('console', (message) => { note(message.text()) })
  return { page, problems }
}

/** Opens `<name>.html` and hands out its `window.<name>`. */
export async function openRemote<T>(context: BrowserContext, host: PageHost, name: string): Promise<Remote<T>> {
  const { page, problems } = await openWatched(context)
  await page.goto(`${host.url}/${name}.html`)
  await page.waitForFunction((global) => global in window, name)
  return new Proxy({ page, problems } as unknown as Remote<T>, {
    get: (target, method) => {
      if (method in target) return target[method as keyof Remote<T>]
      if (method === 'then') return undefined
      return (...args: unknown[]) =>
        page.evaluate(
          async ([global, called, parameters]) =>
            (window as unknown as Record<string, Record<string, (...all: unknown[]) => unknown>>)[global]![called]!(...parameters),
          [name, method as string, args] as const,
        )
    },
  })
}

/** Opens the test page. */
export const openApp = (context: BrowserContext, host: PageHost): Promise<RemoteApp> => openRemote<App>(context, host, 'app')

/** The tools of a test of one stream; a fresh context (and so fresh storage) and an empty stream for each test. */
export interface Suite {
  /** `test` where it takes Chromium's own means, to throttle, to fill the disk or to hold up a script. */
  readonly inChromium: typeof test
  readonly server: StreamServer
  readonly host: PageHost
  readonly context: BrowserContext
  readonly path: string
  readonly url: string
  /** The tabs that were opened: their problems fail the test. */
  readonly apps: Pick<RemoteApp, 'page' | 'problems' | 'status'>[]
  /** Opens another tab. */
  app(): Promise<RemoteApp>
  /** What the collections have to show. */
  fold(): PlainRows
  /** A predicate for `until`: the tab shows the whole stream. */
  atEnd(): string
  /** A predicate for `until`: the tab shows the whole stream, and the cache holds it. */
  stored(): string
}

/** Registers the hooks of a suite that uses {@link startBench}. */
export function useBench(path: string, options: BenchOptions = {}): Suite {
  let bench: Bench
  let context: BrowserContext
  let url: string
  const apps: Suite['apps'] = []
  const atEnd = (): string => `status.upToDate && !status.stale && status.offset === '${bench.server.tailOffset(path)}'`
  beforeAll(async () => {
    bench = await startBench(options)
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
    inChromium: test.runIf((options.browser ?? DEFAULT_BROWSER) === 'chromium') as typeof test,
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

/** Prints the status of each tab, because a test that waits in vain does not say why. */
async function tellStatus(test: string, apps: Suite['apps']): Promise<void> {
  for (const [index, app] of apps.entries()) {
    const status = await app.status().catch((error: unknown) => String(error))
    console.error(`${test}: tab ${String(index + 1)} at the end: ${JSON.stringify(status)}`)
  }
}
