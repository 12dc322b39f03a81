import { readdir } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import type { Browser, BrowserContext, Page } from 'playwright'
import { launch, type Browser as PuppeteerBrowser, type BrowserContext as PuppeteerContext, type Page as PuppeteerPage } from 'puppeteer-core'
import { findInstalled, namedExecutable } from './executable.ts'

const INSTALLED = ['firefox-esr', 'firefox']

const PREFERENCES = {
  // Else `navigator.storage.persist()` waits for an answer that nobody can give.
  'dom.storageManager.prompt.testing': true,
  'dom.storageManager.prompt.testing.allow': true,
  // The rest keeps the browser from looking anything up.
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
}

let found: Promise<string | undefined> | undefined

/** The path of a Firefox to test with, if there is one. */
export function firefoxExecutable(): Promise<string | undefined> {
  found ??= namedExecutable('SIDESTREAM_FIREFOX').then((named) => named ?? findInstalled(INSTALLED))
  return found
}

/**
 * Starts Firefox with Puppeteer: Playwright starts only releases from 143 on, and distributions have older ones with long
 * support. The result has the part of Playwright's API that tests in Firefox use; any other member throws.
 */
export async function launchFirefox(): Promise<Browser> {
  const browser = await start()
  return only<Browser>('Browser', {
    newContext: async () => contextOf(await browser.createBrowserContext()),
    close: () => browser.close(),
  })
}

/** A browser with a profile on disk, for tests that end it and start it again; see {@link launchFirefox}. */
export async function launchPersistentFirefox(profile: string): Promise<{ readonly context: BrowserContext; readonly pid: number; readonly closed: Promise<void> }> {
  const browser = await start(profile)
  const child = browser.process()
  if (child?.pid === undefined) throw new Error('Firefox has no process')
  const closed = new Promise<void>((resolve) => child.once('exit', () => { resolve() })).then(() => preferencesRestored(profile))
  return { context: contextOf(browser.defaultBrowserContext(), () => browser.close()), pid: child.pid, closed }
}

/** After Firefox has ended, Puppeteer puts the profile's own preferences back. Firefox must not be started before: it would miss them. */
async function preferencesRestored(profile: string): Promise<void> {
  for (const deadline = Date.now() + 5000; Date.now() < deadline; await pause(20)) {
    if (!(await readdir(profile)).some((name) => name.endsWith('.puppeteer'))) return
  }
}

async function start(profile?: string): Promise<PuppeteerBrowser> {
  const executablePath = await firefoxExecutable()
  if (executablePath === undefined) {
    throw new Error(
      'No Firefox to test with. Install one (Debian: apt-get install firefox-esr), or set SIDESTREAM_FIREFOX to the path of an executable.',
    )
  }
  return launch({
    browser: 'firefox',
    executablePath,
    extraPrefsFirefox: PREFERENCES,
    // Without it the settings server above is not believed.
    env: { ...process.env, MOZ_REMOTE_SETTINGS_DEVTOOLS: '1' },
    defaultViewport: { width: 1280, height: 720 },
    ...(profile === undefined ? {} : { userDataDir: profile }),
  })
}

function contextOf(context: PuppeteerContext, close = (): Promise<void> => context.close()): BrowserContext {
  return only<BrowserContext>('BrowserContext', {
    // Of the tabs of one window only the one in front is visible; in the others timers are held to one call a second.
    newPage: async () => pageOf(await context.newPage({ type: 'window' })),
    close,
  })
}

function pageOf(page: PuppeteerPage): Page {
  return only<Page>('Page', {
    goto: (url: string) => page.goto(url),
    evaluate: (called: () => unknown, argument?: unknown) => page.evaluate(called, ...given(argument)),
    waitForFunction: (called: () => unknown, argument?: unknown, options: { timeout?: number } = {}) =>
      page.waitForFunction(called, options, ...given(argument)),
    on: (event: 'console' | 'pageerror', listener: (said: never) => void) => page.on(event, listener as (said: unknown) => void),
    close: () => page.close(),
  })
}

const given = (argument: unknown): [] | [never] => (argument === undefined ? [] : [argument as never])

function only<T extends object>(name: string, part: { readonly [K in keyof T]?: unknown }): T {
  return new Proxy(part as T, {
    get: (target, property) => {
      // `then` is asked for by await, symbols by whatever prints it.
      if (property in target || typeof property === 'symbol' || property === 'then') return target[property as keyof T]
      throw new Error(`tests in Firefox have no ${name}.${property}`)
    },
  })
}
