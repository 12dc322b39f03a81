import { withProfile } from '../lab/browser.mjs'
import { load } from '../lab/load.mjs'
import { figure } from '../report/figures.mjs'

export const pages = ['columns']

const BATCHES = [50, 100, 200, 500, 2000, 10_000]

/** The cost of rows for a thread when they cross to the page, as objects and as columns, for several numbers of rows. */
export async function run(lab) {
  if (!lab.who.includes('sidestream')) return []
  const { crossings } = await withProfile((context) =>
    load(context, { url: lab.page('columns', { batches: BATCHES, runs: Math.max(20, lab.runs) }), timeoutMs: lab.timeoutMs }),
  )
  return crossings.flatMap(({ batch, layout, uiMs, wholeMs, workerMs }) =>
    Object.entries({ crossUiMs: uiMs, crossWholeMs: wholeMs, crossWorkerMs: workerMs }).map(([metric, runs]) =>
      figure({ case: 'columns', rows: 0, mode: 'eager', who: 'sidestream', batch, layout, metric, runs }),
    ),
  )
}
