export type LiveMode = boolean | 'long-poll' | 'sse'

/** A collection's definition as data; a Standard Schema cannot cross a port. */
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
  /** It is removed when nothing has used it for so long, ms; null keeps it. */
  readonly keepUnusedMs: number | null
}

/** Everything that an engine has to know of a stream. Two tabs with equal settings share an engine. */
export interface StreamSettings {
  readonly url: string
  readonly scope: string
  readonly collections: ReadonlyArray<CollectionShape>
  readonly live: LiveMode
  readonly contentType: string | null
  readonly batching: boolean
  readonly backoff: BackoffSettings | null
  readonly cache: null | CacheShape
  /** A server that says nothing for so long is asked again, ms. */
  readonly silenceTimeoutMs: number
  /** When all tabs have been hidden for so long, the stream is not read, ms; null reads on. */
  readonly pauseWhenHidden: number | null
}

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
