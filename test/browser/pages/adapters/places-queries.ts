import { defineQueries, gte } from 'sidestream'
import { schema } from './places-schema.ts'

/** The query that the worker runs. */
export const queries = defineQueries(schema, {
  largest: (q, { places }, { least, most }: { least: number; most: number }) =>
    q
      .from({ p: places })
      .where(({ p }) => gte(p.size, least))
      .orderBy(({ p }) => p.size, 'desc')
      .limit(most)
      .select(({ p }) => ({ id: p.id, size: p.size })),
})
