/** The most levels of a value that becomes a row: far fewer than a structured clone can copy, and far more than rows have. */
export const MOST_VALUE_LEVELS = 200

/** Whether a value is nested more than {@link MOST_VALUE_LEVELS} levels deep. */
export function isTooDeep(value: unknown, left = MOST_VALUE_LEVELS): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (left === 0) return true
  for (const name in value) {
    const field = (value as Record<string, unknown>)[name]
    if (typeof field === 'object' && isTooDeep(field, left - 1)) return true
  }
  return false
}

/** Whether an event is too deep for hooks. An event has one level more than its value, so the event of a row always fits. */
export const isEventTooDeep = (event: unknown): boolean => isTooDeep(event, MOST_VALUE_LEVELS + 1)
