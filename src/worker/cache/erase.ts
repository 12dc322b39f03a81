import { describe, SidestreamError } from '../../shared/errors.ts'
import { cacheName, CACHE_FORMAT, formerCacheNames, shownUrl } from '../../shared/names.ts'
import { backoffMs } from '../core/backoff.ts'
import { type CacheRecord, NoStorageError, type StorageEnv } from '../ports.ts'

/** A cache that could not be removed is tried again after about 1 s, then longer. */
const RETRY_HEAD_START = 2

/** Said on a cache's channel once it is gone, or is to be; the registry says so too. */
export const CLEARED = 'sidestream:cleared'
/** The same, where the registry could not be told. */
export const CLEARED_UNNOTED = 'sidestream:cleared:unnoted'

/** Name of the channel on which the engines of a cache hear that it was cleared. */
export const clearedChannel = (name: string): string => `${name}:cleared`

/** A cache to be removed, with all that earlier versions of this library have stored of the same stream and scope. */
export interface Doomed {
  readonly record: Omit<CacheRecord, 'doomed'>
  readonly names: ReadonlyArray<string>
  /** When that was asked for, ms by the wall clock: engines that began before then store nothing more. */
  readonly at: number
}

export function doomedCache(env: StorageEnv, url: string, scope: string): Doomed {
  const name = cacheName(url, scope)
  const at = env.wallNow()
  return { at, names: [name, ...formerCacheNames(url, scope)], record: { name, url: shownUrl(url), scope, format: CACHE_FORMAT, usedAt: at, keepMs: null } }
}

/**
 * Removes a cache. The registry hears of it first: whoever opens the cache from then on knows, also when this worker dies
 * before it is done, and an engine that has the cache open is told by the deletion. Where it fails it is tried again, for as
 * long as this worker lives.
 * @throws SidestreamError `STORAGE_FAILED`, retryable
 */
export async function erase(env: StorageEnv, doomed: Doomed): Promise<void> {
  const attempt = await attemptToErase(env, doomed, false)
  // Those that have no connection to the cache at this moment are told so.
  const channel = env.openChannel(clearedChannel(doomed.record.name), () => undefined)
  channel?.post(attempt.isNoted ? CLEARED : CLEARED_UNNOTED)
  channel?.close()
  if (attempt.error === null) return
  again(env, doomed, attempt.isNoted, 0)
  throw new SidestreamError('STORAGE_FAILED', `the cache could not be removed for good, which is tried again: ${describe(attempt.error)}`, { retryable: true, cause: attempt.error })
}

interface Attempt {
  /** The registry knows of the clear. As long as it does not, an engine that has no storage now may write again later. */
  readonly isNoted: boolean
  /** What is in the way; null when all is done. */
  readonly error: unknown
}

async function attemptToErase(env: StorageEnv, { record, names, at }: Doomed, wasNoted: boolean): Promise<Attempt> {
  const note = (): Promise<unknown> =>
    env.registry.doom(record, at).then(
      () => null,
      (error: unknown) => (error instanceof NoStorageError ? null : error),
    )
  const remove = (): Promise<unknown> => Promise.all(names.map((name) => env.deleteStore(name)))
  let obstacle = wasNoted ? null : await note()
  try {
    await remove()
    if (obstacle !== null) {
      // There may have been no room for it before.
      obstacle = await note()
      // An engine that opened the cache before this note has not read it: only a deletion tells it.
      if (obstacle === null) await remove()
    }
  } catch (error) {
    return { isNoted: obstacle === null, error }
  }
  // A record that is left says no more than that the cache is to be removed, which finds nothing.
  await env.registry.drop(record.name).catch(() => undefined)
  return { isNoted: obstacle === null, error: obstacle }
}

/** Storage is this machine's own: unlike a server it needs no more than half of the delay to be left to chance. */
export const storageRetryMs = (attempt: number, random: number): number => backoffMs(attempt, 0.5 + random / 2)

function again(env: StorageEnv, doomed: Doomed, wasNoted: boolean, failures: number): void {
  env.clock.after(storageRetryMs(failures + RETRY_HEAD_START, env.random()), () => {
    void (async () => {
      // Another worker may have done it, and somebody may have signed in since.
      if (wasNoted && (await env.registry.fate(doomed.record.name).catch(() => null))?.doomed === false) return
      const { isNoted, error } = await attemptToErase(env, doomed, wasNoted)
      if (error !== null) again(env, doomed, isNoted, failures + 1)
    })()
  })
}
