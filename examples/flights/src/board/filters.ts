import type { Airport } from '../schema.ts'

export type SortColumn = 'date' | 'origin' | 'destination' | 'distance' | 'delay'

export interface Sort {
  column: SortColumn
  direction: 'asc' | 'desc'
}

export interface Filters {
  text: string
  origin: string
  destination: string
  minDelay: number
}

export const NO_FILTERS: Filters = { text: '', origin: '', destination: '', minDelay: 0 }
export const NEWEST_FIRST: Sort = { column: 'date', direction: 'desc' }

/** The codes of the airports that a search text names: by code, name, city or state. */
export function airportsNamed(text: string, airports: readonly Airport[]): string[] {
  const wanted = text.toLowerCase()
  return airports
    .filter(({ iata, name, city, state }) =>
      [iata, name, `${city}, ${state}`].some((field) => field.toLowerCase().includes(wanted)),
    )
    .map((airport) => airport.iata)
}
