import type * as caches from '../in-page/caches.ts'
import type { CacheInfo } from '../shared/cache-info.ts'
import { SidestreamError } from '../shared/errors.ts'
import { clearSettings, type ClearOptions } from './clear-options.ts'

// Loaded on demand: most pages never list caches.
const load = (): Promise<typeof caches> => import('../in-page/caches.ts')

/**
 * Lists the caches of this origin, of every stream and scope. Empty where there is no storage.
 * @throws SidestreamError `STORAGE_FAILED`, retryable
 */
export async function listCaches(): Promise<CacheInfo[]> {
  return (await load()).listCaches()
}

/**
 * Deletes the caches that a filter selects, by default all caches, for "forget me". It does for each cache what `clearCache()`
 * does: StreamDBs that use the cache, in any tab, lose their rows, and their `status.cleared` is true. A deletion that is blocked
 * for some seconds fails.
 *
 * @example
 * ```ts
 * await deleteCaches(({ scope }) => scope === userId)
 * ```
 * @returns the caches that were removed
 * @throws SidestreamError `WRITES_PENDING` when writes would be lost that are not in the stream, unless the options discard them: no
 *   cache is removed then. `INVALID_ARGUMENT` when the filter is no function, or returns neither true nor false (for example a
 *   promise), `HOOK_FAILED` when the filter throws: no cache is removed then. `STORAGE_FAILED`, retryable, when some of the
 *   caches could not be removed now: this page, while it lives, and the next StreamDB of any stream try again
 */
export async function deleteCaches(filter: (cache: CacheInfo) => boolean = () => true, options: ClearOptions = {}): Promise<CacheInfo[]> {
  // A filter that is no function must not delete all caches by mistake.
  if (typeof filter !== 'function') throw new SidestreamError('INVALID_ARGUMENT', 'the filter of deleteCaches is no function')
  const { discardWrites } = clearSettings(options, 'deleteCaches')
  return (await load()).deleteCaches(filter, discardWrites)
}
