import { json } from 'node:stream/consumers'

/**
 * What a page can ask of its server beside the stream: `GET` of one of the readings, `POST` of one of the commands, which
 * gets the body. Both get the request and the answer too. Both answer with JSON.
 */
export function createControl({ readings, commands }) {
  function answer(res, status, body) {
    res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body))
  }

  return async function control(req, res) {
    const known = { GET: readings, POST: commands }[req.method] ?? {}
    const handler = Object.hasOwn(known, req.url) ? known[req.url] : undefined
    if (!handler) return answer(res, 404, { error: 'not found' })
    // A JSON body needs a preflight from another origin, which is not granted: no other site can turn the knobs.
    if (req.method === 'POST' && req.headers['content-type'] !== 'application/json') {
      return answer(res, 415, { error: 'application/json expected' })
    }
    try {
      answer(res, 200, await handler(req.method === 'POST' ? await json(req) : undefined, req, res))
    } catch (error) {
      answer(res, 400, { error: error instanceof Error ? error.message : 'bad request' })
    }
  }
}
