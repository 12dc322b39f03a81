import { and, avg, count, eq, gte } from '@tanstack/db'
import { defineQueries } from 'sidestream/state'
import { schema } from './schema.ts'

/** The statistics. They read thousands of flights, and the tab gets some dozen rows. */
export const queries = defineQueries(schema, {
  /** The airports with the highest mean delay, of those with so many flights or more: below, an average says little. */
  airportDelays: (q, { flights, airports }, { since, minFlights, shown }: { since: string; minFlights: number; shown: number }) => {
    const byOrigin = q
      .from({ flight: flights })
      .where(({ flight }) => and(gte(flight.date, since), eq(flight.status, 'arrived')))
      .groupBy(({ flight }) => flight.origin)
      .having(({ flight }) => gte(count(flight.id), minFlights))
      .select(({ flight }) => ({ origin: flight.origin, flights: count(flight.id), delay: avg(flight.delay) }))
    return q
      .from({ group: byOrigin })
      .innerJoin({ airport: airports }, ({ group, airport }) => eq(group.origin, airport.iata))
      .orderBy(({ group }) => group.delay, 'desc')
      .limit(shown)
      .select(({ group, airport }) => ({
        iata: airport.iata,
        name: airport.name,
        city: airport.city,
        flights: group.flights,
        delay: group.delay,
      }))
  },
  hours: (q, { flights }, { since }: { since: string }) =>
    q
      .from({ flight: flights })
      .where(({ flight }) => and(gte(flight.date, since), eq(flight.status, 'arrived')))
      .groupBy(({ flight }) => flight.hour)
      .select(({ flight }) => ({ hour: flight.hour, flights: count(flight.id), delay: avg(flight.delay) })),
})
