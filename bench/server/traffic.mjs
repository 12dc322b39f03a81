/** What an HTTP server has open, and what it has sent. */
export class Traffic {
  #sockets = new Set()
  #live = new Set()
  #sentByClosed = 0

  constructor(server) {
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        this.#sentByClosed += socket.bytesWritten
      })
    })
    server.on('request', (req, res) => {
      if (!isLive(req)) return
      this.#live.add(res)
      res.on('close', () => this.#live.delete(res))
    })
  }

  /** `live`: requests that wait for what comes next. `bytes`: all that was written to the sockets, headers included. */
  now() {
    let bytes = this.#sentByClosed
    for (const socket of this.#sockets) bytes += socket.bytesWritten
    return { sockets: this.#sockets.size, live: this.#live.size, bytes }
  }
}

const isLive = ({ method, url }) => method === 'GET' && new URL(url, 'http://stream').searchParams.has('live')
