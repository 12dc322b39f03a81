import { withProfile } from '../../bench/lab/browser.mjs'
import { imagePath, withDemo } from './demo.mjs'

const VIEWPORT = { width: 1080, height: 900 }
const PATIENCE_MS = 60_000

async function shoot(context, url) {
  const open = async (query) => {
    const page = await context.newPage()
    page.setDefaultTimeout(PATIENCE_MS)
    await page.setViewportSize(VIEWPORT)
    await page.goto(`${url}${query}`)
    return page
  }
  await open('')
  const page = await open('?devtools')
  const panel = page.getByRole('region', { name: 'sidestream devtools' })
  await panel.getByText('2 tabs').waitFor()
  // Something has to have happened.
  await page.getByRole('switch', { name: 'Stream' }).click()
  await panel.getByText('offline', { exact: true }).first().waitFor()
  await page.getByRole('switch', { name: 'Stream' }).click()
  await panel.getByRole('button', { name: 'Reconnect' }).click()
  await panel.getByText('reconnect() was called').waitFor()
  await page.addStyleTag({ content: '.devtools { position: static; block-size: 620px }' })
  await page.mouse.move(0, 0)
  await page.locator('sidestream-devtools').screenshot({ path: imagePath('devtools.png') })
}

/** The panel over two tabs of the departures board, after the server was gone for a moment. */
export const shootDevtools = () => withDemo(['--rate', '10'], (url) => withProfile((context) => shoot(context, url)))
