import { toErrorData } from '../../shared/errors.ts'
import { type RequestAsker, SourceError, type SourceFailure } from '../ports.ts'

/** Query parameters that belong to the protocol, not to the application. */
const PROTOCOL_PARAMS = new Set(['offset', 'live', 'cursor'])

/** What the requests of reads and of writes have in common: the application's headers and params, and its `fetch`. */
export class HttpRequests {
  readonly #ask: RequestAsker
  readonly #fetch: typeof fetch

  /** @param given the application's `fetch`; default: the global `fetch` */
  constructor(ask: RequestAsker, given: typeof fetch = (...args) => fetch(...args)) {
    this.#ask = ask
    this.#fetch = given
  }

  /**
   * The tabs give headers and params before each request, so that a token refreshes while the server is being tried again.
   * @throws SourceError `application` when the application's function fails, `unreachable` when no tab is left to ask
   */
  async values(): ReturnType<RequestAsker> {
    try {
      return await this.#ask()
    } catch (error) {
      const data = toErrorData(error, 'STREAM_ERROR')
      throw new SourceError(data.code === 'TAB_GONE' ? 'unreachable' : 'application', data.message, { data })
    }
  }

  /** Bypasses the browser's HTTP cache: the engine has its own copy, and a stream that was made again can have the old ETag. */
  send(url: URL, init: RequestInit | undefined, values: Awaited<ReturnType<RequestAsker>>): Promise<Response> {
    for (const [name, value] of Object.entries(values.params)) if (!PROTOCOL_PARAMS.has(name)) url.searchParams.set(name, value)
    const headers = new Headers(init?.headers)
    for (const [name, value] of Object.entries(values.headers)) headers.set(name, value)
    return this.#fetch(url.toString(), { ...init, headers, cache: 'no-store' })
  }
}

/** A signal that aborts when either does, until it is unlinked; `AbortSignal.any` is missing in browsers that are supported. */
export function linked(own: AbortSignal, given: AbortSignal | null | undefined): { signal: AbortSignal; unlink: () => void } {
  const both = new AbortController()
  const signals = given ? [own, given] : [own]
  const abort = (): void => {
    both.abort(signals.find(({ aborted }) => aborted)?.reason)
  }
  if (signals.some(({ aborted }) => aborted)) abort()
  for (const signal of signals) signal.addEventListener('abort', abort, { once: true })
  return {
    signal: both.signal,
    unlink: () => {
      for (const signal of signals) signal.removeEventListener('abort', abort)
    },
  }
}

/** Client errors carry `status` and sometimes `code`; their classes differ by where they arose. */
export const statusOf = (error: unknown): number | undefined => {
  const status: unknown = typeof error === 'object' && error !== null ? (error as { status?: unknown }).status : undefined
  return typeof status === 'number' ? status : undefined
}

export function failureOf(status: number | undefined, resuming: boolean): SourceFailure {
  if (status === 401 || status === 403) return 'unauthorized'
  if (status === 404 || status === 410) return 'missing'
  // The server does not know the offset: the offset is from an earlier stream at this URL.
  if ((status === 400 || status === 416) && resuming) return 'bad-offset'
  if (status !== undefined && status >= 400 && status < 500 && status !== 429 && status !== 408) return 'refused'
  return 'unreachable'
}
