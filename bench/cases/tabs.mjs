import { setTimeout as pause } from 'node:timers/promises'
import { alternate } from '../lab/alternate.mjs'
import { withProfile } from '../lab/browser.mjs'
import { pageHeap, sharedWorkerHeaps, workerHeaps } from '../lab/heap.mjs'
import { openTabs } from '../lab/open-tabs.mjs'
import { atRest } from '../lab/rest.mjs'
import { within } from '../lab/within.mjs'
import { figure, median } from '../report/figures.mjs'

export const pages = ['peer-tab', 'sidestream-tab']

// This case measures how tabs slow each other down, not the size of the stream.
export const rowsOf = ({ rows }) => [Math.min(rows, 10_000)]

const SETUPS = {
  peer: { who: 'peer', mode: 'page' },
  shared: { who: 'sidestream', mode: 'shared' },
  leader: { who: 'sidestream', mode: 'leader' },
}
const METRICS = [
  'connections',
  'serverBytes',
  'unreadyTabs',
  'visibleMs',
  'visibleMaxMs',
  'starvedTabs',
  'tabHeapBytes',
  'workerHeapBytes',
]

const APPENDS = 5
const SHOWN_MS = 5_000
// The tabs are asked after this wait, so that the question does not slow the measured work.
const UNASKED_MS = 300

/** Many tabs of one browser on one stream, over HTTP/1.1, where a browser opens six connections to a host. */
export async function run(lab) {
  const names = Object.keys(SETUPS).filter((name) => lab.who.includes(SETUPS[name].who))
  const collected = []
  for (const tabs of lab.tabs) {
    const results = await alternate({ ...lab.turns, who: names, label: `tabs, ${String(tabs)}` }, (name) =>
      withProfile((context) => measure(lab, context, { ...SETUPS[name], count: tabs })),
    )
    for (const metric of METRICS) {
      for (const [name, each] of results) {
        const runs = defined(each.map((result) => result[metric]))
        if (runs.length > 0) collected.push(figure({ case: 'tabs', rows: lab.rows, ...SETUPS[name], tabs, metric, runs }))
      }
    }
  }
  return collected
}

async function measure(lab, context, { who, mode, count }) {
  const { server } = lab
  const url = lab.page(`${who}-tab`, { stream: server.pacedUrl, mode })
  const before = await server.traffic()
  const { tabs, ready } = await openTabs(context, { url, count, server })
  const memory = () => within(lab.timeoutMs, 'the heaps', heaps(context, mode, ready))
  if (lab.isBare) return memory()
  const { bytes } = await server.traffic()
  const { live } = await atRest(server)
  return {
    connections: live,
    serverBytes: bytes - before.bytes,
    unreadyTabs: count - ready.length,
    ...(await visibility(server, tabs)),
    ...(await memory()),
  }
}

async function visibility(server, tabs) {
  const appends = []
  while (appends.length < APPENDS) appends.push(await shown(server, tabs))
  return {
    visibleMs: medianOf(appends.flat()),
    visibleMaxMs: medianOf(appends.map((each) => defined(each).sort((a, b) => a - b).at(-1))),
    starvedTabs: Math.max(...appends.map((each) => each.length - defined(each).length)),
  }
}

/** Changes a row. @returns for each tab, the time until it showed the change */
async function shown(server, tabs) {
  const { at, ...change } = await server.change(1)
  await pause(UNASKED_MS)
  return Promise.all(
    tabs.map(async (tab) => {
      const shownAt = await tab.answerBy(SHOWN_MS, (row) => window.tab.showedAt(row), change)
      return shownAt === undefined ? undefined : shownAt - at
    }),
  )
}

/** The heaps of all tabs but the first, and of their workers: their own workers, or the shared worker. */
async function heaps(context, mode, [, ...further]) {
  const tabs = []
  const workers = mode === 'shared' ? await sharedWorkerHeaps(context.browser()) : []
  for (const { page } of further) {
    tabs.push(await pageHeap(page))
    if (mode === 'leader') workers.push(...(await workerHeaps(page)))
  }
  return { tabHeapBytes: medianOf(tabs), workerHeapBytes: medianOf(workers) }
}

const defined = (values) => values.filter((value) => value !== undefined)

/** The median of the defined values, if there are any. */
function medianOf(values) {
  const some = defined(values)
  return some.length > 0 ? median(some) : undefined
}
