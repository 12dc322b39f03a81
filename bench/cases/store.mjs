import { alternate } from '../lab/alternate.mjs'
import { load } from '../lab/load.mjs'
import { withProfile } from '../lab/browser.mjs'
import { traced } from '../lab/trace.mjs'
import { figuresOf } from '../report/figures.mjs'

export const pages = ['store']

// `segments` is the library's own code; `record-per-row` the plain layout, for contrast.
const LAYOUTS = ['segments', 'record-per-row']
const METRICS = ['idbWriteMs', 'idbReadMs', 'idbWriteCpuMs', 'idbReadCpuMs']
const WORK = { from: 'bench:store-from', to: 'bench:store-to' }

/** A worker's time to store all rows, and to read them on the next visit. The peer stores nothing. */
export async function run(lab) {
  if (!lab.who.includes('sidestream')) return []
  const layouts = lab.isBare ? ['segments'] : LAYOUTS
  const results = await alternate({ ...lab.turns, who: layouts, label: 'store' }, (layout) => writeAndRead(lab, layout))
  const setups = new Map(layouts.map((layout) => [layout, { about: { who: 'sidestream', layout } }]))
  return figuresOf(setups, { case: 'store', rows: lab.rows, mode: 'eager' }, METRICS, results)
}

function writeAndRead({ page, timeoutMs }, layout) {
  return withProfile(async (context) => {
    const step = async (name) => {
      const url = page('store', { layout, step: name })
      const { result, trace } = await traced(context.browser(), () => load(context, { url, timeoutMs }))
      return [result.ms, trace.cpuMs(WORK)]
    }
    const [idbWriteMs, idbWriteCpuMs] = await step('write')
    const [idbReadMs, idbReadCpuMs] = await step('read')
    return { idbWriteMs, idbReadMs, idbWriteCpuMs, idbReadCpuMs }
  })
}
