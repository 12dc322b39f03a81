import type { TabDescription } from '../../shared/calls.ts'
import { RowDiff, type DrainedDiff } from '../../shared/row-diff.ts'
import type { CollectionShape } from '../../shared/settings.ts'
import { PENDING_SEQ } from '../core/overlay.ts'
import type { PendingRows } from '../tabs/tab-session.ts'
import type { Readings } from './readings.ts'

const NO_KEYS: ReadonlyArray<string> = []

/** Tells the sessions of tabs which rows have pending changes laid over them. */
export function pendingRows(readings: Readings, collections: ReadonlyArray<CollectionShape>): PendingRows {
  const { overlay } = readings
  const primaryKeys = new Map(collections.map(({ name, primaryKey }) => [name, primaryKey]))
  return {
    keysOf: ({ collection, rows, deleted }: DrainedDiff) => {
      if (overlay.isEmpty) return NO_KEYS
      const primaryKey = primaryKeys.get(collection)
      // A query's result shows pending changes too, and is not compared: the next engine sends it whole.
      if (primaryKey === undefined) return NO_KEYS
      const shown = rows.filter((row) => row['_seq'] === PENDING_SEQ).map((row) => String(row[primaryKey]))
      return [...shown, ...deleted.filter((key) => overlay.has(collection, key))]
    },
    rowsOf: (keys: TabDescription['pendingKeys']) => {
      const diff = new RowDiff()
      const { rows } = readings.visible
      const set = (collection: string, key: string): void => {
        if (rows.has(collection)) diff.set(collection, key, rows.get(collection)?.get(key) ?? null)
      }
      for (const [collection, own] of Object.entries(keys)) for (const key of own) set(collection, key)
      for (const address of overlay.addresses) set(...address)
      return diff
    },
  }
}
