/** What an HTTP server has open, and what it has sent. */
export class Traffic {
  #sockets = new Set()
  #live = new Set()
  #sentByClosed = 0
  #posts = noPosts()

  constructor(server) {
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        this.#sentByClosed += socket.bytesWritten
      })
    })
    server.on('request', (req, res) => {
      if (req.method === 'POST') this.#count(req, res)
      if (!isLive(req)) return
      this.#live.add(res)
      res.on('close', () => this.#live.delete(res))
    })
  }

  /** What was written since the last call: requests, the bytes of their bodies, and how long it took from the first to the last answer. */
  takePosts() {
    const { count, bytes, firstAt, lastAt } = this.#posts
    this.#posts = noPosts()
    return { count, bytes, tookMs: lastAt - firstAt }
  }

  #count(req, res) {
    const posts = this.#posts
    posts.firstAt = Math.min(posts.firstAt, performance.now())
    res.on('finish', () => {
      posts.count += 1
      posts.bytes += Number(req.headers['content-length'] ?? 0)
      posts.lastAt = performance.now()
    })
  }

  /** `live`: requests that wait for what comes next. `bytes`: all that was written to the sockets, headers included. */
  now() {
    let bytes = this.#sentByClosed
    for (const socket of this.#sockets) bytes += socket.bytesWritten
    return { sockets: this.#sockets.size, live: this.#live.size, bytes }
  }
}

const noPosts = () => ({ count: 0, bytes: 0, firstAt: Infinity, lastAt: 0 })

const isLive = ({ method, url }) => method === 'GET' && new URL(url, 'http://stream').searchParams.has('live')
