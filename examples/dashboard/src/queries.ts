import { count, eq, ilike, inArray, sum } from '@tanstack/db'
import { defineQueries } from 'sidestream/state'
import { schema } from './schema.ts'

/** A result is told so often at most: nobody reads more states in a second. */
const every = 250

/** The panels' queries. The worker file has them by name, and the tab has them for the other side of the switch. */
export const queries = defineQueries(schema, {
  states: {
    every,
    query: (q, { parcels }) =>
      q
        .from({ p: parcels })
        .groupBy(({ p }) => p.state)
        .select(({ p }) => ({ state: p.state, parcels: count(p.id) })),
  },
  services: {
    every,
    query: (q, { parcels }) =>
      q
        .from({ p: parcels })
        .groupBy(({ p }) => p.service)
        .select(({ p }) => ({ service: p.service, parcels: count(p.id), value: sum(p.value) })),
  },
  countries: {
    every,
    query: (q, { parcels, depots }) =>
      q
        .from({ p: parcels })
        .join({ d: depots }, ({ p, d }) => eq(p.depot, d.id), 'inner')
        .groupBy(({ d }) => d.country)
        .select(({ p, d }) => ({ country: d.country, parcels: count(p.id) })),
  },
  weights: {
    every,
    query: (q, { parcels }) =>
      q
        .from({ p: parcels })
        .groupBy(({ p }) => p.weight)
        .select(({ p }) => ({ weight: p.weight, parcels: count(p.id) })),
  },
  hours: {
    every,
    query: (q, { parcels }) =>
      q
        .from({ p: parcels })
        .groupBy(({ p }) => [p.day, p.hour])
        .select(({ p }) => ({ day: p.day, hour: p.hour, parcels: count(p.id) })),
  },
  /** The window moves by itself: the newest seconds are the first groups. */
  seconds: {
    every,
    query: (q, { parcels }, { last }: { last: number }) =>
      q
        .from({ p: parcels })
        .groupBy(({ p }) => p.second)
        .select(({ p }) => ({ second: p.second, parcels: count(p.id) }))
        .orderBy(({ $selected }) => $selected.second, 'desc')
        .limit(last),
  },
  /** The join is after the limit: it reads some rows, not all of them. */
  dearest: {
    every,
    query: (q, { parcels, depots }, { first }: { first: number }) => {
      const top = q
        .from({ p: parcels })
        .where(({ p }) => inArray(p.state, ['collected', 'in transit', 'out for delivery']))
        .orderBy(({ p }) => p.value, 'desc')
        .limit(first)
      return q
        .from({ t: top })
        .join({ d: depots }, ({ t, d }) => eq(t.depot, d.id), 'inner')
        .orderBy(({ t }) => t.value, 'desc')
        .orderBy(({ t }) => t.id)
        .select(({ t, d }) => ({ id: t.id, state: t.state, value: t.value, city: d.city }))
    },
  },
  search: {
    every,
    query: (q, { parcels }, { text, first }: { text: string; first: number }) =>
      q
        .from({ p: parcels })
        .where(({ p }) => ilike(p.to, `%${text}%`))
        .orderBy(({ p }) => p.id)
        .limit(first)
        .select(({ p }) => ({ id: p.id, to: p.to, state: p.state, weight: p.weight })),
  },
})

export type Queries = typeof queries
