import { SidestreamError } from '../shared/errors.ts'
import { MOST_DELAY_MS } from '../shared/settings.ts'
import type { SeenTxids } from './seen-txids.ts'

/** The default time-out, ms, as in @durable-streams/state. */
const DEFAULT_TIMEOUT_MS = 5000

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** The pending `awaitTxId` calls, by transaction id. */
export class Txids {
  readonly #seen: Pick<SeenTxids, 'has'>
  readonly #waiting = new Map<string, Set<Waiter>>()

  constructor(seen: Pick<SeenTxids, 'has'>) {
    this.#seen = seen
  }

  /** The rows of these transactions are in the collections now. */
  seen(txids: ReadonlyArray<string>): void {
    for (const txid of txids) {
      const waiters = this.#waiting.get(txid)
      this.#waiting.delete(txid)
      if (waiters) for (const { resolve } of waiters) resolve()
    }
  }

  /** @throws SidestreamError `INVALID_ARGUMENT` (at once), `TXID_TIMEOUT`, or what {@link rejectAll} is called with */
  wait(txid: string, timeoutMs: number = DEFAULT_TIMEOUT_MS): Promise<void> {
    const wrong = wrongWait(txid, timeoutMs)
    if (wrong !== null) return Promise.reject(new SidestreamError('INVALID_ARGUMENT', wrong))
    if (this.#seen.has(txid)) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const waiters = this.#waiting.get(txid) ?? new Set()
      this.#waiting.set(txid, waiters)
      const timer = setTimeout(() => {
        waiters.delete(waiter)
        if (waiters.size === 0 && this.#waiting.get(txid) === waiters) this.#waiting.delete(txid)
        reject(new SidestreamError('TXID_TIMEOUT', `Timeout waiting for txid: ${txid}`, { retryable: true }))
      }, Math.min(timeoutMs, MOST_DELAY_MS))
      const waiter: Waiter = {
        resolve: () => {
          clearTimeout(timer)
          resolve()
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      }
      waiters.add(waiter)
    })
  }

  rejectAll(error: Error): void {
    for (const waiters of this.#waiting.values()) for (const { reject } of waiters) reject(error)
    this.#waiting.clear()
  }
}

/** @returns a message when the arguments are wrong, because untyped callers may give any value; or null */
function wrongWait(txid: unknown, timeoutMs: unknown): string | null {
  if (typeof txid !== 'string') return `awaitTxId takes a transaction id, and not a value of type ${typeof txid}`
  return typeof timeoutMs !== 'number' || Number.isNaN(timeoutMs) ? "awaitTxId's timeout is no number of ms" : null
}
