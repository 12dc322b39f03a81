import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

const HOST = '127.0.0.1'

/** An HTTP server that can vanish from its port and come back to the same one. */
export class Listener {
  private server: Server | undefined
  private readonly sockets = new Set<Socket>()
  private readonly handle: RequestListener
  private boundPort = 0

  constructor(handle: RequestListener) {
    this.handle = handle
  }

  get port(): number {
    return this.boundPort
  }

  get listening(): boolean {
    return this.server !== undefined
  }

  get connections(): number {
    return this.sockets.size
  }

  async open(port = this.boundPort): Promise<void> {
    if (this.server !== undefined) return
    const server = createServer(this.handle)
    // The tests decide how long anything takes.
    server.requestTimeout = 0
    server.on('connection', (socket) => {
      socket.setNoDelay(true)
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket))
    })
    await listen(server, port)
    this.server = server
    this.boundPort = (server.address() as AddressInfo).port
  }

  /** From here on connections are refused, and those that exist are broken. */
  async close(): Promise<void> {
    const { server } = this
    if (server === undefined) return
    this.server = undefined
    const closed = new Promise((resolve) => server.close(resolve))
    this.breakConnections()
    await closed
  }

  breakConnections(): void {
    for (const socket of this.sockets) socket.destroy()
    this.sockets.clear()
  }
}

async function listen(server: Server, port: number): Promise<void> {
  const deadline = Date.now() + 5_000
  for (;;) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, HOST, () => {
          server.off('error', reject)
          resolve()
        })
      })
      return
    } catch (error) {
      // Some other connection may have borrowed the port for a moment.
      const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (!taken || port === 0 || Date.now() > deadline) throw error
      await wait(20)
    }
  }
}
