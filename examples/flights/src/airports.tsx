import { useLiveQuery } from '@tanstack/react-db'
import { createContext, type ReactNode, useContext, useMemo } from 'react'
import { db } from './db.ts'
import type { Airport } from './schema.ts'

interface Airports {
  /** By city. */
  list: readonly Airport[]
  byCode: ReadonlyMap<string, Airport>
}

const AirportsContext = createContext<Airports>({ list: [], byCode: new Map() })

/** Runs one live query for all parts of the page that need the airports. */
export function AirportsProvider({ children }: { children: ReactNode }) {
  const { data: list } = useLiveQuery({
    queryKey: ['airports'],
    query: (q) => q.from({ airport: db.collections.airports }).orderBy(({ airport }) => airport.city),
  })
  const airports = useMemo(() => ({ list, byCode: new Map(list.map((airport) => [airport.iata, airport])) }), [list])
  return <AirportsContext value={airports}>{children}</AirportsContext>
}

export const useAirports = (): Airports => useContext(AirportsContext)
