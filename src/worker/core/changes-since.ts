import { RowDiff } from '../../shared/row-diff.ts'
import type { State } from './materialize.ts'

/**
 * What a copy of this state lacks that has materialized `seq` change events and perhaps some later ones; null when that
 * is not known any more.
 */
export function changesSince(state: State, seq: number): RowDiff | null {
  const removals = state.removals.since(seq)
  if (removals === null) return null
  const diff = new RowDiff()
  for (const { collection, key } of removals) diff.set(collection, key, null)
  for (const [collection, rows] of state.rows) {
    for (const [key, row] of rows) if ((row['_seq'] as number) >= seq) diff.set(collection, key, row)
  }
  return diff
}
