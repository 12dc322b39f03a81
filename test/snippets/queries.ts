import { count, eq, gt } from '@tanstack/db'
import { defineQueries } from 'sidestream/state'
import { schema } from './schema.ts'

export const queries = defineQueries(schema, {
  states: (q, { flights }) => q.from({ f: flights }).groupBy(({ f }) => f.origin).select(({ f }) => ({ state: f.origin, flights: count(f.id) })),
  delaysByCity: (q, { flights, airports }, { over }: { over: number }) =>
    q
      .from({ f: flights })
      .join({ a: airports }, ({ f, a }) => eq(f.origin, a.code), 'inner')
      .where(({ f }) => gt(f.delay, over))
      .groupBy(({ a }) => a.city)
      .select(({ f, a }) => ({ city: a.city, flights: count(f.id) })),
})
