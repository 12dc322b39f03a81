import { type BackoffSettings, DEFAULT_BACKOFF } from '../../shared/settings.ts'

/** The longest delay that settings may ask for, ms. */
const LONGEST_BACKOFF_MS = 3_600_000

/** The settings, with the default in place of each impossible value: they come from a tab, which may be of another version. */
export function backoffOf(settings: BackoffSettings | null): BackoffSettings {
  const sound = (name: keyof BackoffSettings, least: number, most: number): number => {
    const value: unknown = settings?.[name]
    return typeof value === 'number' && value >= least ? Math.min(value, most) : DEFAULT_BACKOFF[name]
  }
  return { initialDelay: sound('initialDelay', 1, LONGEST_BACKOFF_MS), maxDelay: sound('maxDelay', 1, LONGEST_BACKOFF_MS), multiplier: sound('multiplier', 1, 100) }
}

/**
 * Delay before retry number `attempt` (1 for the first), ms: exponential with full jitter, so that clients that failed
 * together do not come back together.
 * @param random in [0, 1)
 */
export function backoffMs(attempt: number, random: number, { initialDelay, maxDelay, multiplier }: BackoffSettings = DEFAULT_BACKOFF): number {
  return Math.round(random * Math.min(maxDelay, initialDelay * multiplier ** (attempt - 1)))
}
