import type { ErrorData } from './errors.ts'
import type { Operation } from './events.ts'
import type { RowData } from './row.ts'

/**
 * One change of one row.
 * - `put` writes a whole row, as the event of `operation` does
 * - `patch` changes fields of a row. While the write waits, it is laid over the newest row. It becomes an update event with a whole
 *   row just before the write is sent (State Protocol: an update replaces the row).
 * - `remove` deletes a row
 */
export type Mutation =
  | { readonly kind: 'put'; readonly collection: string; readonly key: string; readonly value: RowData; readonly operation: Exclude<Operation, 'delete'>; readonly extra?: EventExtra }
  | { readonly kind: 'patch'; readonly collection: string; readonly key: string; readonly changes: RowData }
  | { readonly kind: 'remove'; readonly collection: string; readonly key: string; readonly extra?: EventExtra }

/** What an event that the application has made by hand has besides its row. */
export interface EventExtra {
  readonly headers?: Readonly<Record<string, unknown>>
  readonly oldValue?: unknown
}

/** Changes that are made together or not at all. */
export interface Write {
  /** Made by the client; also the `txid` of the write's events. */
  readonly id: string
  readonly mutations: ReadonlyArray<Mutation>
  /** When the application made it, ms by the wall clock. */
  readonly createdAt: number
}

/** Whether two writes make the same changes. */
export const changesTheSame = (one: Write, other: Write): boolean => JSON.stringify(one.mutations) === JSON.stringify(other.mutations)

/** The part of a pending write that changes. */
export interface WriteProgress {
  readonly id: string
  readonly state: 'stored' | 'sent' | 'parked'
  /** How often it was sent, as far as this engine knows: attempts of an earlier engine may be missing. */
  readonly attempts: number
  /** Why it is parked, or why the last attempt failed. */
  readonly error: ErrorData | null
}

/**
 * What an application sees of a write that is not in the stream yet.
 * - `stored` on this device, or in memory only while `durable` is false; it has not been sent, or is known not to have arrived
 * - `sent` it may be in the stream, and is sent again in the same form until the server has answered; or it is about to be sent
 * - `parked` the server has refused it, or it updates a row that is not there (`ROW_MISSING`): its changes are not shown, and it
 *   waits for `retry()` or `discard()`
 */
export interface PendingWrite extends Write, WriteProgress {}

/** How the list of pending writes changes. Engine → tab; the next message follows when the tab has answered. */
export interface OutboxNews {
  /** The list begins anew: it has only the writes of this message. */
  readonly reset: boolean
  /** New writes, after all others, in order. */
  readonly added: ReadonlyArray<PendingWrite>
  readonly changed: ReadonlyArray<WriteProgress>
  /** Ids of the writes that were accepted, or that are in the stream, or were discarded. */
  readonly removed: ReadonlyArray<string>
  /** Ids of writes that were just refused. Only one tab is told, for its `onRejected`. */
  readonly rejected: ReadonlyArray<string>
}

export const NO_OUTBOX_NEWS: OutboxNews = { reset: false, added: [], changed: [], removed: [], rejected: [] }
