import { describe, expect, test } from 'vitest'
import { isHeld, isPreloaded, isStarted, TAB_TRANSITIONS, type TabEvent, type TabPhase } from '../../src/main/tab-phase.ts'

const EVENTS = ['start', 'preload', 'hold', 'reconnect', 'close'] as const satisfies readonly TabEvent[]

/** What is to follow each event, in the order of `EVENTS`. */
const TABLE: Record<TabPhase, readonly TabPhase[]> = {
  idle: ['started', 'preloaded', 'idle-held', 'idle', 'closed'],
  started: ['started', 'preloaded', 'started-held', 'started', 'closed'],
  preloaded: ['preloaded', 'preloaded', 'preloaded-held', 'preloaded', 'closed'],
  'idle-held': ['started-held', 'preloaded-held', 'idle-held', 'started', 'closed'],
  'started-held': ['started-held', 'preloaded-held', 'started-held', 'started', 'closed'],
  'preloaded-held': ['preloaded-held', 'preloaded-held', 'preloaded-held', 'preloaded', 'closed'],
  closed: ['closed', 'closed', 'closed', 'closed', 'closed'],
}
const PHASES = Object.keys(TABLE) as TabPhase[]

describe('the phases of a tab', () => {
  test('are those of the table, with every event in each', () => {
    expect(Object.keys(TAB_TRANSITIONS).sort()).toEqual([...PHASES].sort())
    for (const events of Object.values(TAB_TRANSITIONS)) expect(Object.keys(events).sort()).toEqual([...EVENTS].sort())
  })

  test.each(PHASES)('of %s × every event', (phase) => {
    expect(EVENTS.map((event) => TAB_TRANSITIONS[phase][event])).toEqual(TABLE[phase])
  })

  test('can all be reached', () => {
    const reached = new Set<TabPhase>(['idle'])
    for (const phase of reached) for (const event of EVENTS) reached.add(TAB_TRANSITIONS[phase][event])
    expect([...reached].sort()).toEqual([...PHASES].sort())
  })

  test('are final in `closed` only', () => {
    const final = PHASES.filter((phase) => EVENTS.every((event) => TAB_TRANSITIONS[phase][event] === phase))
    expect(final).toEqual(['closed'])
    expect(PHASES.filter((phase) => TAB_TRANSITIONS[phase].close !== 'closed')).toEqual([])
  })

  test('say whether rows were asked for, whether preload() was called, and whether an engine is to be asked', () => {
    expect(PHASES.filter(isStarted)).toEqual(['started', 'preloaded', 'started-held', 'preloaded-held'])
    expect(PHASES.filter(isPreloaded)).toEqual(['preloaded', 'preloaded-held'])
    expect(PHASES.filter(isHeld)).toEqual(['idle-held', 'started-held', 'preloaded-held'])
  })

  test('forget nothing that was asked for before the close, and are held until reconnect() only', () => {
    for (const phase of PHASES) {
      for (const event of ['start', 'preload', 'hold', 'reconnect'] as const) {
        const next = TAB_TRANSITIONS[phase][event]
        if (isStarted(phase)) expect(isStarted(next), `${phase} ${event}`).toBe(true)
        if (isPreloaded(phase)) expect(isPreloaded(next), `${phase} ${event}`).toBe(true)
        if (isHeld(phase)) expect(isHeld(next), `${phase} ${event}`).toBe(event !== 'reconnect')
      }
    }
  })
})
