import { launch, type Page } from 'puppeteer-core'
import { firefoxExecutable } from '../../support/firefox.ts'
import { appendUser, openStream, type ApplicationWindow, type Check } from '../lab/check.ts'

/** A name of this machine that browsers do not take for a secure one. */
const INSECURE = 'app.test'
const LIMIT_MS = 30_000
/** Whether a page is kept is for the browser to decide. */
const TRIES = 4

interface Marked {
  isMarked?: boolean
}

async function expectRows(page: Page, ids: readonly string[]): Promise<void> {
  await page.waitForFunction((wanted) => {
    const { application } = window as unknown as Partial<ApplicationWindow>
    const status = application?.status()
    const rows = [...document.querySelectorAll('li')].map(({ textContent }) => textContent ?? '').sort()
    // A transaction that is open when the page is left would keep it out of the cache.
    return status?.connection === 'live' && status.persistedOffset === status.offset && JSON.stringify(rows) === wanted
  }, { timeout: LIMIT_MS }, JSON.stringify([...ids].sort()))
}

/** Leaves the application for another page, and comes back. @returns whether the page was kept meanwhile */
async function leaveAndReturn(check: Check): Promise<boolean> {
  const executablePath = await firefoxExecutable()
  if (executablePath === undefined) throw new Error('Chromium without a window has no back-forward cache, and there is no Firefox')
  const browser = await launch({
    browser: 'firefox',
    executablePath,
    extraPrefsFirefox: {
      'fission.bfcacheInParent': true,
      'network.dns.localDomains': INSECURE,
      'services.settings.server': 'data:,#remote-settings-dummy/v1',
    },
    // As in test/support/firefox.ts: it looks nothing up.
    env: { ...process.env, MOZ_REMOTE_SETTINGS_DEVTOOLS: '1' },
  })
  try {
    const { path, address, ids } = openStream(check)
    const page = await browser.newPage()
    await page.goto(address)
    await expectRows(page, ids)
    await page.evaluate(() => {
      ;(window as Marked).isMarked = true
    })
    await page.goto(new URL('/other.html', address).href)
    appendUser(check.server, path, 'mary')
    // It ends the page that runs it, and so may get no answer.
    await page.evaluate(() => { history.back() }).catch(() => undefined)
    await page.waitForFunction(() => location.pathname === '/', { timeout: LIMIT_MS })
    await expectRows(page, [...ids, 'mary'])
    appendUser(check.server, path, 'zoe')
    await expectRows(page, [...ids, 'mary', 'zoe'])
    return await page.evaluate(() => (window as Marked).isMarked === true)
  } finally {
    await browser.close()
  }
}

/** A page that holds a Web Lock is loaded again. Where there are no locks, the page may come back as it was; with a worker of its own it does. */
export async function checkBackForward(check: Check): Promise<void> {
  if (await leaveAndReturn(check)) throw new Error('a page with a Web Lock came back from the cache')
  for (let tries = 0; tries < TRIES; tries += 1) {
    const wasKept = await leaveAndReturn({ ...check, url: check.url.replace('127.0.0.1', INSECURE) })
    if (wasKept || check.topology === 'shared') return
  }
  throw new Error('the page without a Web Lock never came back from the cache')
}
