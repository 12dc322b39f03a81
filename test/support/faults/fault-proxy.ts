import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { refusal, type TokenDemand } from './bearer-gate.ts'
import { corsHeaders } from './cors.ts'
import { FaultPlan, type FaultAction, type Faults } from './fault-plan.ts'
import { Listener } from './listener.ts'
import { PacedLink } from './paced-link.ts'
import { matches, RequestLog, type RequestMatch, type RequestRecord } from './request-log.ts'
import { Upstream } from './upstream.ts'

/** Which bodies of writes the server refuses, with 422; null refuses none. */
export type WriteRule = ((body: string) => boolean) | null

/** A proxy between the pages and the server, which makes the faults of networks and servers. */
export class FaultProxy {
  readonly log = new RequestLog()
  private readonly plan = new FaultPlan()
  private readonly link = new PacedLink()
  private readonly listener = new Listener((request, response) => void this.handle(request, response))
  private readonly upstream: Upstream
  private readonly underWay = new Map<RequestRecord, ServerResponse>()
  private tokenDemand: TokenDemand = null
  private refuses: WriteRule = null

  constructor(upstreamOrigin: string) {
    this.upstream = new Upstream(upstreamOrigin)
  }

  get faults(): Faults {
    return this.plan
  }

  get port(): number {
    return this.listener.port
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get online(): boolean {
    return this.listener.listening
  }

  /** Sockets that are open, idle keep-alive ones included. */
  get openConnections(): number {
    return this.listener.connections
  }

  async listen(port: number): Promise<void> {
    await this.listener.open(port)
  }

  /** Breaks every connection and refuses new ones. */
  async goOffline(): Promise<void> {
    await this.listener.close()
  }

  /** Answers again, on the same port. */
  async goOnline(): Promise<void> {
    await this.listener.open()
  }

  /** Breaks what is open, as a change of network does; new connections are welcome. */
  dropConnections(): void {
    this.listener.breakConnections()
  }

  /** Breaks the connections of these requests, as far as they are under way. */
  breakRequests(match: RequestMatch): void {
    for (const [{ request }, response] of [...this.underWay]) if (matches(request, match)) response.socket?.destroy()
  }

  requireToken(demand: TokenDemand): void {
    this.tokenDemand = demand
  }

  refuseWrites(rule: WriteRule): void {
    this.refuses = rule
  }

  /** One link's rate in Mbit/s, shared by all answers; `null` is no limit. */
  pace(mbitPerSecond: number | null): void {
    this.link.setRate(mbitPerSecond)
  }

  async close(): Promise<void> {
    this.plan.clear()
    await this.listener.close()
    this.upstream.close()
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const record = this.log.record(request.method ?? 'GET', request.url ?? '/', request.headers)
    const gone = new AbortController()
    this.underWay.set(record, response)
    response.on('close', () => {
      this.underWay.delete(record)
      record.over(response.writableFinished ? 'ended' : 'aborted')
      gone.abort()
    })
    try {
      const fault = await this.waitFor(this.plan.take(record.request), gone.signal)
      await this.answer(request, response, record, fault, gone.signal)
    } catch (error) {
      // Whoever went away has no use for an answer; everyone else must not be left waiting.
      if (!gone.signal.aborted && !response.headersSent) this.reply(request, response, record, 502, String(error))
      else response.destroy()
    }
  }

  /** Sits out what is to be waited for, and leaves the fault that decides the answer. */
  private async waitFor(actions: readonly FaultAction[], signal: AbortSignal): Promise<FaultAction | undefined> {
    for (const action of actions) {
      if (action.kind === 'delay') await wait(action.ms, undefined, { signal })
      else if (action.kind === 'hold') await action.released
      else return action
    }
    return undefined
  }

  private async answer(
    request: IncomingMessage,
    response: ServerResponse,
    record: RequestRecord,
    fault: FaultAction | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    switch (fault?.kind) {
      case 'hang':
        return
      case 'reset':
        spoil(response, record)
        return
      case 'respond':
        this.reply(request, response, record, fault.status, fault.body ?? 'Injected by the test', fault.headers())
        return
      case 'cut':
        return this.passOn(request, response, record, signal, fault.afterBytes)
      case 'lose-answer':
        return this.passOn(request, response, record, signal, 'answer')
      default:
    }
    if (request.method === 'OPTIONS') {
      this.reply(request, response, record, 204, '')
      return
    }
    const refused = refusal(this.tokenDemand, record.request)
    if (refused === null) {
      const body = request.method === 'POST' && this.refuses !== null ? await whole(request) : null
      if (body === null || !this.refuses?.(body.toString())) return this.passOn(request, response, record, signal, Number.POSITIVE_INFINITY, body)
      this.reply(request, response, record, 422, 'Refused')
      return
    }
    const challenge = refused === 401 ? { 'www-authenticate': 'Bearer' } : {}
    this.reply(request, response, record, refused, 'Refused', challenge)
  }

  private reply(
    request: IncomingMessage,
    response: ServerResponse,
    record: RequestRecord,
    status: number,
    body: string,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    // A body left unread would block the connection for the next request.
    request.resume()
    record.status(status)
    response.writeHead(status, {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      ...corsHeaders(request),
      ...headers,
    })
    const hasBody = status !== 204 && status !== 304 && request.method !== 'HEAD'
    if (hasBody) record.sent(Buffer.byteLength(body))
    response.end(hasBody ? body : undefined)
  }

  /** Lets the server answer. `cut` is where to break it: after so many bytes of the body, or before the whole of it. */
  private async passOn(
    request: IncomingMessage,
    response: ServerResponse,
    record: RequestRecord,
    signal: AbortSignal,
    cut: number | 'answer' = Number.POSITIVE_INFINITY,
    body: Buffer | null = null,
  ): Promise<void> {
    const answer = await this.upstream.forward(request, signal, body)
    if (cut === 'answer') {
      for await (const chunk of answer) void chunk
      spoil(response, record)
      return
    }
    const status = answer.statusCode ?? 502
    record.status(status)
    response.writeHead(status, this.upstream.responseHeaders(request, answer, this.origin))
    // A live stream may be silent for long: the page must learn at once that it is connected.
    response.flushHeaders()
    let left = cut
    for await (const chunk of answer) {
      for await (const slice of this.link.carry(chunk as Buffer)) {
        if (signal.aborted) return
        const part = slice.subarray(0, left)
        left -= part.length
        await write(response, part)
        record.sent(part.length)
        if (left <= 0) return breakOff(response, record)
      }
    }
    if (cut !== Number.POSITIVE_INFINITY) return breakOff(response, record)
    response.end()
  }
}

async function whole(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function write(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    response.write(bytes, (error) => {
      if (error) reject(error)
      else resolve()
    })
  })
}

function breakOff(response: ServerResponse, record: RequestRecord): void {
  record.over('cut')
  // Not `destroy()`: the bytes before the cut are still to be delivered.
  response.socket?.destroySoon()
}

/**
 * Makes the client see a failure of the network. A mere disconnection would not do: on a connection that it has used
 * before, Chromium silently sends the request again, POST included. A malformed answer it reports.
 */
function spoil(response: ServerResponse, record: RequestRecord): void {
  record.over('cut')
  response.socket?.end('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n')
}
