import { isResultName } from '../../shared/query.ts'
import { RowDiff } from '../../shared/row-diff.ts'
import type { VisibleState } from './materialize.ts'

/**
 * The rows and removals that a tab lacks when it has the effects of the first `seq` change events, and perhaps of some later
 * ones. Null when the log of removals does not reach back so far.
 */
export function changesSince(state: VisibleState, seq: number): RowDiff | null {
  const removals = state.removals.since(seq)
  if (removals === null) return null
  const diff = new RowDiff()
  for (const { collection, key } of removals) diff.set(collection, key, null)
  for (const [collection, rows] of state.rows) {
    // A result's row may have the number of the row that it comes from.
    if (isResultName(collection)) continue
    for (const [key, row] of rows) if ((row['_seq'] as number) >= seq) diff.set(collection, key, row)
  }
  return diff
}
