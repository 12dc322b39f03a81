import { alternate } from '../lab/alternate.mjs'
import { load } from '../lab/load.mjs'
import { withProfile } from '../lab/browser.mjs'
import { figure } from '../report/figures.mjs'

export const pages = ['store']

// `segments` is the library's own code; `record-per-row` the plain layout, for contrast.
const LAYOUTS = ['segments', 'record-per-row']

/** A worker's time to store all rows, and to read them on the next visit. The peer stores nothing. */
export async function run(lab) {
  if (!lab.who.includes('sidestream')) return []
  const results = await alternate({ who: LAYOUTS, runs: lab.runs, label: 'store' }, (layout) =>
    withProfile(async (context) => {
      const step = (name) =>
        load(context, { url: lab.page('store', { layout, step: name }), timeoutMs: lab.timeoutMs }).then(({ ms }) => ms)
      return { idbWriteMs: await step('write'), idbReadMs: await step('read') }
    }),
  )
  const about = { case: 'store', rows: lab.rows, mode: 'eager', who: 'sidestream' }
  return [...results].flatMap(([layout, runs]) =>
    ['idbWriteMs', 'idbReadMs'].map((metric) =>
      figure({ ...about, layout, metric, runs: runs.map((result) => result[metric]) }),
    ),
  )
}
