import { MaterializedState as PeerState } from '@durable-streams/state'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChangeEvent } from '../../src/shared/events.ts'
import { MaterializedState } from '../../src/shared/materialized-state.ts'

const NAMES = ['user', 'item', '__proto__', 'constructor', '', 'ключ']
const name = fc.constantFrom(...NAMES)
const event: fc.Arbitrary<ChangeEvent> = fc.record({
  type: name,
  key: name,
  value: fc.jsonValue(),
  headers: fc.record({ operation: fc.constantFrom('insert', 'update', 'upsert', 'delete') }),
})
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('apply' as const), event }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('batch' as const), events: fc.array(event, { maxLength: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const) }) },
)

const show = (state: MaterializedState | PeerState): unknown => ({
  types: state.types,
  typeCount: state.typeCount,
  all: NAMES.map((type) => [...state.getType(type)]),
  values: NAMES.flatMap((type) => NAMES.map((key) => state.get(type, key))),
})

describe('MaterializedState', () => {
  test('is the same as the peer after any sequence of calls', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const [ours, peers] = [new MaterializedState(), new PeerState()]
        for (const item of steps) {
          for (const state of [ours, peers]) {
            if (item.kind === 'apply') state.apply(item.event)
            else if (item.kind === 'batch') state.applyBatch(item.events)
            else state.clear()
          }
          expect(show(ours)).toEqual(show(peers))
        }
      }),
      { numRuns: 300 },
    )
  })

  test('leaves an operation that it does not know alone, as the peer does', () => {
    const [ours, peers] = [new MaterializedState(), new PeerState()]
    for (const state of [ours, peers]) {
      state.apply({ type: 'user', key: '1', value: 'kept', headers: { operation: 'insert' } })
      state.apply({ type: 'user', key: '1', value: 'lost', headers: { operation: 'truncate' as never } })
    }
    expect(show(ours)).toEqual(show(peers))
  })

  test('gives an empty map for a type that was never seen, without keeping it', () => {
    const state = new MaterializedState()
    state.getType('none').set('1', 1)
    expect(state.getType('none').size).toBe(0)
    expect(state.typeCount).toBe(0)
  })
})
