import { SidestreamError, fromErrorData, type ErrorData } from '../shared/errors.ts'
import type { ConnectionState, StreamDBStatus } from '../shared/status.ts'

/** A preload without progress for this long, ms, rejects. */
const PATIENCE_MS = 60_000
const REFUSALS: ReadonlyArray<ConnectionState> = ['needs-auth', 'not-found', 'failed']
/** The error codes of refusals; while a refused request is tried again, the connection has another state. */
const REFUSAL_CODES: ReadonlyArray<string> = ['NEEDS_AUTH', 'STREAM_NOT_FOUND', 'STREAM_ERROR', 'REQUEST_VALUES'] satisfies ErrorData['code'][]

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
  /** Attempts that had failed when the waiting began; a later failure rejects this waiter. */
  failedBefore: number
}

/**
 * The pending `preload()` calls: resolves them when the collections are ready, and rejects them when that will not happen now.
 */
export class Preload {
  readonly #read: () => StreamDBStatus
  readonly #mayBeMended: () => boolean
  readonly #waiting = new Set<Waiter>()
  #ready = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #progress = ''

  /** @param mayBeMended whether a refusal is not final: rows are still being read from the cache, or `onError` decides */
  constructor(read: () => StreamDBStatus, mayBeMended: () => boolean) {
    this.#read = read
    this.#mayBeMended = mayBeMended
  }

  get isReady(): boolean {
    return this.#ready
  }

  wait(): Promise<void> {
    if (this.#ready) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiting.add({ resolve, reject, failedBefore: this.#read().failedAttempts })
      this.#restartTimer()
    })
  }

  ready(): void {
    this.#ready = true
    for (const { resolve } of this.#end()) resolve()
  }

  /** The status has changed: a refusal rejects the waiters that began before it. */
  observe(): void {
    const { connection, failedAttempts, lastError, offset, rows } = this.#read()
    const progress = `${offset} ${String(rows)}`
    if (progress !== this.#progress && this.#waiting.size > 0) this.#restartTimer()
    this.#progress = progress
    // A new engine counts failed attempts from 0.
    for (const waiter of this.#waiting) waiter.failedBefore = Math.min(waiter.failedBefore, failedAttempts)
    if (!REFUSALS.includes(connection) || !lastError || this.#mayBeMended()) return
    for (const { reject } of this.#end(failedAttempts)) reject(fromErrorData(lastError))
  }

  rejectAll(error: Error): void {
    for (const { reject } of this.#end()) reject(error)
  }

  #restartTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      const { lastError } = this.#read()
      // The server refuses, and an `onError` that always tries again has kept the refusal from being final.
      if (lastError && REFUSAL_CODES.includes(lastError.code)) this.rejectAll(fromErrorData(lastError))
      else this.rejectAll(new SidestreamError('OFFLINE', `cannot read the stream: ${lastError?.message ?? 'no answer'}`, { retryable: true }))
    }, PATIENCE_MS)
  }

  /** Takes out the waiters that began before the failed attempt number `failed`. */
  #end(failed = Infinity): Waiter[] {
    const ended = [...this.#waiting].filter(({ failedBefore }) => failedBefore < failed)
    for (const waiter of ended) this.#waiting.delete(waiter)
    if (this.#waiting.size === 0) clearTimeout(this.#timer)
    return ended
  }
}
