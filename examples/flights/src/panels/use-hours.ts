import { useLiveQuery } from '@tanstack/react-db'
import { hoursOfDay } from './results.ts'

export interface Hour {
  hour: number
  flights: number
  delay: number
}

/** Flights and mean delay of each hour of the day, all 24 of them. */
export function useHours(since: string): Hour[] {
  const { data } = useLiveQuery(hoursOfDay(since))
  const byHour = new Map(data.map((group) => [group.hour, group]))
  return Array.from({ length: 24 }, (_, hour) => byHour.get(hour) ?? { hour, flights: 0, delay: 0 })
}
