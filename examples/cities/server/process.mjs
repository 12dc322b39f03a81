import { createGenerator } from '../../server/generator.mjs'
import { serveLog } from '../../server/log-process.mjs'
import { startLog } from '../../server/log.mjs'
import { countriesOf, loadCities } from './dataset.mjs'
import { createDrift } from './drift.mjs'

const [mostCities, rate] = process.argv.slice(2).map(Number)
const cities = loadCities(mostCities)
const countries = countriesOf(cities)
const event = (operation, city) => ({ type: 'city', key: city.id, value: city, headers: { operation } })
const nextChanged = createDrift(cities)

const log = await startLog({ name: 'cities-stream', first: () => cities.map((city) => event('insert', city)) })
const generator = createGenerator({ log, nextChange: (hotShare) => event('update', nextChanged(hotShare)), rate })
serveLog({ log, generator, about: () => ({ cities: cities.length, countries }) })
