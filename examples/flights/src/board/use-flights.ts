import { eq, gte, ilike, inArray, or, useLiveQuery } from '@tanstack/react-db'
import { COMPARE, db } from '../db.ts'
import { useAirports } from '../airports.tsx'
import { airportsNamed, type Filters, type Sort } from './filters.ts'

export const VISIBLE_ROWS = 50

/** The first rows of the board: filtered, ordered and limited by a live query, which asks the worker for its rows. */
export function useFlights(filters: Filters, sort: Sort) {
  const { list } = useAirports()
  const text = filters.text.trim()
  const named = text === '' ? [] : airportsNamed(text, list)
  const { data } = useLiveQuery({
    queryKey: ['flights', filters.origin, filters.destination, filters.minDelay, text, named.join(), sort.column, sort.direction],
    query: (q) => {
      let query = q.from({ flight: db.collections.flights })
      if (filters.origin !== '') query = query.where(({ flight }) => eq(flight.origin, filters.origin))
      if (filters.destination !== '') query = query.where(({ flight }) => eq(flight.destination, filters.destination))
      if (filters.minDelay > 0) query = query.where(({ flight }) => gte(flight.delay, filters.minDelay))
      if (text !== '') {
        query = query.where(({ flight }) =>
          or(inArray(flight.origin, named), inArray(flight.destination, named), ilike(flight.id, `%${text}%`)),
        )
      }
      return query.orderBy(({ flight }) => flight[sort.column], { ...COMPARE, direction: sort.direction }).limit(VISIBLE_ROWS)
    },
  })
  return data
}
