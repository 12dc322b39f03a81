import type { RowData } from '../../../shared/row.ts'
import type { ServedSubset } from '../../../shared/subset.ts'

/** Where a subset's rows end; see {@link ServedSubset}. */
export type Extent = Omit<ServedSubset, 'id' | 'rows'>

/** A subset's stored rows. */
export interface Preview extends Extent {
  readonly rows: ReadonlyArray<readonly [string, RowData]>
}
