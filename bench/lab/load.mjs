import { CATEGORIES, longestTaskMs } from './trace.mjs'
import { within } from './within.mjs'

/** Opens a page in a new tab, waits for what it measures and closes it again. */
export async function load(context, { url, timeoutMs }) {
  const page = await context.newPage()
  const complaints = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error.stack ?? error)))
  const crashed = new Promise((_, reject) => page.on('crash', () => reject(new Error('the page crashed'))))
  try {
    await page.goto(url)
    // Awaited inside the page: a driver that polled would put its own tasks on the measured thread.
    return await within(timeoutMs, 'the page', Promise.race([page.evaluate(() => window.bench), crashed]))
  } catch (error) {
    const console = complaints.join('\n    ') || 'silent'
    throw new Error(`${error.message}\n  page: ${url}\n  console: ${console}`, { cause: error })
  } finally {
    await page.close()
  }
}

/** `load` under a trace, which adds the page's longest task. */
export async function tracedLoad(context, options) {
  const browser = context.browser()
  await browser.startTracing(undefined, { categories: CATEGORIES })
  const measured = await load(context, options)
  const trace = await within(options.timeoutMs, 'the trace', browser.stopTracing())
  return { ...measured, longestTaskMs: longestTaskMs(trace, { from: 'bench:from', to: 'bench:to' }) }
}
