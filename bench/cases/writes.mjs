import { setTimeout as pause } from 'node:timers/promises'
import { alternate } from '../lab/alternate.mjs'
import { withProfile } from '../lab/browser.mjs'
import { SHOWN } from '../lab/first-rows.mjs'
import { Tab } from '../lab/tab.mjs'
import { marked, MARKED, traced } from '../lab/trace.mjs'
import { figuresOf, percentile } from '../report/figures.mjs'

export const pages = ['sidestream-writes', 'offline-writes', 'append-writes']

// This case is about writes, and not about the size of the stream.
export const rowsOf = ({ rows }) => [Math.min(rows, 10_000)]

const WRITES = 10_000
const EDITS = 210
// The first edits take longer and are not counted.
const UNCOUNTED = 10
const EVERY_MS = 30
// Storing, opening or draining that takes longer is given up.
const MOST_MS = 60_000

const SETUPS = {
  shared: { page: 'sidestream-writes', mode: 'shared', other: 'shared', about: { who: 'sidestream', mode: 'eager', worker: 'shared' } },
  leader: { page: 'sidestream-writes', mode: 'leader', other: 'leader', about: { who: 'sidestream', mode: 'eager', worker: 'leader' } },
  offline: { page: 'offline-writes', mode: 'page', other: 'watch', about: { who: 'offline-transactions', mode: 'eager' } },
  append: { page: 'append-writes', mode: 'page', other: 'page', about: { who: 'append', mode: 'eager' } },
}
const LATENCIES = ['sameTabMs', 'sameFrameShare', 'otherTabMs', 'otherTabP99Ms', 'ackMs', 'ackP99Ms']
const OPENINGS = ['openMs', 'openPendingMs', 'openWithPendingMs']
const BACKLOG = [
  'storedPerSecond',
  'storeLongestTaskMs',
  ...OPENINGS,
  'drainPerSecond',
  'drainRequests',
  'drainBytes',
  'drainLongestTaskMs',
]

/** What a write takes until it is seen and stored, and what many writes take that were made while the server was away. */
export async function run(lab) {
  const figures = []
  const add = async (label, names, metrics, measure) => {
    const setups = new Map(names.map((name) => [name, SETUPS[name]]))
    const results = await alternate({ ...lab.turns, who: names, label }, async (name) => {
      const copy = await lab.server.copy()
      const stream = new URL(new URL(copy).pathname, lab.server.pacedUrl).href
      try {
        return await withProfile((context) => measure(lab, context, { ...setups.get(name), stream, copy }))
      } finally {
        await lab.server.cut(false)
        await lab.server.drop(copy)
      }
    })
    figures.push(...figuresOf(setups, { case: 'writes', rows: lab.rows }, metrics, results))
    return { setups, results }
  }
  const chosen = Object.keys(SETUPS).filter((name) => lab.who.includes(SETUPS[name].about.who === 'sidestream' ? 'sidestream' : 'peer'))
  await add('writes, latency', chosen, LATENCIES, latencies)
  const { setups, results } = await add('writes, backlog', chosen.filter((name) => name !== 'shared'), BACKLOG, backlog)
  const onDemand = new Map([...setups].map(([name, setup]) => [name, { about: { ...setup.about, mode: 'on-demand' } }]))
  const openings = new Map([...results].map(([name, runs]) => [name, runs.map((run) => run.onDemand ?? {})]))
  figures.push(...figuresOf(onDemand, { case: 'writes', rows: lab.rows }, OPENINGS, openings))
  return figures
}

async function opener({ page, server, rows }, context, setup) {
  const top = await server.top(SHOWN)
  return ({ written = 0, mode = setup.mode, syncMode = 'eager' } = {}) =>
    Tab.open(context, page(setup.page, { stream: setup.stream, rows: rows + written, from: written, mode, syncMode, top }))
}

