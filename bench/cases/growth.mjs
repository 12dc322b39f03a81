import { alternate } from '../lab/alternate.mjs'
import { withProfile } from '../lab/browser.mjs'
import { SHOWN } from '../lab/first-rows.mjs'
import { withGenerator } from '../lab/generator.mjs'
import { pageHeap, workerHeaps } from '../lab/heap.mjs'
import { onPage } from '../lab/load.mjs'
import { setupsOf } from '../lab/setups.mjs'
import { MARKED, marked, traced } from '../lab/trace.mjs'
import { figuresOf } from '../report/figures.mjs'

export const pages = ['peer-query', 'sidestream-query']
export const rowsOf = ({ growth }) => growth

// The limit of a measurement of the peer; a longer one is given up.
const MOST_MS = 60_000
const CHANGED = 10
const DIFFS = { count: 100, everyMs: 30 }
const METRICS = {
  cold: ['firstRowsMs', 'tabHeapBytes', 'workerHeapBytes', 'storedBytes'],
  warm: ['firstRowsMs', 'freshMs'],
  live: ['diffMs', 'uiDiffMs', 'workerDiffMs'],
}

/** How the time of the first rows, and of a change, grows with the number of rows held. */
export async function run(lab) {
  const setups = setupsOf({ ...lab, modes: lab.modes.filter((mode) => mode !== 'eager') })
  const label = `growth, ${String(lab.rows)}`
  const results = await alternate({ ...lab.turns, who: [...setups.keys()], label }, (name) =>
    withGenerator(lab, (generator) => measure(lab, setups.get(name), generator)),
  )
  return Object.entries(METRICS).flatMap(([visit, metrics]) => {
    const part = new Map([...results].map(([name, runs]) => [name, runs.map((each) => each[visit])]))
    return figuresOf(setups, { case: 'growth', rows: lab.rows, visit, mostMs: MOST_MS }, metrics, part)
  })
}

/** Two visits in one profile, and live changes at the end of the second. */
function measure(lab, setup, generator) {
  const tops = []
  const visit = async (context, use) => {
    tops.push(await generator.top(SHOWN))
    const url = lab.page(setup.page, { ...setup.visit, stream: generator.url, tops })
    const mostMs = setup.about.who === 'peer' ? MOST_MS : lab.timeoutMs
    return onPage(context, url, async (tab) => {
      const measured = await tab.answerBy(mostMs, () => window.bench)
      return measured ? use(measured, tab) : { firstRowsMs: Infinity, freshMs: Infinity }
    })
  }
  return withProfile(async (context) => {
    const cold = await visit(context, async (measured, tab) => {
      await tab.answer(lab.timeoutMs, () => window.query.kept())
      return lab.isBare ? measured : { ...measured, ...(await held(lab, tab)) }
    })
    if (cold.firstRowsMs === Infinity) return { cold, warm: {}, live: {} }
    await generator.change(CHANGED)
    let live = {}
    const warm = await visit(context, async (measured, tab) => {
      if (!lab.isBare) live = await diffs(context, tab, generator)
      return measured
    })
    return { cold, warm, live }
  })
}

/** What all rows take in memory, and on the disk of this origin. */
async function held({ timeoutMs }, tab) {
  const [workerHeapBytes] = await workerHeaps(tab.page)
  const storedBytes = await tab.answer(timeoutMs, () => navigator.storage.estimate().then(({ usage }) => usage || undefined))
  return { tabHeapBytes: await pageHeap(tab.page), workerHeapBytes, storedBytes }
}

/** Each diff has one row, which appears at the top of the shown rows. */
async function diffs(context, tab, generator) {
  const { trace } = await traced(context.browser(), () => marked(tab, () => generator.trickle(DIFFS)))
  const busy = trace.busyMs(MARKED)
  const uiDiffMs = busy.ui.cpu / DIFFS.count
  const workerDiffMs = busy.worker && busy.worker.cpu / DIFFS.count
  return { diffMs: uiDiffMs + (workerDiffMs ?? 0), uiDiffMs, workerDiffMs }
}
