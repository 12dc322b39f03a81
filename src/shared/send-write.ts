import type { AbortSignalLike } from './abortable.ts'
import type { ChangeEvent } from './events.ts'
import type { Write } from './write.ts'

/** A write, as an application posts it to its own API. */
export interface SentWrite extends Write {
  /** The write's change events, as the stream would get them; each has the write's id as its `txid`. */
  readonly events: ReadonlyArray<ChangeEvent>
}

/** The global `AbortSignal`, where there is one: this file is compiled without the libraries of browsers and workers. */
type Signal = typeof globalThis extends { AbortSignal: { prototype: infer T } } ? T : AbortSignalLike

export interface SendContext {
  /** The present values of the tab's `streamOptions.headers`. */
  readonly headers: Readonly<Record<string, string>>
  /** The present values of the tab's `streamOptions.params`. */
  readonly params: Readonly<Record<string, string>>
  /** Aborts when the answer is not waited for any longer. */
  readonly signal: Signal
  /** The same for every attempt of a write, and for no other write: the write's id. */
  readonly idempotencyKey: string
}

/**
 * What an application's API has said.
 *
 * - `accepted` it has the write, which leaves the outbox's list; the changes stay laid over the rows until the write's `txid` comes
 * - `rejected` it will never take the write, which is parked with the reason
 * - `retry` it may take the write later
 * - `unauthorized` it wants other credentials; the write is sent again after a pause, and at once after `reconnect()`
 */
export type SendAnswer =
  | { readonly status: 'accepted' }
  | { readonly status: 'rejected'; readonly reason: string }
  | { readonly status: 'retry'; readonly reason?: string; readonly retryAfterMs?: number }
  | { readonly status: 'unauthorized'; readonly reason?: string }

/**
 * Posts one write to the application's own API, in place of an append to the stream. Writes come one at a time, in order. A call
 * that throws, or gives no {@link SendAnswer}, is tried again, as after `retry`.
 */
export type SendWrite = (write: SentWrite, context: SendContext) => Promise<SendAnswer>
