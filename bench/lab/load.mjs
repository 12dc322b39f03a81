import { Tab } from './tab.mjs'
import { traced } from './trace.mjs'

/** Opens a page in a new tab, waits for what it measures and closes it again. */
export function load(context, options) {
  return onLoaded(context, options, (measured) => measured)
}

/** The same, with `use` of what the page has measured, and its tab, before it closes. */
export async function onLoaded(context, { url, timeoutMs }, use) {
  const tab = await Tab.open(context, url)
  try {
    return await use(await tab.answer(timeoutMs, () => window.bench), tab)
  } finally {
    await tab.close()
  }
}

/** `load` under a trace, which adds what the page's tasks were like between its marks. */
export async function tracedLoad(context, options) {
  const { result, trace } = await traced(context.browser(), () => load(context, options))
  return { ...result, ...trace.stalls({ from: 'bench:from', to: 'bench:to' }) }
}
