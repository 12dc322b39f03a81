import type { StreamBatch } from '../../shared/batch.ts'
import { START_OFFSET, type Position } from '../../shared/position.ts'
import type { CollectionShape } from '../../shared/settings.ts'
import { Tail } from './anchor.ts'
import type { Moment } from './lineage.ts'
import { emptyState, materialize, type Materialized, type NoteChange, type MaterializeOptions, type State } from './materialize.ts'

/** Transaction ids that are remembered for tabs that ask late, and across restarts. */
const REMEMBERED_TXIDS = 1024

/**
 * What has been read of a stream: one value, replaced at once, so that state and offset never differ (`Readings.begin` is the
 * exception). Only the rows in its state are changed in place, by {@link readOn}: a copy of 100,000 rows for each batch would cost
 * more than the batch.
 */
export interface Reading {
  readonly state: State
  /** Offset of the last batch that is materialized. */
  readonly offset: string
  /** The last batches, of which the anchor is made. */
  readonly tail: Tail
  /** The newest transaction ids, oldest first. */
  readonly txids: ReadonlyArray<string>
}

/** @param id of the lineage's first branch */
export const emptyReading = (collections: ReadonlyArray<CollectionShape>, id: string): Reading => ({
  state: emptyState(collections, id),
  offset: START_OFFSET,
  tail: Tail.EMPTY,
  txids: [],
})

/** @returns the reading after one more batch, and what the batch has changed. The former reading must not be used any more. */
export function readOn(reading: Reading, { items, offset }: StreamBatch, rules: MaterializeOptions, note?: NoteChange): Materialized & { readonly reading: Reading } {
  const state = { ...reading.state }
  const materialized = materialize(state, items, offset, rules, note)
  const { txids } = materialized
  return {
    ...materialized,
    reading: {
      state,
      offset,
      tail: reading.tail.with({ from: reading.offset, to: offset, items }),
      txids: txids.length > 0 ? [...reading.txids, ...txids].slice(-REMEMBERED_TXIDS) : reading.txids,
    },
  }
}

/** How far a reading reaches. */
export const momentOf = ({ state: { lineage, marks: { seq, digest } } }: Reading): Moment => ({ branch: lineage.id, seq, digest })

export const positionOf = (reading: Reading): Position => ({ ...momentOf(reading), offset: reading.offset })
