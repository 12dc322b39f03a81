import { Agent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { corsHeaders } from './cors.ts'

const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'te', 'trailer', 'upgrade']

/** The real server behind the proxy. */
export class Upstream {
  private readonly agent = new Agent({ keepAlive: true })
  private readonly origin: string

  constructor(origin: string) {
    this.origin = origin
  }

  /**
   * Resolves with the head of the answer; its body is still to be read.
   * @param body of the request, when it was read already
   */
  forward(incoming: IncomingMessage, signal: AbortSignal, body: Buffer | null = null): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(this.origin)
      const outgoing = httpRequest(
        {
          hostname,
          port,
          method: incoming.method,
          path: incoming.url,
          headers: without(incoming.headers, HOP_BY_HOP),
          agent: this.agent,
          signal,
        },
        resolve,
      )
      outgoing.on('error', reject)
      if (body === null) incoming.pipe(outgoing)
      else outgoing.end(body)
    })
  }

  /** The answer's headers as the page is to see them. */
  responseHeaders(incoming: IncomingMessage, answer: IncomingMessage, publicOrigin: string): OutgoingHttpHeaders {
    const headers: OutgoingHttpHeaders = without(answer.headers, HOP_BY_HOP)
    const cors = corsHeaders(incoming)
    const vary = [answer.headers.vary, cors['vary']].filter((value) => value !== undefined).join(', ')
    const location = answer.headers.location?.replace(this.origin, publicOrigin)
    return {
      ...headers,
      ...cors,
      ...(vary === '' ? {} : { vary }),
      ...(location === undefined ? {} : { location }),
    }
  }

  close(): void {
    this.agent.destroy()
  }
}

function without<T extends object>(headers: T, names: readonly string[]): T {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name))) as T
}
