import type * as caches from '../in-page/caches.ts'
import type { CacheInfo } from '../shared/cache-info.ts'
import { SidestreamError } from '../shared/errors.ts'

// Of no use to a page that never asks.
const load = (): Promise<typeof caches> => import('../in-page/caches.ts')

/**
 * The caches of this origin, of every stream and scope, whichever StreamDB has stored them. Empty where there is no storage.
 * @throws SidestreamError `STORAGE_FAILED`
 */
export async function listCaches(): Promise<CacheInfo[]> {
  return (await load()).listCaches()
}

/**
 * Removes caches, all of them unless a filter says which: for "forget me". What `clearCache()` does for one happens to each:
 * StreamDBs that have it, in any tab, lose their rows, and `status.cleared` says so. One that stays in use is given up after
 * some seconds.
 *
 * @example
 * ```ts
 * await deleteCaches(({ scope }) => scope === userId)
 * ```
 * @returns those that were removed
 * @throws SidestreamError `INVALID_ARGUMENT` for a filter that is no function, or returns anything but true or false (a promise,
 *   say); `HOOK_FAILED` for one that throws: nothing is removed then. `STORAGE_FAILED`, retryable, when some could not be removed
 *   now. All were tried; those are tried again for as long as this page lives, and by the next StreamDB of any stream
 */
export async function deleteCaches(filter: (cache: CacheInfo) => boolean = () => true): Promise<CacheInfo[]> {
  // Nothing may be removed by mistake.
  if (typeof filter !== 'function') throw new SidestreamError('INVALID_ARGUMENT', 'the filter of deleteCaches is no function')
  return (await load()).deleteCaches(filter)
}
