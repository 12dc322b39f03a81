import { CACHE_FORMAT, shownUrl } from '../../shared/names.ts'
import type { StreamSettings } from '../../shared/settings.ts'
import { type Channel, type EngineEnv, NoStorageError } from '../ports.ts'
import { collectCaches } from './collect.ts'
import { CLEARED, CLEARED_UNNOTED, clearedChannel } from './erase.ts'

/** The shortest time between two notes in the registry that the cache is in use, ms. */
const TOUCH_AGAIN_MS = 12 * 60 * 60 * 1000
/** An engine looks for unused caches this long after its start, ms. */
const COLLECT_DELAY_MS = 10_000

/**
 * What the registry says of a cache.
 *
 * - `cleared` it was cleared after this engine began: this engine must not store its rows
 * - `doomed` it was cleared before this engine began, and its database may still be there
 * - `sound` neither
 * - `unknown` the registry does not answer
 * - `absent` there is no storage here, and so no registry
 */
export type Verdict = 'cleared' | 'doomed' | 'sound' | 'unknown' | 'absent'

/**
 * Never rejects.
 * @param name of the cache
 * @param beganAt when the engine began, ms by the wall clock
 */
export async function verdictOn({ env, name }: { readonly env: Pick<EngineEnv, 'registry'>; readonly name: string }, beganAt: number): Promise<Verdict> {
  const state = await env.registry.clearState(name).catch((error: unknown) => (error instanceof NoStorageError ? 'absent' : 'unknown'))
  if (typeof state === 'string') return state
  if (state.clearedAt !== null && state.clearedAt > beganAt) return 'cleared'
  return state.doomed ? 'doomed' : 'sound'
}

export interface RegistrationOptions {
  readonly env: EngineEnv
  readonly settings: StreamSettings
  /** Name of the cache. */
  readonly name: string
  /** Another engine says that it has cleared the cache, and the registry does not contradict. */
  onCleared(): void
}

/** Notes this engine's use of its cache in the registry; learns of clears from the registry and from other engines. */
export class Registration {
  readonly #options: RegistrationOptions
  /** When this engine began, ms by the wall clock: earlier clears do not concern it. */
  readonly #beganAt: number
  #channel: Channel | null = null
  #touchedAt = Number.NEGATIVE_INFINITY
  #cancelCollect: (() => void) | null = null

  constructor(options: RegistrationOptions) {
    this.#options = options
    this.#beganAt = options.env.wallNow()
  }

  /** Hears of clears from now on. */
  listen(): void {
    const { env, name } = this.#options
    this.#channel = env.openChannel(clearedChannel(name), (message) => {
      if (message === CLEARED || message === CLEARED_UNNOTED) void this.#onWord(message === CLEARED)
    })
  }

  verdict(): Promise<Verdict> {
    return verdictOn(this.#options, this.#beganAt)
  }

  /** Notes that the database of a doomed cache is gone. Rejects when that cannot be noted. */
  redeem(): Promise<void> {
    const { env, name } = this.#options
    return env.registry.drop(name)
  }

  /** Notes that the cache is in use. Nothing depends on it. */
  touch(): void {
    const { env, name, settings } = this.#options
    const usedAt = env.wallNow()
    if (Math.abs(usedAt - this.#touchedAt) < TOUCH_AGAIN_MS) return
    this.#touchedAt = usedAt
    env.registry
      .touch({ name, url: shownUrl(settings.url), scope: settings.scope, format: CACHE_FORMAT, usedAt, keepMs: this.#keepMs })
      .catch(() => undefined)
  }

  /** Deletes unused caches after {@link COLLECT_DELAY_MS}. */
  collectLater(): void {
    const { env, settings } = this.#options
    const { url, scope } = settings
    this.#cancelCollect = env.clock.after(COLLECT_DELAY_MS, () => {
      void collectCaches(env, { url, scope, keepMs: this.#keepMs })
    })
  }

  close(): void {
    this.#cancelCollect?.()
    this.#channel?.close()
    this.#channel = null
  }

  get #keepMs(): number | null {
    return this.#options.settings.cache?.keepUnusedMs ?? null
  }

  /** Any code of the origin can post such a message. If it says that the registry has a note, the registry has to confirm it. */
  async #onWord(isNoted: boolean): Promise<void> {
    const verdict = isNoted ? await this.verdict() : 'unknown'
    if (verdict !== 'sound' && verdict !== 'doomed') this.#options.onCleared()
  }
}
