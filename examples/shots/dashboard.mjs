import { withProfile } from '../../bench/lab/browser.mjs'
import { imagePath, withDemo } from './demo.mjs'

const VIEWPORT = { width: 1280, height: 1070 }
const WATCHED_MS = 35_000
const PATIENCE_MS = 120_000

async function shoot(context, url) {
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  await page.setViewportSize(VIEWPORT)
  await page.goto(`${url}dashboard.html`)
  for (const title of ['Count by state', 'Booked by day and hour', 'Search, as you type']) {
    await page.getByRole('region', { name: title }).and(page.locator('[aria-busy="false"]')).waitFor()
  }
  await page.getByRole('searchbox', { name: 'Search recipients' }).fill('garcía')
  await page.getByRole('button', { name: 'Reset the stall meter' }).click()
  await page.waitForTimeout(WATCHED_MS)
  await page.mouse.move(0, 0)
  await page.screenshot({ path: imagePath('dashboard.png'), timeout: PATIENCE_MS })
  console.log((await page.locator('.meter').innerText()).replaceAll(/\n+/g, ' | '))
}

/** The dashboard after some seconds, so that the window of seconds is full. */
export const shootDashboard = () => withDemo([], (url) => withProfile((context) => shoot(context, url)))
