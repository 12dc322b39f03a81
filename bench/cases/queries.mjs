import { setTimeout as pause } from 'node:timers/promises'
import { alternate } from '../lab/alternate.mjs'
import { withProfile } from '../lab/browser.mjs'
import { withGenerator } from '../lab/generator.mjs'
import { onLoaded, tracedLoad, VISIT } from '../lab/load.mjs'
import { sharesOf } from '../lab/shares.mjs'
import { MARKED, marked, traced } from '../lab/trace.mjs'
import { agesOf } from '../report/ages.mjs'
import { figuresOf, percentile } from '../report/figures.mjs'

export const pages = ['peer-groups', 'sidestream-groups']
export const stream = 'orders'

const VISIT_METRICS = ['firstResultMs', 'freshMs', 'longestTaskMs', 'blockingMs']
const FLOOD_METRICS = [
  'updatesPerSecond',
  'ageMs',
  'ageP99Ms',
  'resultsPerSecond',
  'uiBusyShare',
  'uiCpuShare',
  'workerBusyShare',
  'workerCpuShare',
  'longestTaskMs',
  'blockingMs',
  'settleMs',
]

const RATES = [1_000, 10_000]
/** Orders that change between the visits. */
const CHANGED = 10
// As in `live`.
const SETTLE_IN_MS = 1_000
const TRACE_MS = 4_000
const FLOOD_MS = 15_000

/** A page that shows groups of all orders, joined with their customers: its visits, and while orders change at a rate. */
export async function run(lab) {
  const setups = setupsOf(lab)
  const turns = { ...lab.turns, who: [...setups.keys()] }
  const about = { case: 'queries', rows: lab.rows, mostMs: lab.timeoutMs }
  const collected = lab.isBare ? [] : await visits(lab, turns, setups, about)
  for (const rate of lab.queryRates ?? RATES) {
    const results = await alternate({ ...turns, label: `queries, ${String(rate)}/s`, warmedUp: true }, (name) =>
      withGenerator({ ...lab, stream }, (generator) => underUpdates(lab, setups.get(name), generator, rate)),
    )
    collected.push(...figuresOf(setups, { ...about, rate }, FLOOD_METRICS, results))
  }
  return collected
}

async function visits(lab, turns, setups, about) {
  const results = await alternate({ ...turns, label: 'queries' }, (name) => twoVisits(lab, setups.get(name)))
  const part = (visit) => new Map([...results].map(([name, runs]) => [name, runs.map((each) => each[visit])]))
  return ['cold', 'warm'].flatMap((visit) => figuresOf(setups, { ...about, visit }, VISIT_METRICS, part(visit)))
}

/**
 * Where the query runs: in sidestream's worker over collections on demand, or in the tab over all rows. In a tab it is made when they are
 * there: made before, it runs with each slice of them, which takes longer on both sides.
 */
function setupsOf({ who }) {
  const of = (side, mode) => ({ page: `${side}-groups`, visit: { mode, mount: mode === 'worker' ? 'start' : 'preloaded' }, about: { who: side, mode } })
  const setups = { peer: of('peer', 'tab'), 'sidestream, tab': of('sidestream', 'tab'), 'sidestream, worker': of('sidestream', 'worker') }
  return new Map(Object.entries(setups).filter(([, { about }]) => who.includes(about.who)))
}

function twoVisits({ page, server, timeoutMs }, setup) {
  return withProfile(async (context) => {
    const { result, trace } = await traced(context.browser(), () =>
      onLoaded(context, { url: page(setup.page, setup.visit), timeoutMs }, async (measured, tab) => {
        await tab.answer(timeoutMs, () => window.groups.kept())
        return measured
      }),
    )
    const changedAt = await server.change(CHANGED)
    const warm = await tracedLoad(context, { url: page(setup.page, { ...setup.visit, changedAt }), timeoutMs })
    return { cold: { ...result, ...trace.stalls(VISIT) }, warm }
  })
}

function underUpdates({ page, rows, timeoutMs, traceMs = TRACE_MS, floodMs = FLOOD_MS }, setup, generator, rate) {
  return withProfile(async (context) => {
    const url = page(setup.page, { ...setup.visit, stream: generator.url })
    return onLoaded(context, { url, timeoutMs }, async (_, tab) => {
      await tab.answer(timeoutMs, () => window.groups.kept())
      const halt = generator.flood({ rate, hot: rows, mostMs: floodMs })
      await pause(SETTLE_IN_MS)
      const span = { from: now(), to: 0 }
      const { result, trace } = await traced(context.browser(), async () => {
        await marked(tab, () => pause(traceMs))
        span.to = now()
        const { updates, appends, tookMs, endedAt } = await halt()
        const results = await tab.answerBy(timeoutMs, (at) => window.groups.shownUntil(at), appends.at(-1))
        return { ...timesOf({ appends, endedAt, results }, span), updatesPerSecond: (updates / tookMs) * 1000 }
      })
      return { ...result, ...(result.settleMs < Infinity && { ...sharesOf(trace.busyMs(MARKED)), ...trace.stalls(MARKED) }) }
    })
  })
}

const now = () => performance.timeOrigin + performance.now()

/** A page that never shows the last update has no ages. */
function timesOf({ appends, endedAt, results }, { from, to }) {
  if (!results) return { ageMs: Infinity, ageP99Ms: Infinity, settleMs: Infinity }
  const isInside = (at) => at >= from && at < to
  const ages = agesOf(appends.filter(isInside), results)
  const inside = results.filter(([shownAt]) => isInside(shownAt))
  return {
    ageMs: percentile(ages, 0.5),
    ageP99Ms: percentile(ages, 0.99),
    resultsPerSecond: (inside.length / (to - from)) * 1000,
    settleMs: Math.max(0, results.at(-1)[0] - endedAt),
  }
}
