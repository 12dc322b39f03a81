import { describe, expect, test } from 'vitest'
import { isPreloaded, isStarted, TAB_TRANSITIONS, type TabEvent, type TabPhase } from '../../src/main/tab-phase.ts'

const EVENTS = ['start', 'preload', 'close'] as const satisfies readonly TabEvent[]

/** What is to follow each event, in the order of `EVENTS`. */
const TABLE: Record<TabPhase, readonly TabPhase[]> = {
  idle: ['started', 'preloaded', 'closed'],
  started: ['started', 'preloaded', 'closed'],
  preloaded: ['preloaded', 'preloaded', 'closed'],
  closed: ['closed', 'closed', 'closed'],
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

  test('say whether rows were asked for, and whether preload() was called, and forget neither before the close', () => {
    expect(PHASES.filter(isStarted)).toEqual(['started', 'preloaded'])
    expect(PHASES.filter(isPreloaded)).toEqual(['preloaded'])
    for (const phase of PHASES) {
      for (const event of ['start', 'preload'] as const) {
        const next = TAB_TRANSITIONS[phase][event]
        if (isStarted(phase)) expect(isStarted(next), `${phase} ${event}`).toBe(true)
        if (isPreloaded(phase)) expect(isPreloaded(next), `${phase} ${event}`).toBe(true)
      }
    }
  })
})
