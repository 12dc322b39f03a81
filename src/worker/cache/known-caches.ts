import { describe, SidestreamError } from '../../shared/errors.ts'
import { formerCacheNames, parseCacheName, shownUrl } from '../../shared/names.ts'
import type { CacheInfo } from '../../shared/cache-info.ts'
import { NoStorageError, type StorageEnv } from '../ports.ts'
import { erase } from './erase.ts'

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
 * Deletes caches, as `clearCache` does: engines that use one of them drop its rows.
 * @returns the deleted caches
 * @throws SidestreamError `STORAGE_FAILED`, retryable, when some could not be deleted, after all were tried. They are tried again
 *   for as long as this page lives, and by the next engine of any stream
 */
export async function deleteCaches(env: StorageEnv, isWanted: (cache: CacheInfo) => boolean): Promise<CacheInfo[]> {
  const wanted = (await knownCaches(env)).filter(({ info }) => isWanted(info))
  const at = env.wallNow()
  const failures: unknown[] = []
  const removed = await Promise.all(
    wanted.map(async ({ name, info }) => {
      const { url, scope, format, usedAt } = info
      try {
        await erase(env, { at, names: [name, ...formerCacheNames(url, scope)], record: { name, url, scope, format, usedAt: usedAt ?? at, keepMs: null } })
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

async function knownCaches(env: StorageEnv): Promise<KnownCache[]> {
  const records = await env.registry.list().catch((error: unknown) => {
    if (error instanceof NoStorageError) return []
    throw new SidestreamError('STORAGE_FAILED', `caches could not be listed: ${describe(error)}`, { retryable: true, cause: error })
  })
  const known = records.map(({ name, url, scope, format, usedAt }) => ({ name, info: { url, scope, format, usedAt } }))
  const names = new Set(known.map(({ name }) => name))
  // Caches of earlier versions of this library, which had no registry.
  const more = (await env.storeNames().catch(() => [])).flatMap((name) => {
    const parsed = names.has(name) ? null : parseCacheName(name)
    return parsed ? [{ name, info: { ...parsed, url: shownUrl(parsed.url), usedAt: null } }] : []
  })
  return [...known, ...more]
}
