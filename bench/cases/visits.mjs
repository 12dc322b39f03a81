import { alternate } from '../lab/alternate.mjs'
import { withProfile } from '../lab/browser.mjs'
import { LIMIT, SHOWN, coldAndWarmRows, limitOf, takeLimits } from '../lab/first-rows.mjs'
import { tracedLoad } from '../lab/load.mjs'
import { setupsOf } from '../lab/setups.mjs'
import { figure, figures, figuresOf } from '../report/figures.mjs'
import * as cold from './cold.mjs'
import * as warm from './warm.mjs'

export const pages = cold.pages

/** The figures of `cold` and of `warm` beside the server, with one first visit for both: half the time. */
export async function run(lab) {
  return [...(await allRows(lab)), ...(await firstRows(lab))]
}

async function allRows(lab) {
  const results = await alternate({ ...lab.turns, who: lab.who, label: 'visits' }, (side) => visitTwice(lab, side))
  const about = { rows: lab.rows, mode: 'eager' }
  return [
    ...figures({ case: 'cold', ...about }, cold.METRICS, part(results, 'cold')),
    ...figures({ case: 'warm', ...about }, warm.METRICS, part(results, 'warm')),
  ]
}

async function firstRows(lab) {
  const setups = setupsOf(lab)
  const label = `visits, top ${String(SHOWN)}`
  const results = await alternate({ ...lab.turns, who: [LIMIT, ...setups.keys()], label }, (name) =>
    name === LIMIT ? limitOf(lab) : coldAndWarmRows(lab, setups.get(name), warm.CHANGED),
  )
  const limits = takeLimits(results, (visits) => visits.cold)
  const about = { rows: lab.rows, shown: SHOWN }
  return [
    figure({ case: 'cold', ...about, mode: 'eager', who: LIMIT, metric: 'limitMs', runs: limits }),
    ...figuresOf(setups, { case: 'cold', ...about }, cold.SHOWN_METRICS, part(results, 'cold')),
    ...figuresOf(setups, { case: 'warm', ...about }, warm.SHOWN_METRICS, part(results, 'warm')),
  ]
}

const part = (results, visit) => new Map([...results].map(([name, runs]) => [name, runs.map((each) => each[visit])]))

function visitTwice({ page, server, timeoutMs }, side) {
  return withProfile(async (context) => ({
    cold: await tracedLoad(context, { url: page(side, { keep: true }), timeoutMs }),
    warm: await tracedLoad(context, { url: page(side, { changed: await server.change(warm.CHANGED) }), timeoutMs }),
  }))
}
