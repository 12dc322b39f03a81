import type { IncomingHttpHeaders } from 'node:http'

/** `ended`: the whole answer was handed over. `cut`: a fault ended it. `aborted`: the client, or going offline, did. */
export type RequestOutcome = 'open' | 'ended' | 'cut' | 'aborted'

export interface LoggedRequest {
  readonly id: number
  readonly method: string
  /** Path and query, as received. */
  readonly url: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** `null` until the head of the answer is sent. */
  readonly status: number | null
  /** Bytes of the answer's body sent so far. */
  readonly bytes: number
  readonly outcome: RequestOutcome
  /** Settles when the request is over, whatever its outcome. */
  readonly over: Promise<LoggedRequest>
}

export interface RequestMatch {
  readonly method?: string
  /** An exact path, or a pattern for it. */
  readonly path?: string | RegExp
  readonly where?: (request: LoggedRequest) => boolean
}

export function matches(request: LoggedRequest, match: RequestMatch | undefined): boolean {
  // Preflights are the browser's own: they are meant only when asked for.
  if (match?.method === undefined ? request.method === 'OPTIONS' : request.method !== match.method) return false
  if (typeof match?.path === 'string' && request.path !== match.path) return false
  if (match?.path instanceof RegExp && !match.path.test(request.path)) return false
  return match?.where === undefined || match.where(request)
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** What the proxy writes through. */
export interface RequestRecord {
  readonly request: LoggedRequest
  status(code: number): void
  sent(bytes: number): void
  over(outcome: Exclude<RequestOutcome, 'open'>): void
}

interface Waiter {
  readonly holds: () => boolean
  readonly resolve: () => void
}

/** Every request since the start or the last `clear()`, oldest first, with ways to wait for one. */
export class RequestLog {
  private entries: LoggedRequest[] = []
  private readonly waiters = new Set<Waiter>()
  private lastId = 0

  all(match?: RequestMatch): LoggedRequest[] {
    return this.entries.filter((request) => matches(request, match))
  }

  count(match?: RequestMatch): number {
    return this.all(match).length
  }

  /** Requests whose answer is not over: held, paced, long-polling or streaming. */
  open(match?: RequestMatch): LoggedRequest[] {
    return this.all(match).filter((request) => request.outcome === 'open')
  }

  bytes(match?: RequestMatch): number {
    return this.all(match).reduce((sum, request) => sum + request.bytes, 0)
  }

  /** The first matching request to arrive after this call. */
  async next(match?: RequestMatch): Promise<LoggedRequest> {
    const after = this.lastId
    const find = (): LoggedRequest | undefined => this.all(match).find((request) => request.id > after)
    await this.until(() => find() !== undefined)
    return find() as LoggedRequest
  }

  /** Resolves once the condition holds; it is looked at again at every change of the log. */
  until(holds: (log: RequestLog) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.waiters.add({ holds: () => holds(this), resolve })
      this.changed()
    })
  }

  clear(): void {
    this.entries = []
  }

  record(method: string, url: string, headers: IncomingHttpHeaders): RequestRecord {
    const { pathname, searchParams } = new URL(url, 'http://proxy')
    let settle: (request: LoggedRequest) => void = () => undefined
    const over = new Promise<LoggedRequest>((resolve) => (settle = resolve))
    const request: Writable<LoggedRequest> = {
      id: ++this.lastId,
      method,
      url,
      path: pathname,
      query: searchParams,
      headers,
      status: null,
      bytes: 0,
      outcome: 'open',
      over,
    }
    this.entries.push(request)
    this.changed()
    return {
      request,
      status: (code) => {
        request.status = code
        this.changed()
      },
      sent: (bytes) => {
        request.bytes += bytes
        this.changed()
      },
      over: (outcome) => {
        if (request.outcome !== 'open') return
        request.outcome = outcome
        settle(request)
        this.changed()
      },
    }
  }

  private changed(): void {
    for (const waiter of this.waiters) {
      if (!waiter.holds()) continue
      this.waiters.delete(waiter)
      waiter.resolve()
    }
  }
}
