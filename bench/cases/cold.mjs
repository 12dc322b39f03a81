import { alternate } from '../lab/alternate.mjs'
import { withProfile } from '../lab/browser.mjs'
import { LIMIT, SHOWN, coldRows, limitOf, takeLimits } from '../lab/first-rows.mjs'
import { tracedLoad } from '../lab/load.mjs'
import { setupsOf } from '../lab/setups.mjs'
import { figure, figures, figuresOf } from '../report/figures.mjs'

export const pages = ['peer', 'sidestream', 'peer-query', 'sidestream-query', 'limit']

export const METRICS = ['readyMs', 'blockingMs', 'longestTaskMs']
export const SHOWN_METRICS = ['firstRowsMs', 'limitRatio', 'blockingMs', 'longestTaskMs']
// With few rows requests and starts take most of the time, and it costs little to trace them.
const STAGES = ['workerMs', 'requestedMs', 'answeredMs']
const STAGED_ROWS = 10_000

/** The first visit: nothing cached, the server beside it. */
export async function run(lab) {
  const about = { case: 'cold', rows: lab.rows }
  const isStaged = lab.rows <= STAGED_ROWS
  const results = await alternate({ ...lab.turns, who: lab.who, label: 'cold' }, (side) =>
    withProfile((context) => tracedLoad(context, { url: lab.page(side), timeoutMs: lab.timeoutMs, isStaged })),
  )
  const collected = figures({ ...about, mode: 'eager' }, isStaged ? [...METRICS, ...STAGES] : METRICS, results)
  return lab.isBare ? collected : [...collected, ...(await firstRows(lab, { ...about, shown: SHOWN }))]
}

/** The time until a query shows its rows; in the same turns, the time of a worker that only reads the stream (the limit). */
async function firstRows(lab, about) {
  const setups = setupsOf(lab)
  const who = [LIMIT, ...setups.keys()]
  const results = await alternate({ ...lab.turns, who, label: `cold, top ${String(SHOWN)}` }, (name) =>
    name === LIMIT ? limitOf(lab) : coldRows(lab, setups.get(name)),
  )
  const limits = takeLimits(results)
  return [
    figure({ ...about, mode: 'eager', who: LIMIT, metric: 'limitMs', runs: limits }),
    ...figuresOf(setups, about, SHOWN_METRICS, results),
  ]
}
