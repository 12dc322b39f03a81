import { useLiveQuery } from '@tanstack/react-db'
import { COMPARE, db } from './db.ts'

/** The minute of the newest departure, null while there is no flight. */
export function useNewestDate(): string | null {
  const { data } = useLiveQuery({
    queryKey: ['newest-date'],
    query: (q) =>
      q
        .from({ flight: db.collections.flights })
        .orderBy(({ flight }) => flight.date, { ...COMPARE, direction: 'desc' })
        .limit(1)
        .select(({ flight }) => ({ date: flight.date })),
  })
  return data[0]?.date ?? null
}
