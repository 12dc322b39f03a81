import { alternate } from '../lab/alternate.mjs'
import { withProfile } from '../lab/browser.mjs'
import { SHOWN, coldRows } from '../lab/first-rows.mjs'
import { tracedLoad } from '../lab/load.mjs'
import { setupsOf } from '../lab/setups.mjs'
import { figure, figures, figuresOf } from '../report/figures.mjs'

export const pages = ['peer', 'sidestream', 'peer-query', 'sidestream-query', 'limit']

const LIMIT = 'limit'

/** The first visit: nothing cached, the server beside it. */
export async function run(lab) {
  const about = { case: 'cold', rows: lab.rows }
  const results = await alternate({ who: lab.who, runs: lab.runs, label: 'cold' }, (side) =>
    withProfile((context) => tracedLoad(context, { url: lab.page(side), timeoutMs: lab.timeoutMs })),
  )
  const collected = figures({ ...about, mode: 'eager' }, ['readyMs', 'blockingMs', 'longestTaskMs'], results)
  return [...collected, ...(await firstRows(lab, { ...about, shown: SHOWN }))]
}

/** The time until a query shows its rows; in the same turns, the time of a worker that only reads the stream (the limit). */
async function firstRows(lab, about) {
  const setups = setupsOf(lab)
  const who = [LIMIT, ...setups.keys()]
  const results = await alternate({ who, runs: lab.runs, label: `cold, top ${String(SHOWN)}` }, (name) =>
    name === LIMIT ? limit(lab) : coldRows(lab, setups.get(name)),
  )
  const limits = results.get(LIMIT).map(({ ms }) => ms)
  results.delete(LIMIT)
  for (const runs of results.values()) runs.forEach((result, run) => (result.limitRatio = result.firstRowsMs / limits[run]))
  return [
    figure({ ...about, mode: 'eager', who: LIMIT, metric: 'limitMs', runs: limits }),
    ...figuresOf(setups, about, ['firstRowsMs', 'limitRatio', 'blockingMs', 'longestTaskMs'], results),
  ]
}

/** Under a trace, because the other measurements also have the cost of a trace. */
function limit(lab) {
  return withProfile((context) => tracedLoad(context, { url: lab.page('limit'), timeoutMs: lab.timeoutMs }))
}
