import { createControl } from '../../server/control.mjs'
import { createGate } from '../../server/gate.mjs'
import { startCitiesProcess } from './child.mjs'
import { RATES } from './generator.mjs'

/** The cities board: its page, and what answers under the page's origin. Its process is started for the first visitor. */
export function createCities({ mostCities, rate }) {
  let started
  let gate

  const child = async () => {
    started ??= startCitiesProcess({ mostCities, rate }).then((each) => {
      gate = createGate(each.base)
      each.exited.then(() => (started = undefined))
      return each
    })
    return started
  }
  const ask = async (call, argument) => (await child()).call(call, argument)

  const control = createControl({
    readings: { '/open': () => ask('open'), '/state': () => ask('state') },
    commands: {
      '/rate': ({ rate: asked }) => {
        if (!RATES.includes(asked)) throw new TypeError(`rate: one of ${RATES.join(', ')} expected`)
        return ask('setRate', asked)
      },
      '/start-over': () => ask('startOver'),
    },
  })

  return {
    address: '/cities.html',
    file: '/cities/index.html',
    meta: {},
    routes: {
      '/cities-stream': (req, res) => (gate ? gate.handle(req, res) : res.writeHead(404).end()),
      '/demo/cities': control,
    },
    async stop() {
      gate?.close()
      await (await started)?.stop()
    },
  }
}
