import { BTreeIndex, createLiveQueryCollection } from '@tanstack/db'
import type { Opened, QueryVisit, Row } from './visit.ts'

const SHOWN = 50

/** A live query for the 50 rows with the most points. */
export function topRows({ collection }: Opened, { isIndexed }: Pick<QueryVisit, 'isIndexed'>) {
  if (isIndexed) collection.createIndex((row) => row.points, { indexType: BTreeIndex })
  return createLiveQueryCollection({
    query: (q) =>
      q
        .from({ row: collection })
        .orderBy(({ row }) => row.points, 'desc')
        .limit(SHOWN),
    startSync: true,
    // Who shows it would stay subscribed.
    gcTime: 0,
  })
}

interface Shown {
  readonly size: number
  readonly toArray: ReadonlyArray<Pick<Row, 'points'>>
}

/** Whether the rows are in this order: few have the same points, and which of those comes first doesn't matter. */
export function shows({ size, toArray }: Shown, points: readonly number[]): boolean {
  return size === points.length && toArray.every((row, index) => row.points === points[index])
}
