import type { RowData } from '../../../shared/row.ts'
import type { Entry } from './order.ts'

/** Keys of rows that entered or left a subset, or changed in it. */
export interface Moves {
  readonly entered: ReadonlyArray<string>
  readonly left: ReadonlyArray<string>
  /** Rows that are still in the subset, and have changed. */
  readonly changed: ReadonlyArray<string>
}

export const NO_MOVES: Moves = { entered: [], left: [], changed: [] }

/** The rows among which a subset's rows are found. */
export interface Candidates {
  /** All rows that can match. */
  all(): Iterable<readonly [string, RowData]>
  /** All rows in the subset's order; null when no index has that order. */
  inOrder(): Iterable<Entry> | null
  get(key: string): RowData | undefined
}

/** Which rows are in a subset. Changes of rows are noted, and take effect together. */
export interface Members {
  readonly keys: ReadonlySet<string>
  /** Value of the order's term in the last row of a prefix; null for a filter, and without rows. */
  readonly edge: unknown
  /** All matching rows are in the subset. */
  readonly whole: boolean
  /** A row has changed, or (null) is removed. */
  note(key: string, row: RowData | null): void
  /** Lets the noted changes take effect. */
  settle(candidates: Candidates): Moves
  /** Goes through all rows again. Rows that are in the subset before and after count as changed. */
  fill(candidates: Candidates): Moves
}

export function movesBetween(before: ReadonlySet<string>, after: ReadonlySet<string>, isChanged: (key: string) => boolean): Moves {
  const [entered, left, changed]: [string[], string[], string[]] = [[], [], []]
  for (const key of before) if (!after.has(key)) left.push(key)
  for (const key of after) {
    if (!before.has(key)) entered.push(key)
    else if (isChanged(key)) changed.push(key)
  }
  return { entered, left, changed }
}
