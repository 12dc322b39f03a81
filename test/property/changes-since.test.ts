import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { emptyState, materialize, type State } from '../../src/worker/core/materialize.ts'
import { changesSince } from '../../src/worker/core/changes-since.ts'
import { Removals } from '../../src/worker/core/removals.ts'

const SHAPES = [{ name: 'items', type: 'item', primaryKey: 'id' }]
const RULES = { byType: new Map(SHAPES.map((shape) => [shape.type, shape])), validators: new Map() }

const key = fc.integer({ min: 0, max: 8 }).map(String)
const event = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('item'), key, value: fc.record({ n: fc.integer() }), headers: fc.constant({ operation: 'upsert' }) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('item'), key, headers: fc.constant({ operation: 'delete' }) }) },
  { weight: 1, arbitrary: fc.constantFrom('reset', 'snapshot-start', 'snapshot-end').map((control) => ({ headers: { control } })) },
)
const fold = (events: ReadonlyArray<unknown>): State => {
  const state = emptyState(SHAPES, 'reading')
  materialize(state, events, '1', RULES)
  return state
}
const rowsOf = (state: State): unknown => Object.fromEntries([...state.rows.get('items')!].sort(([a], [b]) => (a < b ? -1 : 1)))

/** What the older state becomes by what it lacks. */
function brought(older: State, newer: State): unknown {
  const lacking = changesSince(newer, older.marks.seq)!
  for (const { rows, deleted } of lacking.drain(Infinity)) {
    for (const row of rows) older.rows.get('items')!.set(row['id'] as string, row)
    for (const gone of deleted) older.rows.get('items')!.delete(gone)
  }
  return rowsOf(older)
}

describe('what a copy lacks', () => {
  test('brings any prefix to the whole', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), fc.nat(60), (events, cut) => {
        const whole = fold(events)
        expect(brought(fold(events.slice(0, cut)), whole)).toEqual(rowsOf(whole))
      }),
    )
  })

  test('also when the copy has some of the newer rows already', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), fc.nat(60), fc.nat(60), fc.func(fc.boolean()), (events, cut, more, hasIt) => {
        const between = fold(events.slice(0, cut + more))
        const whole = fold(events)
        const copy = fold(events.slice(0, cut))
        for (const [id, row] of between.rows.get('items')!) if (hasIt(id)) copy.rows.get('items')!.set(id, row)
        expect(brought(copy, whole)).toEqual(rowsOf(whole))
      }),
    )
  })

  test('is nothing when nothing has happened', () => {
    const state = fold([{ type: 'item', key: 'a', value: {}, headers: { operation: 'insert' } }])
    expect(changesSince(state, state.marks.seq)!.size).toBe(0)
  })

  test('is known from a stored log as well, as far as it reaches', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), fc.nat(60), (events, cut) => {
        const whole = fold(events)
        const revived: State = { ...whole, removals: new Removals(structuredClone(whole.removals.stored())) }
        expect(brought(fold(events.slice(0, cut)), revived)).toEqual(rowsOf(whole))
      }),
    )
  })
})

describe('the log of removals', () => {
  test('forgets the oldest, and says so', () => {
    const removals = new Removals()
    for (let seq = 0; seq < 30_000; seq += 1) removals.note(seq, 'items', String(seq))
    expect(removals.since(0)).toBe(null)
    expect(removals.since(29_998)!.map((removal) => removal.key)).toEqual(['29998', '29999'])
    const { floor, entries } = removals.stored()
    expect(entries.length).toBe(500)
    expect(floor).toBe(29_500)
    expect(new Removals({ floor, entries }).since(29_499)).toBe(null)
    expect(new Removals({ floor, entries }).since(29_500)!.length).toBe(500)
  })

  test('knows nothing for sure of a number at which some were forgotten', () => {
    const removals = new Removals()
    // A reset removes any number of rows at one number.
    for (let row = 0; row < 700; row += 1) removals.note(5, 'items', String(row))
    const stored = new Removals(removals.stored())
    expect(stored.since(5)).toBe(null)
    expect(stored.since(6)).toEqual([])
  })
})
