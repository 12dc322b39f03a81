/**
 * Every error that sidestream throws or reports has one of these codes.
 * Branch on `code`; messages are for people and may change.
 */
export type ErrorCode =
  | 'INVALID_OPTIONS' // an option is unknown, impossible, or does not fit another
  | 'INVALID_ARGUMENT' // a call was handed something that it does not take
  | 'VALIDATION_FAILED' // an event helper was handed a value that its schema refuses
  | 'MISSING_KEY' // an event helper could not derive the event's key
  | 'WORKER_START_FAILED' // the worker script did not answer the handshake
  | 'VERSION_MISMATCH' // page and worker speak different protocol versions
  | 'WORKER_DIED' // the worker stopped answering, or was terminated
  | 'CLOSED' // the StreamDB was closed while the call was pending
  | 'TXID_TIMEOUT' // awaitTxId: the txid was not seen in time
  | 'OFFLINE' // the server could not be reached in time and nothing is cached
  | 'NEEDS_AUTH' // the server answered 401 or 403
  | 'STREAM_NOT_FOUND' // the server answered 404 or 410
  | 'STREAM_ERROR' // any other failure of the stream or of an append
  | 'STORAGE_FAILED' // the cache could not be read or written; the engine goes on in memory
  | 'TAB_GONE' // a call into the tab was given up because the tab is gone
  | 'REQUEST_VALUES' // a function in streamOptions.headers or params threw, or gave what no request can carry
  | 'HOOK_FAILED' // a function of the application's threw: a hook, onInvalid, onError, a live query's subscriber

/** An error as it crosses a port: classes and extra fields do not survive the crossing, data does. */
export interface ErrorData {
  readonly code: ErrorCode
  readonly message: string
  /** True when the same call may succeed later without a change by the caller. */
  readonly retryable: boolean
  /** HTTP status, where a server's answer caused the error. */
  readonly status?: number | undefined
}

export class SidestreamError extends Error {
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly status: number | undefined

  constructor(code: ErrorCode, message: string, options: { retryable?: boolean; status?: number | undefined; cause?: unknown } = {}) {
    super(message, options)
    this.name = 'SidestreamError'
    this.code = code
    this.retryable = options.retryable ?? false
    this.status = options.status
  }
}

/** Describes any thrown value as data; an error without a code of ours gets `fallback`. */
export function toErrorData(error: unknown, fallback: ErrorCode): ErrorData {
  if (error instanceof SidestreamError) return { code: error.code, message: error.message, retryable: error.retryable, status: error.status }
  return { code: fallback, message: describe(error), retryable: false }
}

export function fromErrorData(data: ErrorData): SidestreamError {
  return new SidestreamError(data.code, data.message, data)
}

/** What is reported when a function of the application's throws. */
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
