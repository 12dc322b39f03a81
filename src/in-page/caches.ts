import type { CacheInfo } from '../shared/cache-info.ts'
import { browserStorage } from '../worker/env/browser-storage.ts'
import * as caches from '../worker/cache/known-caches.ts'

/** The caches of the origin for a page, also those that workers have open; this module is loaded on demand. */
export const listCaches = (): Promise<CacheInfo[]> => caches.listCaches(browserStorage())

export const deleteCaches = (isWanted: (cache: CacheInfo) => boolean, discardWrites: boolean): Promise<CacheInfo[]> =>
  caches.deleteCaches(browserStorage(), isWanted, discardWrites)
