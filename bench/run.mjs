import { cpus, tmpdir } from 'node:os'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { browserVersion } from './lab/browser.mjs'
import { bundlePage } from './lab/bundle.mjs'
import { startServer } from './lab/server.mjs'
import { table } from './report/table.mjs'
import * as cold from './cases/cold.mjs'
import * as columns from './cases/columns.mjs'
import * as growth from './cases/growth.mjs'
import * as heap from './cases/heap.mjs'
import * as indexes from './cases/indexes.mjs'
import * as latency from './cases/latency.mjs'
import * as live from './cases/live.mjs'
import * as size from './cases/size.mjs'
import * as store from './cases/store.mjs'
import * as tabs from './cases/tabs.mjs'
import * as warm from './cases/warm.mjs'
import * as writes from './cases/writes.mjs'

const cases = { cold, warm, live, latency, heap, growth, tabs, store, columns, indexes, size, writes }
const sides = ['peer', 'sidestream']
const modes = ['eager', 'on-demand', 'progressive']
const mounts = ['start', 'preloaded']

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '100000' },
    runs: { type: 'string', default: '5' },
    cases: { type: 'string', default: Object.keys(cases).join() },
    who: { type: 'string', default: sides.join() },
    modes: { type: 'string', default: 'eager,on-demand' },
    growth: { type: 'string', default: '10000,100000,1000000' },
    rates: { type: 'string', default: '1000,10000,20000' },
    hot: { type: 'string', default: '100,1000,100000' },
    tabs: { type: 'string', default: '1,2,6,7,10' },
    'peer-mount': { type: 'string', default: 'start' },
    index: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
})
const chosen = among('cases', values.cases, Object.keys(cases))
const asked = {
  rows: count('rows', values.rows),
  runs: count('runs', values.runs),
  who: among('who', values.who, sides),
  modes: among('modes', values.modes, modes),
  growth: counts('growth'),
  rates: counts('rates'),
  hot: counts('hot'),
  tabs: counts('tabs'),
  index: values.index,
  peerMount: among('peer-mount', values['peer-mount'], mounts)[0],
}

const dir = await mkdtemp(join(tmpdir(), 'bench-'))
try {
  const pages = new Set(chosen.flatMap((name) => cases[name].pages))
  for (const name of pages) await bundlePage(name, dir)
  console.log(await machine())

  const figures = []
  for (const [rows, names] of byRows()) figures.push(...(await onStream(rows, names)))
  console.log(`\n${table(figures)}`)
  if (values.out) await writeFile(values.out, `${JSON.stringify(figures, null, 2)}\n`)
} finally {
  await rm(dir, { recursive: true, force: true })
}

/** The chosen cases by their number of rows; some cases choose that number themselves. */
function byRows() {
  const groups = new Map()
  for (const name of chosen) {
    for (const rows of cases[name].rowsOf?.(asked) ?? [asked.rows]) groups.set(rows, [...(groups.get(rows) ?? []), name])
  }
  return groups
}

async function onStream(rows, names) {
  const server = await startServer({ dir, rows })
  try {
    if (names.some((name) => cases[name].pages.length > 0)) console.log(stream(rows, server.stream))
    const lab = { ...asked, rows, server, timeoutMs: 60_000 + rows, page: pagesOf(server, rows) }
    const figures = []
    for (const name of names) figures.push(...(await cases[name].run(lab)))
    return figures
  } finally {
    server.stop()
  }
}

/** Makes the address of a page, with the page's task in the query; see pages/visit.ts. */
function pagesOf(server, rows) {
  return (name, visit = {}) => {
    const url = new URL(name, `${server.pages}/`)
    url.searchParams.set('visit', JSON.stringify({ stream: server.url, rows, ...visit }))
    return url.href
  }
}

async function machine() {
  const [{ model }] = cpus()
  const browser = await browserVersion()
  return `machine: ${String(cpus().length)} cores (${model.trim()}), Chromium ${browser}, Node ${process.versions.node}`
}

function stream(rows, { serveMs, bytes, wireBytes }) {
  const mb = (value) => `${(value / 1e6).toFixed(1)} MB`
  return `stream: ${String(rows)} inserts, ${mb(bytes)}, ${mb(wireBytes)} gzipped; the server alone takes ${serveMs.toFixed(0)} ms`
}

function count(name, value) {
  if (!/^[1-9]\d*$/.test(value)) throw new Error(`--${name} ${value}: not a positive whole number`)
  return Number(value)
}

function counts(name) {
  return values[name].split(',').map((item) => count(name, item))
}

function among(name, value, known) {
  const wanted = value.split(',')
  const unknown = wanted.find((item) => !known.includes(item))
  if (unknown !== undefined) throw new Error(`--${name} ${unknown}: not one of ${known.join(', ')}`)
  return wanted
}
