import { Tab } from './tab.mjs'
import { REQUESTS, traced } from './trace.mjs'

/** Opens a page in a new tab for as long as `use` of the tab takes. */
export async function onPage(context, url, use) {
  const tab = await Tab.open(context, url)
  try {
    return await use(tab)
  } finally {
    await tab.close()
  }
}

/** The same, with `use` of what the page has measured, and its tab. */
export function onLoaded(context, { url, timeoutMs }, use) {
  return onPage(context, url, async (tab) => use(await tab.answer(timeoutMs, () => window.bench), tab))
}

/** Waits for what a page measures, and closes it again. */
export function load(context, options) {
  return onLoaded(context, options, (measured) => measured)
}

/** The marks between which a page is measured. */
export const VISIT = { from: 'bench:from', to: 'bench:to' }

/** `load` under a trace, which adds what the page's tasks were like between its marks; `isStaged` adds what it waited for. */
export async function tracedLoad(context, options) {
  const { isStaged = false, ...loaded } = options
  const { result, trace } = await traced(context.browser(), () => load(context, loaded), isStaged ? [REQUESTS] : [])
  return { ...result, ...trace.stalls(VISIT), ...(isStaged && trace.stages(VISIT, (url) => url.includes('offset='))) }
}
