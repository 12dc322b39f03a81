import { createControl } from '../../server/control.mjs'
import { MAX_RATE } from './playback.mjs'

/** What the page can ask of the server: `GET /state`, `POST /stream {open}`, `POST /rate {rate}`. */
export function createFlightsControl({ gate, playback, origin }) {
  const state = () => ({ open: gate.open, rate: playback.rate, sent: playback.sent, tail: origin.tail })

  return createControl({
    readings: { '/state': state },
    commands: {
      '/stream': ({ open }) => {
        if (typeof open !== 'boolean') throw new TypeError('open: boolean expected')
        gate.open = open
        return state()
      },
      '/rate': ({ rate }) => {
        if (typeof rate !== 'number' || !(rate >= 0 && rate <= MAX_RATE)) throw new TypeError(`rate: 0 to ${MAX_RATE} expected`)
        playback.rate = rate
        return state()
      },
    },
  })
}
