// Where the milliseconds of a visit go: a profile of an unminified bundle, each thread's samples summed by stage. See README.md.
import { tmpdir } from 'node:os'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { withProfile } from './lab/browser.mjs'
import { bundlePage } from './lab/bundle.mjs'
import { SHOWN } from './lab/first-rows.mjs'
import { onLoaded, VISIT } from './lab/load.mjs'
import { PROFILER } from './lab/profile.mjs'
import { startServer } from './lab/server.mjs'
import { sourcesOf } from './lab/sources.mjs'
import { REQUESTS, traced } from './lab/trace.mjs'
import { median } from './report/figures.mjs'
import { STAGES, breakdownTable, sumStages, topFunctions } from './report/stages.mjs'

const EAGER = { mode: 'eager', worker: 'dedicated', mount: 'start' }
const ON_DEMAND = { ...EAGER, mode: 'on-demand' }
const VISITS = {
  few: { title: 'first visit, eager, no query', rows: 1000, page: '' },
  cold: { title: 'first visit, eager, no query', page: '' },
  'cold-top': { title: 'first visit, eager, top 50', page: '-query', visit: EAGER },
  'cold-on-demand': { title: 'first visit, on demand, top 50', page: '-query', visit: ON_DEMAND },
  warm: { title: 'second visit, eager, no query', page: '', isSecond: true },
  'warm-top': { title: 'second visit, eager, top 50', page: '-query', visit: EAGER, isSecond: true },
  'warm-on-demand': { title: 'second visit, on demand, top 50', page: '-query', visit: ON_DEMAND, isSecond: true },
}

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '100000' },
    runs: { type: 'string', default: '3' },
    visits: { type: 'string', default: Object.keys(VISITS).join() },
    who: { type: 'string', default: 'sidestream' },
    functions: { type: 'string', default: '0' },
    out: { type: 'string' },
  },
})
const chosen = values.visits.split(',').flatMap((name) => {
  if (!VISITS[name]) throw new Error(`--visits ${name}: not one of ${Object.keys(VISITS).join(', ')}`)
  return values.who.split(',').map((who) => ({ name, who, rows: Number(values.rows), ...VISITS[name] }))
})

const dir = await mkdtemp(join(tmpdir(), 'breakdown-'))
try {
  const pages = new Set(chosen.filter(isMeasured).map(({ who, page }) => who + page))
  for (const page of pages) await bundlePage(page, dir, { minify: false })
  const sourceOf = sourcesOf(dir)
  const results = []
  for (const rows of new Set(chosen.map((each) => each.rows))) {
    const server = await startServer({ dir, rows, reads: 1 })
    try {
      for (const each of chosen.filter((one) => one.rows === rows && isMeasured(one))) {
        const runs = []
        for (let run = 0; run <= Number(values.runs); run += 1) {
          const result = await measure(server, each, sourceOf)
          // The first one is discarded.
          if (run > 0) runs.push(result)
        }
        results.push({ ...each, ...summed(runs) })
        console.log(`${text(results.at(-1))}\n`)
      }
    } finally {
      server.stop()
    }
  }
  console.log(breakdownTable(results))
  if (values.out) await writeFile(values.out, `${JSON.stringify(results, null, 2)}\n`)
} finally {
  await rm(dir, { recursive: true, force: true })
}

/** The peer is always eager. */
function isMeasured({ who, visit }) {
  return who === 'sidestream' || visit?.mode !== 'on-demand'
}

async function measure(server, { who, rows, page, visit, isSecond }, sourceOf) {
  const timeoutMs = 60_000 + rows
  const tops = [await server.top(SHOWN)]
  const url = (more = {}) => {
    const address = new URL(who + page, `${server.pages}/`)
    const shown = page === '' ? {} : { ...visit, tops }
    address.searchParams.set('visit', JSON.stringify({ stream: server.url, rows, ...shown, ...more }))
    return address.href
  }
  return withProfile(async (context) => {
    if (isSecond) {
      const kept = (measured, tab) => (page === '' ? measured : tab.answer(timeoutMs, () => window.query.kept()))
      await onLoaded(context, { url: url({ keep: true }), timeoutMs }, kept)
      await server.change(10)
      tops.push(await server.top(SHOWN))
    }
    const use = () => onLoaded(context, { url: url(), timeoutMs }, (measured) => measured)
    const { result, trace } = await traced(context.browser(), use, [REQUESTS, PROFILER])
    const totalMs = result.readyMs ?? result.firstRowsMs
    const { threads, paintMs, waits } = trace.profile(VISIT, totalMs, (address) => address.includes('offset='))
    const stages = threads.map(({ name, samples }) => ({
      name,
      stages: sumStages(samples, sourceOf),
      functions: topFunctions(samples, sourceOf, Number(values.functions)),
    }))
    const ui = stages.find(({ name }) => name === 'UI thread')
    if (ui) ui.stages.paint = paintMs
    return { totalMs, waits, threads: stages }
  })
}

/** The median of each number; the functions are the last run's. */
function summed(runs) {
  const last = runs.at(-1)
  const medianOf = (read) => median(runs.map((run) => read(run) ?? 0))
  return {
    totalMs: medianOf(({ totalMs }) => totalMs),
    waits: Object.fromEntries(Object.keys(last.waits).map((name) => [name, medianOf(({ waits }) => waits[name])])),
    threads: last.threads.map(({ name, functions }) => ({
      name,
      stages: Object.fromEntries(STAGES.map((stage) => [stage, medianOf((run) => run.threads.find((one) => one.name === name)?.stages[stage])])),
      functions,
    })),
  }
}

function text({ title, who, rows, totalMs, waits, threads }) {
  const ms = (value) => (value < 0.05 ? '' : value.toFixed(value < 10 ? 1 : 0))
  const used = STAGES.filter((stage) => threads.some(({ stages }) => stages[stage] >= 0.05))
  const waited = Object.entries(waits).filter(([, value]) => value > 0).map(([name, value]) => `${name} ${ms(value)}`)
  return [
    `${who}, ${title}, ${String(rows)} rows: ${ms(totalMs)} ms (${waited.join(', ')})`,
    '',
    `| ms | ${used.join(' | ')} |`,
    `|---|${used.map(() => '---:|').join('')}`,
    ...threads.map(({ name, stages }) => `| ${name} | ${used.map((stage) => ms(stages[stage])).join(' | ')} |`),
    ...threads.flatMap(({ name, functions }) =>
      functions.map(([stage, of, file, took]) => `${name}: ${ms(took)} ms ${stage.padEnd(8)} ${of} ${file}`),
    ),
  ].join('\n')
}
