import type { MultiSetArray } from '@tanstack/db-ivm'
import type { RowData } from '../../shared/row.ts'

/** A row of a collection, and how often it is added (1) or taken away (-1). */
export type RowDeltas = MultiSetArray<readonly [key: string, row: RowData]>
/** A row of the result, with its place in the order. */
export type ResultDeltas = ReadonlyArray<readonly [readonly [key: unknown, value: readonly [value: unknown, order: string | undefined, ...rest: unknown[]]], multiplicity: number]>
