import { describe, SidestreamError } from '../../shared/errors.ts'
import { cacheName, CACHE_FORMAT, formerCacheNames, outboxOf, shownUrl } from '../../shared/names.ts'
import { backoffMs } from '../core/backoff.ts'
import { type CacheRecord, NoStorageError, type StorageEnv } from '../ports.ts'

/** Added to the number of failures for the back-off: the first retry of a deletion comes after 0.5 to 1 s. */
const DELETE_HEAD_START = 2

/** Posted on a cache's channel when the cache was cleared, and the registry has noted it. */
export const CLEARED = 'sidestream:cleared'
/** Posted when the cache was cleared, but the registry could not note it. */
export const CLEARED_UNNOTED = 'sidestream:cleared:unnoted'

/** Name of the channel on which the engines of a cache hear that it was cleared. */
export const clearedChannel = (name: string): string => `${name}:cleared`

/** A cache to be deleted, with its outbox, and with the caches of earlier versions of this library for the same stream and scope. */
export interface Doomed {
  readonly record: Omit<CacheRecord, 'doomed'>
  readonly names: ReadonlyArray<string>
  /** When it was cleared, ms by the wall clock: engines that began before then store nothing more. */
  readonly at: number
}

export function doomedCache(env: StorageEnv, url: string, scope: string): Doomed {
  const name = cacheName(url, scope)
  const at = env.wallNow()
  return { at, names: [name, outboxOf(name), ...formerCacheNames(url, scope)], record: { name, url: shownUrl(url), scope, format: CACHE_FORMAT, usedAt: at, keepMs: null } }
}

/**
 * Deletes a cache. The registry notes the clear first: an engine that opens the cache later sees the note, also when this worker
 * dies before the deletion; an engine that has the cache open hears of the deletion. A deletion that fails is tried again for as
 * long as this worker lives.
 * @throws SidestreamError `STORAGE_FAILED`, retryable
 */
export async function erase(env: StorageEnv, doomed: Doomed): Promise<void> {
  const attempt = await attemptToErase(env, doomed, false)
  // Engines that have no connection to the cache now hear of the clear on this channel.
  const channel = env.openChannel(clearedChannel(doomed.record.name), () => undefined)
  channel?.post(attempt.isNoted ? CLEARED : CLEARED_UNNOTED)
  channel?.close()
  if (attempt.error === null) return
  again(env, doomed, attempt.isNoted, 0)
  throw new SidestreamError('STORAGE_FAILED', `the cache could not be removed for good, which is tried again: ${describe(attempt.error)}`, { retryable: true, cause: attempt.error })
}

interface Attempt {
  /** The registry has noted the clear. Without the note an engine that has no storage now may write its rows again later. */
  readonly isNoted: boolean
  /** Why the clear is not complete; null when it is. */
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
      // The first note may have failed because the disk was full: the deletion has made room.
      obstacle = await note()
      // An engine that opened the cache before this note has not seen it: only a second deletion reaches that engine.
      if (obstacle === null) await remove()
    }
  } catch (error) {
    return { isNoted: obstacle === null, error }
  }
  // If this fails a record stays behind. The next engine then deletes a cache that does not exist, and stores nothing before the record is gone.
  await env.registry.drop(record.name).catch(() => undefined)
  return { isNoted: obstacle === null, error: obstacle }
}

/** Delay before a retry, ms. Only half of it is random: storage, unlike a server, has no clients of other machines. */
export const storageRetryMs = (attempt: number, random: number): number => backoffMs(attempt, 0.5 + random / 2)

function again(env: StorageEnv, doomed: Doomed, wasNoted: boolean, failures: number): void {
  env.clock.after(storageRetryMs(failures + DELETE_HEAD_START, env.random()), () => {
    void (async () => {
      // Another worker may have deleted the cache, and a user may have signed in since.
      if (wasNoted && (await env.registry.clearState(doomed.record.name).catch(() => null))?.doomed === false) return
      const { isNoted, error } = await attemptToErase(env, doomed, wasNoted)
      if (error !== null) again(env, doomed, isNoted, failures + 1)
    })()
  })
}
