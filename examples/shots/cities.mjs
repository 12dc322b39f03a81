import { withProfile } from '../../bench/lab/browser.mjs'
import { imagePath, withDemo } from './demo.mjs'

const SIDES = ['sidestream', 'peer']
const VIEWPORT = { width: 1180, height: 780 }
const WATCHED_MS = 10_000
/** Where the UI thread is busy, all that is asked of the page has to wait for it. */
const PATIENCE_MS = 180_000

async function shoot(context, url, side) {
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  await page.setViewportSize(VIEWPORT)
  await page.goto(`${url}cities.html?side=${side}`)
  await page.locator('tbody tr').first().waitFor()
  await page.getByRole('button', { name: 'Reset the stall meter' }).click()
  await page.getByRole('radio', { name: '10,000', exact: true }).check({ force: true })
  await page.waitForTimeout(WATCHED_MS)
  await page.screenshot({ path: imagePath(`cities-${side}.png`), timeout: PATIENCE_MS })
  console.log(side, (await page.locator('.meter').innerText()).replaceAll(/\n+/g, ' | '))
}

/** Each side of the cities board after ten seconds of ten thousand changes a second. */
export async function shootCities() {
  for (const side of SIDES) await withDemo(['--changes', '0'], (url) => withProfile((context) => shoot(context, url, side)))
}
