import { useNewestDate } from '../use-newest-date.ts'

const DAY_MS = 86_400_000
const STEP_DAYS = 3

/**
 * The first day that the statistics cover, 3 to 6 days before the newest flight; null while there is none.
 * The day moves in steps, because each move makes the queries start again.
 */
export function usePeriodStart(): string | null {
  const newest = useNewestDate()
  if (newest === null) return null
  const newestDay = Math.floor(Date.parse(`${newest}Z`) / DAY_MS)
  const firstDay = (Math.floor(newestDay / STEP_DAYS) - 1) * STEP_DAYS
  return new Date(firstDay * DAY_MS).toISOString().slice(0, 10)
}
