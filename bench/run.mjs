import { cpus, tmpdir } from 'node:os'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { browserVersion } from './lab/browser.mjs'
import { bundlePage } from './lab/bundle.mjs'
import { calibrate } from './lab/calibrate.mjs'
import { startServer } from './lab/server.mjs'
import { quickJobs } from './quick.mjs'
import { noiseOf } from './report/noise.mjs'
import { table } from './report/table.mjs'
import { wantedRows } from './report/wanted.mjs'
import { wantedTable } from './report/wanted-table.mjs'
import * as cold from './cases/cold.mjs'
import * as columns from './cases/columns.mjs'
import * as growth from './cases/growth.mjs'
import * as heap from './cases/heap.mjs'
import * as indexes from './cases/indexes.mjs'
import * as others from './cases/others.mjs'
import * as latency from './cases/latency.mjs'
import * as live from './cases/live.mjs'
import * as queries from './cases/queries.mjs'
import * as size from './cases/size.mjs'
import * as store from './cases/store.mjs'
import * as tabs from './cases/tabs.mjs'
import * as visits from './cases/visits.mjs'
import * as warm from './cases/warm.mjs'
import * as writes from './cases/writes.mjs'

const cases = { cold, warm, live, queries, latency, heap, growth, tabs, store, columns, indexes, size, writes, others }
// What else there is has packages of its own; see others.mjs.
const usual = Object.keys(cases).filter((name) => name !== 'others')
// Both visits in one: what `cold` and `warm` are in a quick run.
const all = { ...cases, visits }
const sides = ['peer', 'sidestream']
const modes = ['eager', 'on-demand', 'progressive']
const mounts = ['start', 'preloaded']

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '100000' },
    runs: { type: 'string' },
    quick: { type: 'boolean', default: false },
    cases: { type: 'string', default: usual.join() },
    who: { type: 'string', default: sides.join() },
    modes: { type: 'string', default: 'eager,on-demand' },
    growth: { type: 'string', default: '1000,10000,100000,1000000' },
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
  who: among('who', values.who, sides),
  modes: among('modes', values.modes, modes),
  growth: counts('growth'),
  rates: counts('rates'),
  hot: counts('hot'),
  tabs: counts('tabs'),
  index: values.index,
  peerMount: among('peer-mount', values['peer-mount'], mounts)[0],
}

const RUNS = 5
// Reads of the server alone; the quickest counts.
const READS = 4
const runs = values.runs && count('runs', values.runs)
const jobs = values.quick ? quickJobs(asked, chosen, runs) : wholeJobs()

const dir = await mkdtemp(join(tmpdir(), 'bench-'))
try {
  const pages = new Set(jobs.flatMap(({ name }) => all[name].pages))
  for (const name of pages) await bundlePage(name, dir)
  console.log(await machine())

  const before = await calibrate('before')
  const measured = []
  for (const onOne of byStream()) measured.push(...(await onStream(onOne)))
  const figures = [...before, ...measured, ...(await calibrate('after'))]
  console.log(`\n${table(measured)}`)
  if (values.quick) console.log(`\n${wantedTable(wantedRows, measured).text}`)
  console.log(`\n${noiseOf(figures).text}`)
  if (values.out) await writeFile(values.out, `${JSON.stringify(figures, null, 2)}\n`)
} finally {
  await rm(dir, { recursive: true, force: true })
}

/** A job is a case on a stream of so many rows; some cases choose that number themselves. */
function wholeJobs() {
  return chosen.flatMap((name) =>
    (cases[name].rowsOf?.(asked) ?? [asked.rows]).map((rows) => ({ name, rows, reads: READS, lab: { turns: { runs: runs ?? RUNS } } })),
  )
}

/** The jobs by the stream that they need: so many rows, of the case's kind (server/writers.mjs). */
function byStream() {
  const streamOf = ({ name, rows }) => `${String(rows)} ${all[name].stream ?? 'rows'}`
  return [...new Set(jobs.map(streamOf))].map((stream) => jobs.filter((job) => streamOf(job) === stream))
}

async function onStream(onOne) {
  const [{ name: first, rows, reads }] = onOne
  const needsStream = onOne.some(({ name }) => all[name].pages.length > 0)
  const server = await startServer({ dir, rows: needsStream ? rows : 1, reads: needsStream ? reads : 0, stream: all[first].stream })
  try {
    if (server.stream) console.log(stream(rows, server.stream))
    const figures = []
    for (const { name, lab } of onOne) {
      const from = performance.now()
      const of = { ...asked, rows, server, timeoutMs: 60_000 + rows, page: pagesOf(server, rows), ...lab, runs: lab.turns.runs }
      figures.push(...(await all[name].run(of)))
      if (values.quick) console.log(`${name}, ${String(rows)} rows: measured in ${((performance.now() - from) / 1000).toFixed(0)} s`)
    }
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
