import { describe, expect, test } from 'vitest'
import { LINK_TRANSITIONS, type LinkEvent, type LinkPhase } from '../../src/main/link-phase.ts'

const PHASES = ['idle', 'opening', 'open', 'restarting', 'down', 'closed'] as const satisfies readonly LinkPhase[]
const EVENTS = ['open', 'opened', 'die', 'fail', 'close'] as const satisfies readonly LinkEvent[]

/** What is to follow each event, in the order of `EVENTS`. */
const TABLE: Record<LinkPhase, readonly LinkPhase[]> = {
  idle: ['opening', 'idle', 'idle', 'idle', 'closed'],
  opening: ['opening', 'open', 'opening', 'down', 'closed'],
  open: ['open', 'open', 'restarting', 'down', 'closed'],
  restarting: ['opening', 'restarting', 'restarting', 'restarting', 'closed'],
  down: ['opening', 'down', 'down', 'down', 'closed'],
  closed: ['closed', 'closed', 'closed', 'closed', 'closed'],
}

describe('the phases of a link', () => {
  test('are those of the table, with every event in each', () => {
    expect(Object.keys(LINK_TRANSITIONS).sort()).toEqual([...PHASES].sort())
    for (const events of Object.values(LINK_TRANSITIONS)) expect(Object.keys(events).sort()).toEqual([...EVENTS].sort())
  })

  test.each(PHASES)('of %s × every event', (phase) => {
    expect(EVENTS.map((event) => LINK_TRANSITIONS[phase][event])).toEqual(TABLE[phase])
  })

  test('can all be reached', () => {
    const reached = new Set<LinkPhase>(['idle'])
    for (const phase of reached) for (const event of EVENTS) reached.add(LINK_TRANSITIONS[phase][event])
    expect([...reached].sort()).toEqual([...PHASES].sort())
  })

  test('are final in `closed` only: from every other one a session can be asked for', () => {
    const stuck = PHASES.filter((phase) => !['opening', 'open'].includes(LINK_TRANSITIONS[phase].open))
    expect(stuck).toEqual(['closed'])
    expect(new Set(Object.values(LINK_TRANSITIONS.closed))).toEqual(new Set(['closed']))
  })

  test('become active by `open` only, which brings what an active link holds', () => {
    const isActive = (phase: LinkPhase): boolean => phase === 'opening' || phase === 'open'
    for (const phase of PHASES.filter((one) => !isActive(one))) {
      expect(EVENTS.filter((event) => isActive(LINK_TRANSITIONS[phase][event])), phase).toEqual(phase === 'closed' ? [] : ['open'])
    }
  })
})
