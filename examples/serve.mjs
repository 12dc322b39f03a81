import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createCities } from './cities/server/cities.mjs'
import { RATES as CITY_RATES } from './cities/server/rates.mjs'
import { createDashboard, RATES as PARCEL_RATES } from './dashboard/server/dashboard.mjs'
import { startFlights } from './flights/server/flights.mjs'
import { MAX_RATE } from './flights/server/playback.mjs'
import { servePages } from './server/pages.mjs'
import { createTasks } from './tasks/server/tasks.mjs'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: process.env.PORT ?? '5173' },
    rate: { type: 'string', default: '10' },
    changes: { type: 'string', default: '1000' },
    cities: { type: 'string', default: '1000000' },
    parcels: { type: 'string', default: '100000' },
    'parcel-changes': { type: 'string', default: '1000' },
    // Here the task list is kept.
    tasks: { type: 'string', default: fileURLToPath(new URL('../node_modules/.sidestream-tasks', import.meta.url)) },
  },
})

const port = numberOption('port', 65_535)
const rate = numberOption('rate', MAX_RATE)
const changes = numberOption('changes', Math.max(...CITY_RATES))
const mostCities = numberOption('cities', 1_000_000)
const parcels = numberOption('parcels', 1_000_000)
const parcelChanges = numberOption('parcel-changes', Math.max(...PARCEL_RATES))

function numberOption(name, max) {
  const number = Number(values[name])
  if (Number.isInteger(number) && number >= 0 && number <= max) return number
  console.error(`--${name}: a whole number from 0 to ${max} expected, got "${values[name]}"`)
  process.exit(1)
}

const flights = await startFlights({ rate })
const cities = createCities({ mostCities, rate: changes })
const dashboard = createDashboard({ parcels, rate: parcelChanges })
const tasks = createTasks({ folder: values.tasks })
/** The list of the boards, which has no server of its own. */
const demos = { address: '/demos.html', file: '/demos/index.html', meta: {}, routes: {} }
const pages = await servePages({ port, boards: [demos, flights, cities, dashboard, tasks] })

let stopping = false
async function stop() {
  if (stopping) return
  stopping = true
  setTimeout(() => process.exit(0), 2000).unref()
  await Promise.all([pages.close(), flights.stop(), cities.stop(), dashboard.stop(), tasks.stop()])
  process.exit(0)
}
process.on('SIGINT', stop)
process.on('SIGTERM', stop)

console.log(`Departures board: ${pages.url}  (Ctrl+C stops it)`)
console.log(`All demos:        ${pages.url}demos.html`)
console.log(`Cities board:     ${pages.url}cities.html`)
console.log(`Dashboard:        ${pages.url}dashboard.html`)
console.log(`Task list:        ${pages.url}tasks/`)
