import { Tab } from './tab.mjs'
import { CATEGORIES, longestTaskMs } from './trace.mjs'
import { within } from './within.mjs'

/** Opens a page in a new tab, waits for what it measures and closes it again. */
export async function load(context, { url, timeoutMs }) {
  const tab = await Tab.open(context, url)
  try {
    return await tab.answer(timeoutMs, () => window.bench)
  } finally {
    await tab.close()
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
