import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright'
import type { BenchBrowser } from './browser-app.ts'
import { browserPid, launchPersistent } from './chromium.ts'
import { launchPersistentFirefox } from './firefox.ts'

/** A browser on a profile of its own that can die without warning and start again on what it left on disk. */
export interface KillableBrowser {
  readonly context: BrowserContext
  open(url: string): Promise<Page>
  /** SIGKILL. Resolves when the process is gone. */
  kill(): Promise<void>
  /** Starts again on the same profile, after `kill()` or `quit()`. */
  relaunch(): Promise<void>
  /** An orderly end, profile kept. */
  quit(): Promise<void>
  /** Ends the browser and deletes the profile. */
  close(): Promise<void>
}

export async function launchKillable(engine: BenchBrowser = 'chromium'): Promise<KillableBrowser> {
  const start = START[engine]
  const profile = await mkdtemp(join(tmpdir(), 'sidestream-profile-'))
  let running: Running | undefined = await start(profile)

  const current = (): Running => {
    if (running === undefined) throw new Error('The browser is not running: relaunch() it first')
    return running
  }
  const quit = async (): Promise<void> => {
    const last = running
    running = undefined
    await last?.context.close()
  }

  return {
    get context() {
      return current().context
    },
    open: async (url) => {
      const page = await current().context.newPage()
      await page.goto(url)
      return page
    },
    kill: async () => {
      const last = current()
      running = undefined
      process.kill(last.pid, 'SIGKILL')
      await last.closed
    },
    relaunch: async () => {
      if (running !== undefined) throw new Error('The browser is still running: kill() or quit() it first')
      running = await start(profile)
    },
    quit,
    close: async () => {
      await quit()
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Opens a page, kills the browser at the given moment, and starts it again on the same profile. */
export async function killDuring(
  browser: KillableBrowser,
  url: string,
  moment: (page: Page) => Promise<unknown>,
): Promise<void> {
  const page = await browser.open(url)
  await moment(page)
  await browser.kill()
  await browser.relaunch()
}

interface Running {
  readonly context: BrowserContext
  readonly pid: number
  readonly closed: Promise<void>
}

const START = { chromium: startChromium, firefox: launchPersistentFirefox }

async function startChromium(profile: string): Promise<Running> {
  const context = await launchPersistent(profile)
  const closed = new Promise<void>((resolve) => context.once('close', () => resolve()))
  // Asked for now: at the moment of the kill every millisecond would be one that the page goes on for.
  return { context, pid: await browserPid(context), closed }
}
