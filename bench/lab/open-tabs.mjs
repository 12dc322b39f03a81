import { setTimeout as pause } from 'node:timers/promises'
import { Tab } from './tab.mjs'

// A tab that is not ready after this time counts as starved of a connection.
const READY_MS = 8_000
// The pause between a change and the next tab: every tab listens again, and a cache is written. A person takes longer.
const BETWEEN_MS = 300

/**
 * Opens tabs as a person does: the next tab when the last one is ready. A row changes in between, as on a stream that is in use.
 * After a tab starves no row changes: a change would end waiting requests, and so free a connection for that tab.
 *
 * @returns all tabs, and which of them became ready
 */
export async function openTabs(context, { url, count, server }) {
  const tabs = []
  let starving = false
  while (tabs.length < count) {
    if (tabs.length > 0 && !starving) {
      await server.change(1)
      await pause(BETWEEN_MS)
    }
    const tab = await Tab.open(context, url)
    tabs.push(tab)
    // The next ones are no better off then, and waited for together, below.
    starving = starving || !(await isReady(tab))
  }
  const ready = await Promise.all(tabs.map(isReady))
  return { tabs, ready: tabs.filter((_, index) => ready[index]) }
}

async function isReady(tab) {
  return (await tab.answerBy(READY_MS, () => window.tab.ready)) !== undefined
}
