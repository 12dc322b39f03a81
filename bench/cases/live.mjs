import { setTimeout as pause } from 'node:timers/promises'
import { alternate } from '../lab/alternate.mjs'
import { withProfile } from '../lab/browser.mjs'
import { SHOWN } from '../lab/first-rows.mjs'
import { frameFigures } from '../lab/frames.mjs'
import { withGenerator } from '../lab/generator.mjs'
import { onLoaded } from '../lab/load.mjs'
import { setupsOf } from '../lab/setups.mjs'
import { sharesOf } from '../lab/shares.mjs'
import { MARKED, marked, traced } from '../lab/trace.mjs'
import { figuresOf } from '../report/figures.mjs'

export const pages = ['peer-query', 'sidestream-query']

const METRICS = [
  'firstRowsMs',
  'updatesPerSecond',
  'frameP99Ms',
  'lateFrames',
  'frames',
  'uiBusyShare',
  'uiCpuShare',
  'workerBusyShare',
  'workerCpuShare',
  'longestTaskMs',
  'blockingMs',
  'settleMs',
]

// A wait, until reading keeps pace with writing.
const SETTLE_IN_MS = 1_000
// Frames are counted without a trace, and the trace is taken without asking for frames: each would cost the other.
const FRAMES_MS = 4_000
const TRACE_MS = 4_000
// A page that falls behind answers late: more updates until then would only put it further behind.
const FLOOD_MS = 15_000

/** A page with the first rows on screen, while rows change at a rate. */
export async function run(lab) {
  const setups = setupsOf(lab)
  const collected = []
  for (const rate of lab.rates) {
    for (const hot of lab.hot) {
      const label = `live, ${String(rate)}/s over ${String(hot)}`
      const turns = { ...lab.turns, who: [...setups.keys()], label, ...(collected.length > 0 && { warmedUp: true }) }
      const results = await alternate(turns, (name) =>
        withGenerator(lab, (generator) => measure(lab, setups.get(name), generator, { rate, hot, mostMs: lab.floodMs ?? FLOOD_MS })),
      )
      collected.push(...figuresOf(setups, { case: 'live', rows: lab.rows, rate, hot, mostMs: lab.timeoutMs }, METRICS, results))
    }
  }
  return collected
}

function measure({ page, timeoutMs, framesMs = FRAMES_MS, traceMs = TRACE_MS }, setup, generator, updates) {
  return withProfile(async (context) => {
    const url = page(setup.page, { ...setup.visit, stream: generator.url, tops: [await generator.top(SHOWN)] })
    return onLoaded(context, { url, timeoutMs }, async ({ firstRowsMs }, tab) => {
      const halt = generator.flood(updates)
      await pause(SETTLE_IN_MS)
      const intervals = framesMs > 0 && (await tab.answer(timeoutMs, (ms) => window.query.frames(ms), framesMs))
      const { result, trace } = await traced(context.browser(), async () => {
        await marked(tab, () => pause(traceMs))
        const { updates: sent, tookMs, endedAt } = await halt()
        const top = await generator.top(SHOWN)
        const settledAt = (await tab.answerBy(timeoutMs, (points) => window.query.showsAt(points), top)) ?? Infinity
        return { updatesPerSecond: (sent / tookMs) * 1000, settleMs: Math.max(0, settledAt - endedAt) }
      })
      const isWhole = result.settleMs < Infinity
      const ofTrace = isWhole && { ...sharesOf(trace.busyMs(MARKED)), ...trace.stalls(MARKED) }
      return { firstRowsMs, ...result, ...(intervals && frameFigures(intervals)), ...ofTrace }
    })
  })
}
