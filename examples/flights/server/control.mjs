import { json } from 'node:stream/consumers'
import { MAX_RATE } from './playback.mjs'

/** What the page can ask of the server: `GET /state`, `POST /stream {open}`, `POST /rate {rate}`. */
export function createControl({ gate, playback, origin }) {
  const state = () => ({ open: gate.open, rate: playback.rate, sent: playback.sent, tail: origin.tail })

  const commands = {
    '/stream': ({ open }) => {
      if (typeof open !== 'boolean') throw new TypeError('open: boolean expected')
      gate.open = open
    },
    '/rate': ({ rate }) => {
      if (typeof rate !== 'number' || !(rate >= 0 && rate <= MAX_RATE)) throw new TypeError(`rate: 0 to ${MAX_RATE} expected`)
      playback.rate = rate
    },
  }

  function answer(res, status, body) {
    res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body))
  }

  return async function control(req, res) {
    if (req.method === 'GET' && req.url === '/state') return answer(res, 200, state())
    const command = req.method === 'POST' && Object.hasOwn(commands, req.url) ? commands[req.url] : undefined
    if (!command) return answer(res, 404, { error: 'not found' })
    // A JSON body needs a preflight from another origin, which is not granted: no other site can turn the knobs.
    if (req.headers['content-type'] !== 'application/json') return answer(res, 415, { error: 'application/json expected' })
    try {
      command(await json(req))
      answer(res, 200, state())
    } catch (error) {
      answer(res, 400, { error: error instanceof Error ? error.message : 'bad request' })
    }
  }
}
