import { createGate } from '../../server/gate.mjs'
import { createFlightsControl } from './control.mjs'
import { loadDataset } from './dataset.mjs'
import { startOrigin } from './origin.mjs'
import { createPlayback } from './playback.mjs'

const FIRST_FLIGHTS = 15_000

/** The departures board: its page, and what answers under the page's origin. */
export async function startFlights({ rate }) {
  const { airports, flights } = await loadDataset()
  const origin = await startOrigin({ airports, flights: flights.slice(0, FIRST_FLIGHTS) })
  const playback = createPlayback({ flights: flights.slice(FIRST_FLIGHTS), append: origin.append, rate })
  const gate = createGate(origin.base)

  return {
    address: '/',
    file: '/flights/index.html',
    meta: { 'stream-path': origin.path },
    routes: { '/streams': (req, res) => gate.handle(req, res), '/demo/flights': createFlightsControl({ gate, playback, origin }) },
    async stop() {
      playback.stop()
      gate.close()
      await origin.stop()
    },
  }
}
