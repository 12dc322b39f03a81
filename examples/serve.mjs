import { parseArgs } from 'node:util'
import { startFlights } from './flights/server/flights.mjs'
import { MAX_RATE } from './flights/server/playback.mjs'
import { servePages } from './server/pages.mjs'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: process.env.PORT ?? '5173' },
    rate: { type: 'string', default: '10' },
  },
})

const port = numberOption('port', 65_535)
const rate = numberOption('rate', MAX_RATE)

function numberOption(name, max) {
  const number = Number(values[name])
  if (Number.isInteger(number) && number >= 0 && number <= max) return number
  console.error(`--${name}: a whole number from 0 to ${max} expected, got "${values[name]}"`)
  process.exit(1)
}

const flights = await startFlights({ rate })
const pages = await servePages({ port, boards: [flights] })

let stopping = false
async function stop() {
  if (stopping) return
  stopping = true
  setTimeout(() => process.exit(0), 2000).unref()
  await Promise.all([pages.close(), flights.stop()])
  process.exit(0)
}
process.on('SIGINT', stop)
process.on('SIGTERM', stop)

console.log(`Departures board: ${pages.url}  (Ctrl+C stops it)`)
