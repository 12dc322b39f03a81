import type { StorageMode } from '../../shared/status.ts'

/**
 * The life of an engine's cache.
 *
 * - `opening` the store is not open yet
 * - `reading` the store is open, and what it has is being read
 * - `writing` this engine holds the cache's lock and stores what it reads
 * - `read-only` another engine holds the lock; this engine has read the store and waits for the lock
 * - `backing-off` the store failed and is opened again after a delay
 * - `deleted` the database was deleted under this engine; the registry is asked whether the cache was cleared
 * - `displaced` another engine has taken the cache over; this engine has closed the store and waits for the lock
 * - `reopening` the store is being opened again, by the engine that holds the lock
 * - `memory` nothing is stored any more: no cache is wanted, or another engine has it for good
 * - `cleared` the cache was cleared: nothing is stored any more
 * - `closed` the engine has ended
 */
export type CachePhase = 'opening' | 'reading' | 'writing' | 'read-only' | 'backing-off' | 'deleted' | 'displaced' | 'reopening' | 'memory' | 'cleared' | 'closed'

/** What happens to a cache. */
export type CacheEvent =
  | 'opened' // the store is open
  | 'granted' // this engine holds the lock, and nothing is left to be read
  | 'occupied' // another engine holds the lock
  | 'failed' // storage fails, as a full disk does: another attempt may succeed
  | 'lost' // another engine has taken the cache over, and its lock can be waited for
  | 'deleted' // the database was deleted by another engine, or by the browser
  | 'retry' // the delay after a failure is over
  | 'give-up' // no further attempt would be right
  | 'clear' // this engine, or another, has cleared the cache
  | 'close'

type Transitions = Readonly<Record<CachePhase, Readonly<Record<CacheEvent, CachePhase>>>>

const fromAnyPhase = { clear: 'cleared', close: 'closed' } as const
const fallible = { ...fromAnyPhase, failed: 'backing-off', lost: 'displaced', deleted: 'deleted', 'give-up': 'memory' } as const

/**
 * Every phase × every event. `closed` is final, and only `close` leads out of `cleared`.
 *
 *   opening → reading → writing ⇄ backing-off, displaced, deleted (by reopening)
 *                 └→ read-only → writing
 *
 * A store is first held after `opened` and is never handed on to a phase without one: only `reading`, `writing` and `read-only`
 * hold a store.
 */
export const CACHE_TRANSITIONS: Transitions = {
  // `lost` changes nothing before the store is open: the engine then opens and reads the store without the lock.
  opening: { ...fallible, opened: 'reading', granted: 'opening', occupied: 'opening', lost: 'opening', retry: 'opening' },
  reading: { ...fallible, opened: 'reading', granted: 'writing', occupied: 'read-only', retry: 'reading' },
  writing: { ...fallible, opened: 'writing', granted: 'writing', occupied: 'writing', retry: 'writing' },
  'read-only': { ...fallible, opened: 'read-only', granted: 'writing', occupied: 'read-only', retry: 'read-only' },
  'backing-off': { ...fallible, opened: 'backing-off', granted: 'reopening', occupied: 'backing-off', retry: 'reopening' },
  deleted: { ...fallible, opened: 'deleted', granted: 'reopening', occupied: 'deleted', retry: 'deleted' },
  displaced: { ...fallible, opened: 'displaced', granted: 'reopening', occupied: 'displaced', retry: 'displaced' },
  reopening: { ...fallible, opened: 'writing', granted: 'reopening', occupied: 'displaced', retry: 'reopening' },
  memory: {
    ...fromAnyPhase,
    opened: 'memory',
    granted: 'memory',
    occupied: 'memory',
    failed: 'memory',
    lost: 'memory',
    deleted: 'memory',
    retry: 'memory',
    'give-up': 'memory',
  },
  cleared: {
    opened: 'cleared',
    granted: 'cleared',
    occupied: 'cleared',
    failed: 'cleared',
    lost: 'cleared',
    deleted: 'cleared',
    retry: 'cleared',
    'give-up': 'cleared',
    clear: 'cleared',
    close: 'closed',
  },
  closed: {
    opened: 'closed',
    granted: 'closed',
    occupied: 'closed',
    failed: 'closed',
    lost: 'closed',
    deleted: 'closed',
    retry: 'closed',
    'give-up': 'closed',
    clear: 'closed',
    close: 'closed',
  },
}

export const nextCachePhase = (phase: CachePhase, event: CacheEvent): CachePhase => CACHE_TRANSITIONS[phase][event]

/** What the status says of each phase. */
export const STORAGE_MODES: Readonly<Record<CachePhase, StorageMode>> = {
  opening: 'opening',
  reading: 'opening',
  writing: 'indexeddb',
  'read-only': 'read-only',
  'backing-off': 'memory',
  deleted: 'memory',
  displaced: 'memory',
  reopening: 'memory',
  memory: 'memory',
  cleared: 'memory',
  closed: 'memory',
}

/** The phases in which the cache holds an open store. */
export type OpenPhase = 'reading' | 'writing' | 'read-only'

export const isOpenPhase = (phase: CachePhase): phase is OpenPhase => phase === 'reading' || phase === 'writing' || phase === 'read-only'
