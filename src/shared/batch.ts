import type { ChangeEvent } from './events.ts'
import type { CollectionDiff } from './row-diff.ts'
import type { TabStatus } from './status.ts'
import type { ServedSubset } from './subset.ts'

/** A batch as it was read from the stream: `JsonBatch` of @durable-streams/client. */
export interface StreamBatch {
  /** On the way to a tab, null stands for an item that is nested more than 200 levels deep. */
  readonly items: ReadonlyArray<unknown>
  readonly offset: string
  readonly upToDate: boolean
  readonly cursor?: string
  readonly streamClosed: boolean
}

/** A stream batch on its way to a tab. An item that is nested too deeply to be posted is null in it; `invalid` reports it. */
export interface TabBatch extends StreamBatch {
  /** The well-formed change events among the items. */
  readonly changes: ReadonlyArray<ChangeEvent>
}

/** An event that was kept out of the collections, or (`TOO_DEEP`) from the hooks. */
export interface InvalidEvent {
  /**
   * - `MALFORMED` not a State Protocol event
   * - `NOT_A_ROW` its value is not an object, or is nested too deeply
   * - `REFUSED` its collection's schema refuses the value
   * - `TRANSFORM_FAILED` the application's `transform` threw, or returned neither a change event nor null
   * - `TOO_DEEP` it was materialized, but is nested too deeply for `onEvent` and `onBatch`; reported only to tabs with such hooks
   */
  readonly code: 'MALFORMED' | 'NOT_A_ROW' | 'REFUSED' | 'TRANSFORM_FAILED' | 'TOO_DEEP'
  readonly reason: string
  /** Offset of the batch that the event came in. */
  readonly offset: string
  /** The event as it was read; null when it is nested too deeply to be copied. */
  readonly event: unknown
}

/**
 * A diff batch: it takes a tab from offset `from` to the position (`branch`, `seq`, `digest`, `to`). Worker → tab, one in flight
 * per tab; the tab's answer is the acknowledgement after which the next one is sent.
 *
 * When the tab holds subsets of a collection, the changes are those of the subsets' rows: a row is deleted when it is in no
 * subset any more. A diff that is too large for one message is sent in parts. Only the last part (`last: true`) moves the tab to
 * `to`; until then the tab's rows are between two offsets.
 */
export interface DiffBatch {
  readonly epoch: string
  readonly from: string
  readonly to: string
  readonly branch: string
  readonly seq: number
  readonly digest: number
  readonly last: boolean
  readonly diffs: ReadonlyArray<CollectionDiff>
  /** First part of a diff that replaces all rows of the tab, but for results of queries: rows that its parts do not mention are removed at the end. */
  readonly replace: boolean
  /** Collections and results whose rows the diff replaces; `from` is still the tab's offset. It may come with any part of a diff, before their first rows. */
  readonly replaced: ReadonlyArray<string>
  /** Subsets whose rows are all in the tab once this batch is applied, and subsets whose edge has moved. */
  readonly served: ReadonlyArray<ServedSubset>
  /** Progressive collections whose rows have not all been sent. */
  readonly filling: ReadonlyArray<string>
  /** Most rows fill progressive collections: the tab answers in idle time, and the next batch follows then. */
  readonly isFill: boolean
  /** Transaction ids whose rows are visible once this batch is applied. */
  readonly txids: ReadonlyArray<string>
  /** Ids of writes of this tab: each is stored (or kept in memory), and acknowledged with this batch. Its rows are visible once this batch is applied. */
  readonly stored: ReadonlyArray<string>
  /** The collections can be shown: they are hydrated from the cache, or up to date. */
  readonly ready: boolean
  /** The server has not confirmed all of the rows since the engine started. */
  readonly stale: boolean
  /** The engine's status at the end of this batch; null in a part that is not the last. */
  readonly status: TabStatus | null
  /** The stream batches whose effect is in this diff, for tabs that want raw events. */
  readonly events: ReadonlyArray<TabBatch>
  readonly invalid: ReadonlyArray<InvalidEvent>
}

/** The tab's answer to a diff batch; `resync` asks for all rows again. */
export type Ack = 'applied' | 'resync'
