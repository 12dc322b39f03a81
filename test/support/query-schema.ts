import { count, eq, gt, sum } from '@tanstack/db'
import * as v from 'valibot'
import { defineQueries } from '../../src/shared/named-queries.ts'
import { createStateSchema } from '../../src/shared/state-schema.ts'

/** Flights stay in the worker, unless a tab asks for them. */
export const querySchema = createStateSchema({
  flights: { schema: v.object({ id: v.string(), from: v.string(), delay: v.number() }), type: 'flight', primaryKey: 'id', syncMode: 'on-demand' },
  airports: { schema: v.object({ code: v.string(), city: v.string() }), type: 'airport', primaryKey: 'code' },
})

export const namedQueries = defineQueries(querySchema, {
  delays: (q, { flights, airports }, { over }: { over: number }) =>
    q
      .from({ f: flights })
      .join({ a: airports }, ({ f, a }) => eq(f.from, a.code), 'inner')
      .where(({ f }) => gt(f.delay, over))
      .groupBy(({ a }) => a.city)
      .select(({ f, a }) => ({ city: a.city, flights: count(f.id), total: sum(f.delay) })),
  broken: (q, { airports }, { why }: { why: string }) => {
    if (why) throw new Error(why)
    return q.from({ a: airports })
  },
})

const CITIES = [['LIS', 'Lisbon'], ['OSL', 'Oslo'], ['SFO', 'San Francisco']] as const

export const airportEvents = (): unknown[] => CITIES.map(([code, city]) => querySchema.airports.insert({ value: { code, city } }))

/** The n-th flight; its airport is one of three, in turn. */
export const flightEvent = (n: number, delay = n): unknown => querySchema.flights.upsert({ value: { id: `f${String(n)}`, from: CITIES[n % CITIES.length]![0], delay } })
