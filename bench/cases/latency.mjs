import { alternate } from '../lab/alternate.mjs'
import { withProfile } from '../lab/browser.mjs'
import { SHOWN } from '../lab/first-rows.mjs'
import { withGenerator } from '../lab/generator.mjs'
import { onLoaded } from '../lab/load.mjs'
import { setupsOf } from '../lab/setups.mjs'
import { figuresOf, percentile } from '../report/figures.mjs'

export const pages = ['peer-query', 'sidestream-query']

const APPENDS = 110
// The first runs take longer and are not counted.
const UNCOUNTED = 10
const EVERY_MS = 50
const WORKERS = ['dedicated', 'shared']

const METRICS = ['visibleMs', 'visibleP99Ms', 'restVisibleMs', 'restVisibleP99Ms']

/** The time from an append until the query of the only tab shows it: as soon as it shows rows, and when all is stored. */
export async function run(lab) {
  const setups = setupsOf(lab, lab.workers ?? WORKERS)
  const results = await alternate({ ...lab.turns, who: [...setups.keys()], label: 'latency' }, (name) =>
    withGenerator(lab, (generator) => measure(lab, setups.get(name), generator)),
  )
  return figuresOf(setups, { case: 'latency', rows: lab.rows }, METRICS, results)
}

function measure({ page, timeoutMs, appends = APPENDS, everyMs = EVERY_MS, isRestMeasured = true }, setup, generator) {
  return withProfile(async (context) => {
    const url = page(setup.page, { ...setup.visit, stream: generator.url, tops: [await generator.top(SHOWN)] })
    return onLoaded(context, { url, timeoutMs }, async (_, tab) => {
      const visible = async () => {
        const changes = await generator.trickle({ count: appends, everyMs })
        const showed = await tab.answer(timeoutMs, (all) => Promise.all(all.map((each) => window.query.showedAt(each))), changes)
        const tookMs = changes.map(({ at }, index) => showed[index] - at).slice(UNCOUNTED)
        return [percentile(tookMs, 0.5), percentile(tookMs, 0.99)]
      }
      const [visibleMs, visibleP99Ms] = await visible()
      if (!isRestMeasured) return { visibleMs, visibleP99Ms }
      await tab.answer(timeoutMs, () => window.query.kept())
      const [restVisibleMs, restVisibleP99Ms] = await visible()
      return { visibleMs, visibleP99Ms, restVisibleMs, restVisibleP99Ms }
    })
  })
}
