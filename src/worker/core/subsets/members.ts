import type { RowData } from '../../../shared/row.ts'
import type { Entry } from './order.ts'

/** How rows moved in relation to a subset. */
export interface Moves {
  readonly entered: ReadonlyArray<string>
  readonly left: ReadonlyArray<string>
  /** Rows that are in it as before, and have changed. */
  readonly changed: ReadonlyArray<string>
}

export const NO_MOVES: Moves = { entered: [], left: [], changed: [] }

/** Where a subset's rows are looked for. */
export interface Candidates {
  /** All rows that can match. */
  all(): Iterable<readonly [string, RowData]>
  /** All rows in the subset's order; null where no index has it. */
  inOrder(): Iterable<Entry> | null
  get(key: string): RowData | undefined
}

/** Which rows are in a subset. Rows' changes are noted, and take effect together. */
export interface Members {
  readonly keys: ReadonlySet<string>
  /** Value of the order's term in the last row of a prefix; null where there is none. */
  readonly edge: unknown
  /** All rows that match are in it. */
  readonly whole: boolean
  /** A row is another one, or (null) gone. */
  note(key: string, row: RowData | null): void
  settle(candidates: Candidates): Moves
  /** Looks at all rows anew. Rows that are in it before and after count as changed. */
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