async function latencies(lab, context, setup) {
  const { timeoutMs } = lab
  const open = await opener(lab, context, setup)
  const tab = await open()
  await tab.answer(timeoutMs, () => window.writes.measured)
  const other = await open({ mode: setup.other })
  await other.answer(timeoutMs, () => window.writes.measured)
  let edits = []
  while (edits.length < EDITS) {
    await tab.page.keyboard.press('a')
    edits = await tab.answer(timeoutMs, (size) => window.writes.edits(size), edits.length + 1)
    // Not in step with the frames, nor with any other timer.
    await pause(EVERY_MS * (0.5 + Math.random()))
  }
  const showed = await other.answer(timeoutMs, (all) => Promise.all(all.map((each) => window.writes.showedAt(each))), edits)
  const counted = edits.slice(UNCOUNTED)
  const of = (took) => counted.map(took)
  const elsewhere = of(({ at }, index) => showed[index + UNCOUNTED] - at)
  const acks = of(({ at, ackedAt }) => ackedAt - at)
  return {
    sameTabMs: percentile(of(({ at, shownAt }) => shownAt - at), 0.5),
    sameFrameShare: counted.filter(({ isInFrame }) => isInFrame).length / counted.length,
    otherTabMs: percentile(elsewhere, 0.5),
    otherTabP99Ms: percentile(elsewhere, 0.99),
    ackMs: percentile(acks, 0.5),
    ackP99Ms: percentile(acks, 0.99),
  }
}

const opening = (before, after) => ({ openMs: before, openPendingMs: after, openWithPendingMs: after - before })

async function backlog(lab, context, setup) {
  const { server, timeoutMs, rows } = lab
  const { who } = setup.about
  const isDurable = who === 'sidestream'
  const browser = context.browser()
  const open = await opener(lab, context, setup)

  let tab = await open()
  await tab.answer(timeoutMs, () => window.writes.measured)
  if (who === 'append') return appended(lab, context, setup, tab)
  await tab.answer(timeoutMs, () => window.writes.kept())
  /** An opening's time until the first rows are shown. */
  const opened = async (visit) => {
    await tab.close()
    tab = await open(visit)
    return (await tab.answer(MOST_MS, () => window.writes.measured)).firstRowsMs
  }
  const openings = async (written) => ({ onDemand: await opened({ written, syncMode: 'on-demand' }), eager: await opened({ written }) })
  let before
  if (isDurable) {
    // An on-demand collection opens with the subsets that an earlier visit has stored.
    await opened({ syncMode: 'on-demand' })
    await tab.answer(timeoutMs, () => window.writes.kept())
    await server.cut(true)
    before = await openings(0)
  } else {
    await server.cut(true)
  }

  const storing = await traced(browser, () => stored(tab))
  const { stored: written, tookMs } = storing.result
  const figures = { storeLongestTaskMs: storing.trace.stalls(MARKED).longestTaskMs, storedPerSecond: (written * 1000) / tookMs }

  let after
  if (isDurable) after = await openings(written)
  else await tab.close()
  await server.takePosts()
  await server.cut(false)
  if (!isDurable) tab = await open({ written })
  const draining = await traced(browser, () => marked(tab, () => tab.answerBy(MOST_MS, () => window.writes.drained().then(() => true))))
  const { events, keys } = await server.count(setup.copy)
  const posts = await server.takePosts()
  if (events !== keys) throw new Error(`${String(events - keys)} of ${String(events - rows)} writes are in the stream more than once`)
  if (draining.result && keys < rows + written) throw new Error(`the stream has ${String(keys - rows)} writes of ${String(written)}`)
  return {
    ...figures,
    ...(after && { ...opening(before.eager, after.eager), onDemand: opening(before.onDemand, after.onDemand) }),
    drainPerSecond: ((keys - rows) * 1000) / posts.tookMs,
    drainRequests: posts.count,
    drainBytes: posts.bytes,
    drainLongestTaskMs: draining.trace.stalls(MARKED).longestTaskMs,
  }
}

/** As many appends with the server there: nothing can be stored while it is away. */
async function appended({ server, rows }, context, setup, tab) {
  await server.takePosts()
  const { result, trace } = await traced(context.browser(), () => stored(tab))
  const { keys } = await server.count(setup.copy)
  const posts = await server.takePosts()
  if (keys < rows + result.stored) throw new Error(`the stream has ${String(keys - rows)} writes of ${String(result.stored)}`)
  return { drainPerSecond: ((keys - rows) * 1000) / posts.tookMs, drainRequests: posts.count, drainBytes: posts.bytes, drainLongestTaskMs: trace.stalls(MARKED).longestTaskMs }
}

const stored = (tab) => marked(tab, () => tab.answer(2 * MOST_MS, (order) => window.writes.store(order), { size: WRITES, mostMs: MOST_MS }))
