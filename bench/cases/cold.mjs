import { alternate } from '../lab/alternate.mjs'
import { tracedLoad } from '../lab/load.mjs'
import { withProfile } from '../lab/browser.mjs'
import { figures } from '../report/figures.mjs'

export const pages = ['peer', 'sidestream']

/** The first visit: nothing cached, the server beside it. */
export async function run(lab) {
  const results = await alternate({ who: lab.who, runs: lab.runs, label: 'cold' }, (side) =>
    withProfile((context) => tracedLoad(context, { url: lab.page(side), timeoutMs: lab.timeoutMs })),
  )
  return figures({ case: 'cold', rows: lab.rows, mode: 'eager' }, ['readyMs', 'blockingMs', 'longestTaskMs'], results)
}
