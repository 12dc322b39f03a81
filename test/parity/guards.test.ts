// @vitest-environment-options {"own":"parity/guards"}
import { differs, outcomeOf, same } from './harness.ts'
import { insert, remove } from './schema.ts'
import type { StateEvent } from '@durable-streams/state'

const control = (name: string): StateEvent => ({ headers: { control: name as 'reset' } })
const events = [insert('1', {}), remove('1'), control('reset'), control('snapshot-start'), control('snapshot-end')] as StateEvent[]

same('tell change events from control events', ({ library }) => [events.map((event) => library.isChangeEvent(event)), events.map((event) => library.isControlEvent(event))], [
  [true, true, false, false, false],
  [false, false, true, true, true],
])
same('serve as a filter', ({ library }) => [events.filter(library.isChangeEvent).length, events.filter(library.isControlEvent).length], [2, 3])
same('say no to null and undefined', ({ library }) => [null, undefined].flatMap((event) => [library.isChangeEvent(event as never), library.isControlEvent(event as never)]), [false, false, false, false])

const ROW = '`isChangeEvent`, `isControlEvent`'
differs(ROW, 'say no to headers that are null', ({ library }) => outcomeOf(() => library.isChangeEvent({ headers: null } as never)), {
  peer: { error: "Cannot use 'in' operator to search for 'operation' in null", isError: true },
  sidestream: false,
})
differs(ROW, 'say no to an operation that is not known', ({ library }) => library.isChangeEvent({ type: 'user', key: '1', value: {}, headers: { operation: 'merge' } } as never), {
  peer: true,
  sidestream: false,
})
differs('a key that is a number or empty', 'is no key for the guards', ({ library }) => ['', 7].map((key) => library.isChangeEvent(insert(key as string, {}) as never)), {
  peer: [true, true],
  sidestream: [false, false],
})
