// A process of its own: making, keeping and serving 20,000 events a second must not delay the server of the page.
import { countriesOf, loadCities } from './dataset.mjs'
import { createDrift } from './drift.mjs'
import { createGenerator, MOST_CHANGES } from './generator.mjs'
import { startLog } from './log.mjs'

/** A log with fewer changes is worth keeping for whoever comes next: a cache of it may be in the browser. */
const WORN_CHANGES = 200_000

const [mostCities, rate] = process.argv.slice(2).map(Number)
const cities = loadCities(mostCities)
const countries = countriesOf(cities)
const log = await startLog(cities)
const generator = createGenerator({ log, nextChanged: createDrift(cities), rate })

const state = () => ({
  path: log.path,
  rate: generator.rate,
  changes: log.changes,
  mostChanges: MOST_CHANGES,
  isFull: generator.isFull(),
})

const calls = {
  /** What a page needs before it can read the log. One that is full, or that is long and nobody reads, is started over. */
  open() {
    if (generator.isFull() || (!generator.isSeen() && log.changes > WORN_CHANGES)) log.startOver()
    generator.seen()
    return { path: log.path, cities: cities.length, countries }
  },
  state() {
    generator.seen()
    return state()
  },
  setRate(rate) {
    generator.rate = rate
    return calls.state()
  },
  startOver() {
    log.startOver()
    return calls.state()
  },
}

process.on('message', ({ id, call, argument }) => {
  process.send({ id, value: calls[call](argument) })
})
// The demo is gone, however it ended.
process.on('disconnect', () => process.exit())

process.send({ ready: { base: log.base } })
