/**
 * Every error that sidestream throws or reports has one of these codes.
 * Branch on `code`; messages are for people and may change.
 */
export type ErrorCode =
  | 'INVALID_OPTIONS' // an option is unknown, impossible, or does not fit another
  | 'INVALID_ARGUMENT' // a call got an argument that it does not take
  | 'INVALID_QUERY' // a query for the worker has an unknown name, is no query, or cannot be run
  | 'VALIDATION_FAILED' // an event helper got a value that its schema refuses
  | 'MISSING_KEY' // an event helper could not derive the event's key
  | 'WORKER_START_FAILED' // the worker cannot be made, or its script fails or does not answer the handshake
  | 'VERSION_MISMATCH' // page and worker speak different protocol versions
  | 'WORKER_DIED' // the worker stopped answering, or was terminated
  | 'CLOSED' // the StreamDB was closed before or during the call
  | 'TXID_TIMEOUT' // awaitTxId: the rows of the txid did not come in time
  | 'OFFLINE' // preload: no progress in time, and nothing is cached; append: the server could not be reached
  | 'NEEDS_AUTH' // the server answered 401 or 403
  | 'STREAM_NOT_FOUND' // the server answered 404 or 410
  | 'STREAM_ERROR' // any other failure of the stream or of an append
  | 'STORAGE_FAILED' // the cache or the outbox could not be read, written, listed or deleted; the engine goes on in memory
  | 'ROW_MISSING' // a pending update cannot be sent: its row was deleted, or was never accepted
  | 'WRITES_PENDING' // clearCache, deleteCaches: writes that are not in the stream would be lost
  | 'NO_QUERY_ENGINE' // a query came to a worker file that does not import sidestream/worker-with-queries, or to an engine in the page
  | 'TAB_GONE' // a tab is gone, or did not answer: see docs/errors.md
  | 'REQUEST_VALUES' // a function in streamOptions.headers or params threw, or returned what no request can carry
  | 'HOOK_FAILED' // a function of the application threw: a hook, onInvalid, onError, a live query's subscriber

/** An error as it crosses a port: plain data, because classes and extra fields are lost in a structured clone. */
export interface ErrorData {
  readonly code: ErrorCode
  readonly message: string
  /** True when the same call may succeed later without a change by the caller. */
  readonly retryable: boolean
  /** HTTP status, when a server's answer caused the error. */
  readonly status?: number | undefined
}

export class SidestreamError extends Error {
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly status: number | undefined

  static {
    // Code that is loaded on demand has a copy of this class: an error of one copy is an error of each.
    Object.defineProperty(this, Symbol.hasInstance, { value: (error: unknown): boolean => error instanceof Error && error.name === 'SidestreamError' })
  }

  constructor(code: ErrorCode, message: string, options: { retryable?: boolean; status?: number | undefined; cause?: unknown } = {}) {
    super(message, options)
    this.name = 'SidestreamError'
    this.code = code
    this.retryable = options.retryable ?? false
    this.status = options.status
  }
}

/** Any thrown value as data; an error that is no {@link SidestreamError} gets the code `fallback`. */
export function toErrorData(error: unknown, fallback: ErrorCode): ErrorData {
  if (error instanceof SidestreamError) return { code: error.code, message: error.message, retryable: error.retryable, status: error.status }
  return { code: fallback, message: describe(error), retryable: false }
}

export function fromErrorData(data: ErrorData): SidestreamError {
  return new SidestreamError(data.code, data.message, data)
}

/** The report when a function of the application throws. */
export const hookFailed = (name: string, error: unknown): ErrorData => ({
  code: 'HOOK_FAILED',
  message: `${name} threw: ${describe(error)}`,
  retryable: false,
})

/**
 * A thrown value as text; never throws itself, whatever was thrown. URLs lose their queries, users and passwords: they
 * may be credentials, and messages go to all tabs.
 */
export function describe(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error).replaceAll(/\/\/[^\s/?#"']*@/g, '//…@').replaceAll(/(\bhttps?:\/\/[^\s?"']*)\?.*?(?=:?\s|["']|$)/gi, '$1?…')
  } catch {
    return 'unknown'
  }
}
