// Takes the README's pictures of the cities board: each side after ten seconds of ten thousand changes a second.
import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { withProfile } from '../bench/lab/browser.mjs'

const SIDES = ['sidestream', 'peer']
const VIEWPORT = { width: 1180, height: 780 }
const WATCHED_MS = 10_000
/** Where the UI thread is busy, all that is asked of the page has to wait for it. */
const PATIENCE_MS = 180_000

const at = (path) => fileURLToPath(new URL(path, import.meta.url))

/** A demo for each side: none is to read what the other's visit has added to the log. */
async function withDemo(use) {
  const demo = spawn(process.execPath, [at('serve.mjs'), '--port', '0', '--changes', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    for await (const line of createInterface(demo.stdout)) {
      const url = /http:\S+cities\.html/.exec(line)?.[0]
      if (url !== undefined) return await use(url)
    }
  } finally {
    demo.kill('SIGTERM')
  }
}

async function shoot(context, url, side) {
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  await page.setViewportSize(VIEWPORT)
  await page.goto(`${url}?side=${side}`)
  await page.locator('tbody tr').first().waitFor()
  await page.getByRole('button', { name: 'Reset the stall meter' }).click()
  await page.getByRole('radio', { name: '10,000', exact: true }).check({ force: true })
  await page.waitForTimeout(WATCHED_MS)
  await page.screenshot({ path: at(`../docs/images/cities-${side}.png`), timeout: PATIENCE_MS })
  console.log(side, (await page.locator('.meter').innerText()).replaceAll(/\n+/g, ' | '))
}

await mkdir(at('../docs/images'), { recursive: true })
for (const side of SIDES) await withDemo((url) => withProfile((context) => shoot(context, url, side)))
