import { withProfile } from '../lab/browser.mjs'
import { load } from '../lab/load.mjs'
import { figure } from '../report/figures.mjs'

export const pages = ['indexes']

const ROWS = [10_000, 100_000, 1_000_000]

/** The cost of a question and of a change in the worker's core, without an index and with one. */
export async function run(lab) {
  if (!lab.who.includes('sidestream')) return []
  const all = []
  for (const rows of ROWS) {
    const { timings } = await withProfile((context) =>
      load(context, { url: lab.page('indexes', { rows, runs: Math.max(10, lab.runs) }), timeoutMs: lab.timeoutMs }),
    )
    for (const { layout, metric, runs } of timings) all.push(figure({ case: 'indexes', rows, mode: 'on-demand', who: 'sidestream', layout, metric, runs }))
  }
  return all
}
