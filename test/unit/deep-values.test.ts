import { expect, test } from 'vitest'
import { emptyState, materialize } from '../../src/worker/core/materialize.ts'

const SHAPE = { name: 'rows', type: 'row', primaryKey: 'id' }
const RULES = { byType: new Map([['row', SHAPE]]), validators: new Map() }

const nested = (levels: number): unknown => JSON.parse('{"o":'.repeat(levels) + '1' + '}'.repeat(levels))
const event = (key: string, value: unknown) => ({ type: 'row', key, value, headers: { operation: 'insert' } })

test('a value too deep to cross a port is quarantined, and the next event is taken', () => {
  const state = emptyState([SHAPE], 'reading')
  const { invalid } = materialize(state, [event('deep', nested(3000)), event('fine', nested(100))], '1', RULES)
  expect([...state.rows.get('rows')!.keys()]).toEqual(['fine'])
  expect(invalid).toMatchObject([{ code: 'NOT_A_ROW', event: null }])
  // What is handed on can be handed on.
  expect(() => structuredClone(invalid)).not.toThrow()
})

test('a deep event of any other kind is reported without being handed on', () => {
  const state = emptyState([SHAPE], 'reading')
  const { invalid } = materialize(state, [nested(3000), JSON.parse('['.repeat(3000) + ']'.repeat(3000))], '1', RULES)
  expect(invalid).toMatchObject([{ code: 'MALFORMED', event: null }, { code: 'MALFORMED', event: null }])
  expect(() => structuredClone(invalid)).not.toThrow()
})
