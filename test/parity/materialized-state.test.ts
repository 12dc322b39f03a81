// @vitest-environment-options {"own":"parity/materialized-state"}
import { outcomeOf, same } from './harness.ts'
import { insert, remove, update } from './schema.ts'
import type { ChangeEvent } from '@durable-streams/state'

const event = (change: object): ChangeEvent => change as ChangeEvent

same('folds inserts, updates, upserts and deletes', ({ library }) => {
  const state = new library.MaterializedState()
  state.apply(event(insert('1', { name: 'Ada' })))
  state.applyBatch([insert('2', { name: 'Bob' }), update('1', { age: 36 }), { ...insert('3', 'text'), headers: { operation: 'upsert' } }, remove('2')].map(event))
  return [state.get('user', '1'), state.get('user', '2'), state.get('user', '3'), [...state.getType('user')], state.types, state.typeCount]
}, [{ age: 36 }, undefined, 'text', [['1', { age: 36 }], ['3', 'text']], ['user'], 1])

same('knows nothing of what it has not seen', ({ library }) => {
  const state = new library.MaterializedState()
  return [state.get('user', '1'), state.getType('user'), state.types, state.typeCount]
}, [undefined, new Map(), [], 0])

same('forgets everything at clear()', ({ library }) => {
  const state = new library.MaterializedState()
  state.apply(event(insert('1', 1)))
  state.clear()
  return [state.get('user', '1'), state.typeCount]
}, [undefined, 0])

same('keeps a type whose entries are all deleted', ({ library }) => {
  const state = new library.MaterializedState()
  state.apply(event(remove('1')))
  return [state.types, state.getType('user').size]
}, [['user'], 0])

same('ignores an operation that it does not know, but keeps the type', ({ library }) => {
  const state = new library.MaterializedState()
  state.apply({ ...event(insert('1', 1)), headers: { operation: 'merge' as never } })
  return [state.types, state.get('user', '1')]
}, [['user'], undefined])

same('an event without headers throws', async ({ library }) => {
  const state = new library.MaterializedState()
  const outcome = (await outcomeOf(() => { state.apply({ type: 'user', key: '1' } as never) })) as { isError?: boolean }
  return outcome.isError
}, true)


