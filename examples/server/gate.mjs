import { Agent, request } from 'node:http'

/**
 * A proxy to the stream server that can be shut; it only reads, unless it is given other methods. While it is shut, connections to
 * the stream are broken without an answer, as if the server were gone; the page itself is served by somebody else.
 */
export function createGate(base, methods = ['GET', 'HEAD']) {
  const agent = new Agent({ keepAlive: true })
  const inFlight = new Set()
  let open = true

  /** @param body what the request has brought, when it was read already */
  function handle(req, res, body) {
    if (!open) return void req.socket.destroy()
    if (!methods.includes(req.method)) return void res.writeHead(405).end()
    const { host: _, connection: __, 'transfer-encoding': _____, ...headers } = req.headers
    const upstream = request(base + (req.originalUrl ?? req.url), { method: req.method, headers, agent }, (answer) => {
      const { connection: ___, 'keep-alive': ____, ...answerHeaders } = answer.headers
      res.writeHead(answer.statusCode ?? 502, answerHeaders)
      res.flushHeaders()
      answer.pipe(res)
      answer.on('error', () => res.destroy())
    })
    upstream.on('error', () => req.socket.destroy())
    inFlight.add(res)
    res.on('close', () => {
      inFlight.delete(res)
      upstream.destroy()
    })
    upstream.end(body)
  }

  return {
    handle,
    get open() {
      return open
    },
    set open(value) {
      open = value
      if (!open) for (const res of inFlight) res.socket?.destroy()
    },
    close() {
      this.open = false
      agent.destroy()
    },
  }
}
