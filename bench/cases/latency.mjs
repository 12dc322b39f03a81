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

/** The time from an append until the query of the only tab shows it. */
export async function run(lab) {
  const setups = setupsOf(lab, ['dedicated', 'shared'])
  const results = await alternate({ who: [...setups.keys()], runs: lab.runs, label: 'latency' }, (name) =>
    withGenerator(lab, (generator) => measure(lab, setups.get(name), generator)),
  )
  return figuresOf(setups, { case: 'latency', rows: lab.rows }, ['visibleMs', 'visibleP99Ms'], results)
}

function measure({ page, timeoutMs }, setup, generator) {
  return withProfile(async (context) => {
    const url = page(setup.page, { ...setup.visit, stream: generator.url, tops: [await generator.top(SHOWN)] })
    return onLoaded(context, { url, timeoutMs }, async (_, tab) => {
      const changes = await generator.trickle({ count: APPENDS, everyMs: EVERY_MS })
      const showed = await tab.answer(timeoutMs, (all) => Promise.all(all.map((each) => window.query.showedAt(each))), changes)
      const tookMs = changes.map(({ at }, index) => showed[index] - at).slice(UNCOUNTED)
      return { visibleMs: percentile(tookMs, 0.5), visibleP99Ms: percentile(tookMs, 0.99) }
    })
  })
}
