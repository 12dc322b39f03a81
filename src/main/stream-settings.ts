import { canonicalSettings, type StreamSettings } from '../shared/settings.ts'
import type { PlainOptions } from './options.ts'
import { requestUrl } from './stream-url.ts'

/** A cache that nothing has used for so long is removed, ms: 30 days. */
const KEEP_UNUSED_MS = 30 * 24 * 60 * 60 * 1000

/** The settings of the engine that options ask for, with the defaults. */
export function settingsOf({ streamOptions, state, live = true, scope = '', cache = true, pauseWhenHidden = 60_000, silenceTimeoutMs = 45_000 }: PlainOptions, url: string): StreamSettings {
  const { contentType = null, batching = true, backoffOptions } = streamOptions ?? {}
  const { durability = 'relaxed', version = '', keepUnusedMs = KEEP_UNUSED_MS } = typeof cache === 'object' ? cache : {}
  return canonicalSettings({
    url: requestUrl(url),
    scope,
    live,
    contentType,
    batching,
    collections: Object.entries(state).map(([name, { type, primaryKey }]) => ({ name, type, primaryKey })),
    // These only: the client's options also have a callback, which cannot cross.
    backoff: backoffOptions ? { initialDelay: backoffOptions.initialDelay, maxDelay: backoffOptions.maxDelay, multiplier: backoffOptions.multiplier } : null,
    pauseWhenHidden: pauseWhenHidden === false ? null : pauseWhenHidden,
    silenceTimeoutMs,
    cache: cache === false ? null : { durability, version, keepUnusedMs: keepUnusedMs === false || keepUnusedMs === Number.POSITIVE_INFINITY ? null : keepUnusedMs },
  })
}
