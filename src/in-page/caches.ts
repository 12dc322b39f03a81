import type { CacheInfo } from '../shared/cache-info.ts'
import { browserStorage } from '../worker/env/browser-storage.ts'
import * as caches from '../worker/cache/known-caches.ts'

/** The page's way to all caches of the origin, whichever worker has them open; loaded when it is needed. */
export const listCaches = (): Promise<CacheInfo[]> => caches.listCaches(browserStorage())

export const deleteCaches = (isWanted: (cache: CacheInfo) => boolean): Promise<CacheInfo[]> => caches.deleteCaches(browserStorage(), isWanted)
