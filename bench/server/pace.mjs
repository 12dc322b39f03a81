import { createServer, request } from 'node:http'
import { once } from 'node:events'
import { Traffic } from './traffic.mjs'

// Small against a second of any paced rate, so that the client sees a stream of bytes and not bursts.
const PIECE = 16 * 1024

/**
 * A reverse proxy in front of `target` that lets response bodies through at a settable rate. Bodies are forwarded as
 * they are encoded, so that it is the bytes on the wire that are paced; all connections share the one link.
 */
export async function startPacedProxy(target) {
  const link = new Link()
  const server = createServer((req, res) => {
    if (link.isCut) return void res.destroy()
    const { hostname, port } = new URL(target)
    const upstream = request({ hostname, port, method: req.method, path: req.url, headers: { ...req.headers, ...link.headers } })
    upstream.on('response', (answer) => void forward(answer, res, link))
    upstream.on('error', () => res.destroy())
    res.on('close', () => upstream.destroy())
    req.pipe(upstream)
  })
  const traffic = new Traffic(server)
  link.onCut = () => server.closeAllConnections()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${server.address().port}`, link, traffic }
}

class Link {
  bytes = 0
  headers = {}
  #bytesPerMs = Infinity
  #freeAt = 0
  isCut = false
  onCut = () => {}

  /** No request gets through, nor do those that are under way. */
  cut(isCut) {
    this.isCut = isCut
    if (isCut) this.onCut()
  }

  /** `mbit` 0 lifts the limit; `encoding` `identity` asks the server not to compress. */
  set({ mbit, encoding }) {
    this.headers = encoding === 'identity' ? { 'accept-encoding': 'identity' } : {}
    this.#bytesPerMs = mbit === 0 ? Infinity : (mbit * 1e6) / 8 / 1000
    this.#freeAt = 0
  }

  /** Resolves when `size` more bytes have crossed the link. */
  async carry(size) {
    this.bytes += size
    const now = performance.now()
    this.#freeAt = Math.max(this.#freeAt, now) + size / this.#bytesPerMs
    const wait = this.#freeAt - now
    if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait))
  }
}

async function forward(answer, res, link) {
  res.writeHead(answer.statusCode, answer.headers)
  res.flushHeaders()
  const closed = once(res, 'close')
  try {
    for await (const chunk of answer) {
      for (let at = 0; at < chunk.length && !res.destroyed; at += PIECE) {
        const piece = chunk.subarray(at, at + PIECE)
        await link.carry(piece.length)
        if (!res.write(piece)) await Promise.race([once(res, 'drain'), closed])
      }
    }
    res.end()
  } catch {
    // Either side hung up: the page was closed during a live read.
    res.destroy()
  }
}
