/** How a stream is read after its end; see `CreateStreamDBOptions.live`. */
export type LiveMode = boolean | 'long-poll' | 'sse'

/** A collection's definition as data, without the schema, which cannot cross a port. */
export interface CollectionShape {
  readonly name: string
  readonly type: string
  readonly primaryKey: string
}

export interface BackoffSettings {
  /** ms */
  readonly initialDelay: number
  /** ms */
  readonly maxDelay: number
  readonly multiplier: number
}

export interface CacheShape {
  readonly durability: 'relaxed' | 'strict'
  readonly version: string
  /** The cache is deleted after this time without use, ms; null keeps it. */
  readonly keepUnusedMs: number | null
}

/** All settings of an engine. Two tabs with equal settings share an engine. */
export interface StreamSettings {
  readonly url: string
  readonly scope: string
  readonly collections: ReadonlyArray<CollectionShape>
  readonly live: LiveMode
  readonly contentType: string | null
  readonly batching: boolean
  readonly backoff: BackoffSettings | null
  readonly cache: null | CacheShape
  /** A request without a byte from the server for this long, ms, is made again. */
  readonly silenceTimeoutMs: number
  /** When all tabs have been hidden for this long, ms, reading pauses; null never pauses. */
  readonly pauseWhenHidden: number | null
}

/** The default back-off: after ten failures in a row a server gets about four requests a minute. */
export const DEFAULT_BACKOFF: BackoffSettings = { initialDelay: 500, maxDelay: 30_000, multiplier: 2 }

/** The longest delay of a timer, ms; a timer with a longer delay fires at once. */
export const MOST_DELAY_MS = 2 ** 31 - 1

/**
 * One form for settings with the same meaning. Tabs with different settings have an engine each, of which only one may write the
 * cache; a difference without a meaning must not cause that.
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

/** The key of an engine: two tabs with equal keys share it. */
export const settingsKey = (settings: StreamSettings): string => canonicalText(canonicalSettings(settings))

/** `true` and `'long-poll'` mean the same. */
const canonicalLive = (live: LiveMode): LiveMode => (live === 'long-poll' ? true : live)

/** JSON with the keys of its objects in order. */
const canonicalText = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
