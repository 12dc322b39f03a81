import { describe, hookFailed, SidestreamError } from '../../shared/errors.ts'
import { cacheOf, formerCacheNames, outboxOf, parseCacheName, shownUrl } from '../../shared/names.ts'
import type { CacheInfo } from '../../shared/cache-info.ts'
import { NoStorageError, type StorageEnv } from '../ports.ts'
import { erase } from './erase.ts'
import { countStoredWrites } from './stored-writes.ts'

interface KnownCache {
  readonly info: CacheInfo
  readonly name: string
}

/**
 * The caches of this origin, of every stream, scope and format: those in the registry, and those that the browser lists.
 * @throws SidestreamError `STORAGE_FAILED`, retryable
 */
export async function listCaches(env: StorageEnv): Promise<CacheInfo[]> {
  return (await knownCaches(env)).map(({ info }) => info)
}

/**
 * Removes caches, as `clearCache` does: engines that use one of them forget its rows.
 * @param discardWrites also removes the writes that are not in the stream; else such writes make the call fail
 * @returns the caches that were removed
 * @throws SidestreamError `INVALID_ARGUMENT` when the filter returns no boolean, `HOOK_FAILED` when it throws: no cache is
 *   removed then. `WRITES_PENDING`: no cache is removed then either. `STORAGE_FAILED` when some of the caches could not be removed: this page, while it lives, and the next engine
 *   of any stream try again
 */
export async function deleteCaches(env: StorageEnv, isWanted: (cache: CacheInfo) => boolean, discardWrites = false): Promise<CacheInfo[]> {
  const wanted = (await knownCaches(env)).filter(({ info }) => isChosen(isWanted, info))
  const at = env.wallNow()
  const lost = discardWrites ? 0 : (await Promise.all(wanted.map(({ name }) => countStoredWrites(env, outboxOf(name))))).reduce((sum, count) => sum + count, 0)
  if (lost > 0) throw new SidestreamError('WRITES_PENDING', `${String(lost)} writes are not in the stream, and would be lost`, { retryable: true })
  const failures: unknown[] = []
  const removed = await Promise.all(
    wanted.map(async ({ name, info }) => {
      const { url, scope, format, usedAt } = info
      try {
        await erase(env, { at, names: [name, outboxOf(name), ...formerCacheNames(url, scope)], record: { name, url, scope, format, usedAt: usedAt ?? at, keepMs: null } })
        return [info]
      } catch (error) {
        failures.push(error)
        return []
      }
    }),
  )
  if (failures.length > 0) {
    const message = `${String(failures.length)} of ${String(wanted.length)} caches could not be removed, which is tried again: ${describe(failures[0])}`
    throw new SidestreamError('STORAGE_FAILED', message, { retryable: true, cause: failures[0] })
  }
  return removed.flat()
}

/** Only a boolean counts: the promise of an async filter would count as true, and remove caches by mistake. */
function isChosen(isWanted: (cache: CacheInfo) => unknown, info: CacheInfo): boolean {
  let answer: unknown
  try {
    answer = isWanted(info)
  } catch (error) {
    throw new SidestreamError('HOOK_FAILED', hookFailed('the filter of deleteCaches', error).message, { cause: error })
  }
  if (typeof answer === 'boolean') return answer
  // A failure of an async filter must not be an unhandled rejection.
  if (answer instanceof Promise) answer.catch(() => undefined)
  throw new SidestreamError('INVALID_ARGUMENT', 'the filter of deleteCaches has to return true or false, at once')
}

async function knownCaches(env: StorageEnv): Promise<KnownCache[]> {
  const records = await env.registry.list().catch((error: unknown) => {
    if (error instanceof NoStorageError) return []
    throw new SidestreamError('STORAGE_FAILED', `caches could not be listed: ${describe(error)}`, { retryable: true, cause: error })
  })
  const known = records.map(({ name, url, scope, format, usedAt }) => ({ name, info: { url, scope, format, usedAt } }))
  const names = new Set(known.map(({ name }) => name))
  // Caches of earlier versions of this library, which had no registry, and outboxes whose cache is gone.
  const more = [...new Set((await env.storeNames().catch(() => [])).map(cacheOf))].flatMap((name) => {
    const parsed = names.has(name) ? null : parseCacheName(name)
    return parsed ? [{ name, info: { ...parsed, url: shownUrl(parsed.url), usedAt: null } }] : []
  })
  return [...known, ...more]
}
