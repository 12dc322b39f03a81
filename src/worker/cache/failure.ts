import type { CacheEvent } from '../core/cache-phase.ts'
import { ClearedCacheError, LostCacheError } from '../ports.ts'
import { storageRetryMs } from './erase.ts'

/** Attempts are spaced as if this many had failed already: 4 to 8 s, then longer. */
const REOPEN_HEAD_START = 4

/** What a failure of storage means for the cache. @param areReal see `Locks` */
export function failureEvent(error: unknown, isLockHeld: boolean, areReal: boolean): CacheEvent {
  if (error instanceof ClearedCacheError) return 'deleted'
  if (!(error instanceof LostCacheError)) return 'failed'
  // This engine holds the lock: the writer that claimed the store is a former writer that has woken up.
  if (areReal) return isLockHeld ? 'failed' : 'lost'
  // Without real locks two writers would take the cache from each other for ever: this engine gives up.
  return 'give-up'
}

/** Delay before the store is opened again, ms. @param failures since the last commit, 1 or more */
export const reopenMs = (failures: number, random: number): number => storageRetryMs(failures + REOPEN_HEAD_START, random)
