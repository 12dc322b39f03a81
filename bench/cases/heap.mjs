import { setTimeout as pause } from 'node:timers/promises'
import { alternate } from '../lab/alternate.mjs'
import { withProfile } from '../lab/browser.mjs'
import { SHOWN } from '../lab/first-rows.mjs'
import { pageHeap, workerHeaps } from '../lab/heap.mjs'
import { onLoaded } from '../lab/load.mjs'
import { setupsOf } from '../lab/setups.mjs'
import { figuresOf } from '../report/figures.mjs'

export const pages = ['peer-query', 'sidestream-query']

// A wait, until all work of the load has ended.
const REST_MS = 1_000

/** The memory of a page and of its worker, when the first rows are on screen and the stream is read. */
export async function run(lab) {
  const setups = setupsOf(lab)
  const results = await alternate({ ...lab.turns, who: [...setups.keys()], label: 'heap' }, (name) =>
    measure(lab, setups.get(name)),
  )
  return figuresOf(setups, { case: 'heap', rows: lab.rows }, ['tabHeapBytes', 'workerHeapBytes'], results)
}

async function measure({ page, server, timeoutMs }, setup) {
  const url = page(setup.page, { ...setup.visit, tops: [await server.top(SHOWN)] })
  return withProfile((context) =>
    onLoaded(context, { url, timeoutMs }, async (_, tab) => {
      await tab.answer(timeoutMs, () => window.query.kept())
      await pause(REST_MS)
      const [workerHeapBytes] = await workerHeaps(tab.page)
      return { tabHeapBytes: await pageHeap(tab.page), workerHeapBytes }
    }),
  )
}
