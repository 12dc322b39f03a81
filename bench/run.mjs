import { cpus, tmpdir } from 'node:os'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { browserVersion } from './lab/browser.mjs'
import { bundlePage } from './lab/bundle.mjs'
import { startServer } from './lab/server.mjs'
import { table } from './report/table.mjs'
import * as cold from './cases/cold.mjs'
import * as size from './cases/size.mjs'
import * as store from './cases/store.mjs'
import * as warm from './cases/warm.mjs'

const cases = { cold, warm, store, size }
const sides = ['peer', 'sidestream']

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '100000' },
    runs: { type: 'string', default: '5' },
    cases: { type: 'string', default: Object.keys(cases).join() },
    who: { type: 'string', default: sides.join() },
    out: { type: 'string' },
  },
})
const rows = count('rows', values.rows)
const runs = count('runs', values.runs)
const chosen = among('cases', values.cases, Object.keys(cases))
const who = among('who', values.who, sides)

const dir = await mkdtemp(join(tmpdir(), 'bench-'))
let server
try {
  const pages = new Set(chosen.flatMap((name) => cases[name].pages))
  for (const name of pages) if (!sides.includes(name) || who.includes(name)) await bundlePage(name, dir)

  server = await startServer({ dir, rows })
  const lab = { rows, runs, who, server, timeoutMs: 60_000 + rows, page }
  console.log(await machine())
  if (chosen.some((name) => cases[name].pages.length > 0)) console.log(stream(server.stream))

  const figures = []
  for (const name of chosen) figures.push(...(await cases[name].run(lab)))
  console.log(`\n${table(figures)}`)
  if (values.out) await writeFile(values.out, `${JSON.stringify(figures, null, 2)}\n`)
} finally {
  server?.stop()
  await rm(dir, { recursive: true, force: true })
}

/** Address of a page with what it is to do; see pages/visit.ts. */
function page(name, visit = {}) {
  const url = new URL(name, `${server.pages}/`)
  url.searchParams.set('visit', JSON.stringify({ stream: server.url, rows, ...visit }))
  return url.href
}

async function machine() {
  const [{ model }] = cpus()
  const browser = await browserVersion()
  return `machine: ${String(cpus().length)} cores (${model.trim()}), Chromium ${browser}, Node ${process.versions.node}`
}

function stream({ serveMs, bytes, wireBytes }) {
  const mb = (value) => `${(value / 1e6).toFixed(1)} MB`
  return `stream: ${String(rows)} inserts, ${mb(bytes)}, ${mb(wireBytes)} gzipped; the server alone takes ${serveMs.toFixed(0)} ms`
}

function count(name, value) {
  if (!/^[1-9]\d*$/.test(value)) throw new Error(`--${name} ${value}: not a positive whole number`)
  return Number(value)
}

function among(name, value, known) {
  const wanted = value.split(',')
  const unknown = wanted.find((item) => !known.includes(item))
  if (unknown !== undefined) throw new Error(`--${name} ${unknown}: not one of ${known.join(', ')}`)
  return wanted
}
