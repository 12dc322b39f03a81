import type { BackoffSettings, LiveMode, StreamSettings } from './protocol.ts'

/** Where nothing else is said, ms and factor: after ten failures in a row a server is asked about four times a minute. */
export const DEFAULT_BACKOFF: BackoffSettings = { initialDelay: 500, maxDelay: 30_000, multiplier: 2 }

/** The longest that a timer can wait, ms; a longer one would go off at once. */
const MOST_DELAY_MS = 2 ** 31 - 1

/**
 * Settings that mean the same, in one form. Tabs whose settings differ have an engine each, of which only one may write the
 * cache: a difference that means nothing must not come to that.
 */
export function canonicalSettings(settings: StreamSettings): StreamSettings {
  const { live, collections, pauseWhenHidden } = settings
  return {
    ...settings,
    live: canonicalLive(live),
    collections: collections.map(({ name, type, primaryKey }) => ({ name, type, primaryKey })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    pauseWhenHidden: pauseWhenHidden === null || pauseWhenHidden > MOST_DELAY_MS ? null : pauseWhenHidden,
  }
}

/** Two tabs whose keys are equal share an engine. */
export const settingsKey = (settings: StreamSettings): string => canonicalText(canonicalSettings(settings))

/** `true` polls. */
const canonicalLive = (live: LiveMode): LiveMode => (live === 'long-poll' ? true : live)

/** JSON whose objects have their keys in order. */
const canonicalText = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
