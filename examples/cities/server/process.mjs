import { createGenerator } from '../../server/generator.mjs'
import { serveLog } from '../../server/log-process.mjs'
import { startLog } from '../../server/log.mjs'
import { loadCities } from './dataset.mjs'
import { createDrift } from './drift.mjs'
import { cityEvent, cityOf, countriesOf } from './rows.mjs'

const [mostCities, rate] = process.argv.slice(2).map(Number)
const cities = loadCities(mostCities).map(cityOf)
const countries = countriesOf(cities)
const changeAt = createDrift(cities)
let number = 0

function nextChange(hotShare) {
  const { index, population } = changeAt(number, hotShare)
  number += 1
  cities[index].population = population
  return cityEvent('update', cities[index])
}

const log = await startLog({ name: 'cities-stream', first: () => cities.map((city) => cityEvent('insert', city)) })
const generator = createGenerator({ log, nextChange, rate })
serveLog({ log, generator, about: () => ({ cities: cities.length, countries }) })
