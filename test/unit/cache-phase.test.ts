import { describe, expect, test } from 'vitest'
import { CACHE_TRANSITIONS, isOpenPhase, nextCachePhase, STORAGE_MODES, type CacheEvent, type CachePhase } from '../../src/worker/core/cache-phase.ts'

const EVENTS = ['opened', 'granted', 'occupied', 'failed', 'lost', 'deleted', 'retry', 'give-up', 'clear', 'close'] as const satisfies readonly CacheEvent[]

/** The phase after each event, in the order of `EVENTS`. */
const TABLE: Record<CachePhase, readonly CachePhase[]> = {
  opening: ['reading', 'opening', 'opening', 'backing-off', 'opening', 'deleted', 'opening', 'memory', 'cleared', 'closed'],
  reading: ['reading', 'writing', 'read-only', 'backing-off', 'displaced', 'deleted', 'reading', 'memory', 'cleared', 'closed'],
  writing: ['writing', 'writing', 'writing', 'backing-off', 'displaced', 'deleted', 'writing', 'memory', 'cleared', 'closed'],
  'read-only': ['read-only', 'writing', 'read-only', 'backing-off', 'displaced', 'deleted', 'read-only', 'memory', 'cleared', 'closed'],
  'backing-off': ['backing-off', 'reopening', 'backing-off', 'backing-off', 'displaced', 'deleted', 'reopening', 'memory', 'cleared', 'closed'],
  deleted: ['deleted', 'reopening', 'deleted', 'backing-off', 'displaced', 'deleted', 'deleted', 'memory', 'cleared', 'closed'],
  displaced: ['displaced', 'reopening', 'displaced', 'backing-off', 'displaced', 'deleted', 'displaced', 'memory', 'cleared', 'closed'],
  reopening: ['writing', 'reopening', 'displaced', 'backing-off', 'displaced', 'deleted', 'reopening', 'memory', 'cleared', 'closed'],
  memory: ['memory', 'memory', 'memory', 'memory', 'memory', 'memory', 'memory', 'memory', 'cleared', 'closed'],
  // What was cleared stays cleared.
  cleared: ['cleared', 'cleared', 'cleared', 'cleared', 'cleared', 'cleared', 'cleared', 'cleared', 'cleared', 'closed'],
  closed: ['closed', 'closed', 'closed', 'closed', 'closed', 'closed', 'closed', 'closed', 'closed', 'closed'],
}
const PHASES = Object.keys(TABLE) as CachePhase[]

describe('phases of a cache', () => {
  test.each(PHASES)('%s × every event', (phase) => {
    expect(Object.fromEntries(EVENTS.map((event) => [event, nextCachePhase(phase, event)]))).toEqual(
      Object.fromEntries(EVENTS.map((event, index) => [event, TABLE[phase][index]])),
    )
  })

  test('are all in the table, which docs are compared with', () => {
    expect(Object.keys(CACHE_TRANSITIONS)).toEqual(PHASES)
    for (const phase of PHASES) expect(Object.keys(CACHE_TRANSITIONS[phase]).sort()).toEqual([...EVENTS].sort())
    expect(Object.keys(STORAGE_MODES)).toEqual(PHASES)
  })

  test('can all be reached', () => {
    const reached = new Set<CachePhase>(['opening'])
    for (const phase of reached) for (const event of EVENTS) reached.add(nextCachePhase(phase, event))
    expect([...reached].sort()).toEqual([...PHASES].sort())
  })

  test('have a store only after `opened`, and writing begins only with the lock', () => {
    const begins = PHASES.flatMap((phase) => EVENTS.map((event) => ({ phase, event, next: nextCachePhase(phase, event) }))).filter(({ phase, next }) => next !== phase)
    const opening = begins.filter(({ phase, next }) => isOpenPhase(next) && !isOpenPhase(phase))
    expect(opening.map(({ event }) => event)).toEqual(['opened', 'opened'])
    const writing = begins.filter(({ next }) => next === 'writing')
    expect(writing.map(({ phase, event }) => `${phase} ${event}`)).toEqual(['reading granted', 'read-only granted', 'reopening opened'])
    // The store is opened again only after the lock was granted, or while it may be asked for.
    expect(begins.filter(({ next }) => next === 'reopening').every(({ event }) => event === 'granted' || event === 'retry')).toBe(true)
  })
})
