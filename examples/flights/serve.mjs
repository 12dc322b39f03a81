import { parseArgs } from 'node:util'
import { createControl } from './server/control.mjs'
import { loadDataset } from './server/dataset.mjs'
import { createGate } from './server/gate.mjs'
import { startOrigin } from './server/origin.mjs'
import { servePage } from './server/page.mjs'
import { createPlayback, MAX_RATE } from './server/playback.mjs'

const FIRST_FLIGHTS = 15_000

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

const { airports, flights } = await loadDataset()
const origin = await startOrigin({ airports, flights: flights.slice(0, FIRST_FLIGHTS) })
const playback = createPlayback({ flights: flights.slice(FIRST_FLIGHTS), append: origin.append, rate })
const gate = createGate(origin.base)
const control = createControl({ gate, playback, origin })
const page = await servePage({ port, streamPath: origin.path, gate, control })

let stopping = false
async function stop() {
  if (stopping) return
  stopping = true
  setTimeout(() => process.exit(0), 2000).unref()
  playback.stop()
  gate.close()
  await page.close()
  await origin.stop()
  process.exit(0)
}
process.on('SIGINT', stop)
process.on('SIGTERM', stop)

console.log(`Departures board: ${page.url}  (Ctrl+C stops it)`)
