import { cpus, loadavg } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { withDemo } from '../examples/shots/demo.mjs'
import { withProfile } from './lab/browser.mjs'
import { median, percentile } from './report/figures.mjs'

/*
 * The demo's dashboard over so many parcels: how long a second visit takes to show all panels, and the frames of a page that has settled.
 * bench/README.md says what is measured.
 */

const { values } = parseArgs({ options: { parcels: { type: 'string', default: '1000000' }, changes: { type: 'string', default: '5000' }, visits: { type: 'string', default: '5' } } })
const [parcels, changes, visits] = [values.parcels, values.changes, values.visits].map(Number)

const PATIENCE_MS = 240_000
const SETTLED_MS = 5_000
const WATCHED_MS = 5_000

/** In the page, from its start: the frame in which all panels have shown rows, and what the browser did until then. */
function watchPanels() {
  const panels = { atMs: null }
  globalThis.panels = panels
  const observer = new MutationObserver(() => {
    if (document.querySelectorAll('.panel[aria-busy="false"]').length < 8) return
    observer.disconnect()
    panels.domMs = performance.now()
    requestAnimationFrame(() => requestAnimationFrame(() => (panels.atMs = performance.now())))
  })
  observer.observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['aria-busy'] })
}

const ends = () => performance.getEntriesByType('resource').map(({ name, startTime, responseEnd }) => ({ name, startTime, responseEnd }))
const snapshot = async () => {
  const { db } = await globalThis.dashboard
  return db.status.getSnapshot()
}

const watchFrames = (ms) =>
  new Promise((resolve) => {
    const intervals = []
    let last = performance.now()
    const until = last + ms
    const frame = () => {
      const now = performance.now()
      intervals.push(now - last)
      last = now
      if (now < until) requestAnimationFrame(frame)
      else resolve(intervals)
    }
    requestAnimationFrame(frame)
  })

async function until(what, isSo) {
  for (const limit = performance.now() + PATIENCE_MS; !(await isSo()); await pause(100)) {
    if (performance.now() > limit) throw new Error(`${what}: not within ${String(PATIENCE_MS)} ms`)
  }
}

async function visit(context, url) {
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  page.on('pageerror', (error) => console.log(String(error)))
  await page.addInitScript(watchPanels)
  await page.goto(`${url}dashboard.html`, { waitUntil: 'commit' })
  await page.waitForFunction(() => globalThis.panels?.atMs, null, { polling: 50 })
  const { atMs, domMs } = await page.evaluate(() => globalThis.panels)
  const resources = await page.evaluate(ends)
  const of = (part) => resources.find(({ name }) => name.includes(part))
  return { page, atMs, domMs, openMs: of('/demo/dashboard/open')?.responseEnd, scripts: resources.filter(({ name }) => /\.(js|tsx?|mjs)/.test(name)).length }
}

const rounded = (ms) => (ms === undefined ? '–' : `${Math.round(ms)} ms`)

async function measure(context, url) {
  const rate = async (asked) => fetch(`${url}demo/dashboard/rate`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ rate: asked }) })
  await fetch(`${url}demo/dashboard/open`)
  const first = await visit(context, url)
  console.log(`first visit: all panels after ${rounded(first.atMs)}`)
  await until('stored', async () => {
    const { persistedOffset, offset, upToDate } = await first.page.evaluate(snapshot)
    return upToDate && persistedOffset === offset
  })
  // The working set is stored a second after it has changed.
  await pause(2500)
  await first.page.close()
  await rate(changes)
  let last
  const shown = []
  for (let each = 0; each < visits; each += 1) {
    await last?.page.close()
    await pause(500)
    last = await visit(context, url)
    shown.push(last.atMs)
    const { stale } = await last.page.evaluate(snapshot)
    console.log(`second visit: all panels after ${rounded(last.atMs)}${stale ? ', stale' : ''} (in the document ${rounded(last.domMs)}; log known ${rounded(last.openMs)}; ${last.scripts} scripts)`)
  }
  console.log(`second visit: median ${rounded(median(shown))} (${rounded(Math.min(...shown))} to ${rounded(Math.max(...shown))})`)
  const { page } = last
  const began = performance.now()
  await until('recomputed', async () => {
    const { stale, upToDate, queries } = await page.evaluate(snapshot)
    return upToDate && !stale && Object.keys(queries).length === 8
  })
  console.log(`all queries have run: ${rounded(performance.now() - began)} after that`)
  await pause(SETTLED_MS)
  const intervals = await page.evaluate(watchFrames, WATCHED_MS)
  const { queries, rows } = await page.evaluate(snapshot)
  const seconds = intervals.reduce((sum, ms) => sum + ms, 0) / 1000
  console.log(`${changes} changes a second of ${rows} rows: ${(intervals.length / seconds).toFixed(1)} frames a second; between two, p50 ${percentile(intervals, 0.5).toFixed(1)} ms, p99 ${percentile(intervals, 0.99).toFixed(1)} ms, longest ${Math.max(...intervals).toFixed(1)} ms; over 25 ms: ${intervals.filter((ms) => ms > 25).length}`)
  console.log(`runs, ms: ${Object.values(queries).map(({ runMs }) => runMs).join(', ')}`)
  console.log(`load of the machine, 1 min: ${loadavg()[0].toFixed(1)} on ${cpus().length} processors`)
  await page.close()
}

await withDemo(['--parcels', String(parcels), '--parcel-changes', '0'], (url) => withProfile((context) => measure(context, url)))
