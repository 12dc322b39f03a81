import type { MultiSetArray } from '@tanstack/db-ivm'
import type { RowData } from '../../shared/row.ts'

/** Rows of a collection, or of the table of groups, each with how often it is added (1) or taken away (-1). */
export type RowDeltas = MultiSetArray<readonly [key: string, row: RowData]>
/** Rows of a result with their places in the order, each with how often it is added or taken away. */
export type ResultDeltas = ReadonlyArray<readonly [readonly [key: unknown, value: readonly [value: unknown, order: string | undefined, ...rest: unknown[]]], multiplicity: number]>
