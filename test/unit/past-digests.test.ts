import fc from 'fast-check'
import { expect, test } from 'vitest'
import { emptyState, materialize, type Marks } from '../../src/worker/core/materialize.ts'
import { mayBeOlder } from '../../src/worker/core/past-digests.ts'

const SHAPE = { name: 'items', type: 'item', primaryKey: 'id' }
const RULES = { byType: new Map([['item', SHAPE]]), validators: new Map() }

const event = fc.record({ type: fc.constant('item'), key: fc.constantFrom('a', 'b', 'c'), value: fc.record({ n: fc.nat() }), headers: fc.constant({ operation: 'upsert' }) })
const control = fc.constantFrom({ headers: { control: 'reset' } }, { headers: { control: 'snapshot-start' } })
const events = fc.array(fc.oneof({ weight: 9, arbitrary: event }, control), { maxLength: 80 })

function read(items: ReadonlyArray<unknown>): Marks & { offset: string } {
  const state = emptyState([SHAPE], 'x')
  const offset = String(items.length).padStart(3, '0')
  materialize(state, items, offset, RULES)
  return { ...state.marks, offset }
}

test('a shorter beginning of a stream may be an older copy of it', () => {
  fc.assert(
    fc.property(events, fc.nat(), (items, cut) => {
      const beginning = items.slice(0, cut % (items.length + 1))
      expect(mayBeOlder(read(beginning), read(items))).toBe(beginning.length < items.length)
    }),
  )
})

test('a stream whose first event is another one is no older copy, however long', () => {
  fc.assert(
    fc.property(events, events, (items, others) => {
      const first = { type: 'item', key: 'a', value: { n: -1 }, headers: { operation: 'upsert' } }
      expect(mayBeOlder(read([first, ...others]), read(items))).toBe(false)
    }),
  )
})

test('of a cache without them only nothing at all may be an older copy', () => {
  const { pastDigests: _, ...held } = read([{ type: 'item', key: 'a', value: {}, headers: { operation: 'upsert' } }])
  expect(mayBeOlder(read([]), held)).toBe(true)
})
