import { describe, expect, test } from 'vitest'
import type { DiffBatch } from '../../src/shared/batch.ts'
import { MOST_VALUE_LEVELS } from '../../src/worker/core/depth.ts'
import { emptyState, materialize } from '../../src/worker/core/materialize.ts'
import { ScriptedHost, scriptedHello } from './scripted-engine.ts'
import { ScriptedTab, settled } from './scripted-tab.ts'

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

describe('a tab with onEvent', () => {
  const item = (key: string) => ({ type: 'item', key, value: { id: key }, headers: { operation: 'insert' } })

  /** What the tab is sent of a batch, once its answer has let all of it through. */
  async function sent(items: ReadonlyArray<unknown>): Promise<DiffBatch[]> {
    const world = new ScriptedHost()
    const tab = new ScriptedTab()
    const engine = world.host.admit(scriptedHello({ wantsEvents: true }), tab, new AbortController(), { where: 'page', aliveLock: null })
    engine.start()
    await settled()
    const delivered = world.source.deliver(items, '1')
    for (let answered = 0; answered < 10; answered += 1) {
      await settled()
      if (tab.deliveries.length > 0) tab.last.answer('applied')
    }
    await delivered
    return tab.deliveries.map(({ batch }) => batch)
  }

  test.each([
    ['a row', { ...item('deep'), value: nested(5000) }, 'NOT_A_ROW'],
    ['an event that is none', nested(5000), 'MALFORMED'],
    ['an event of an unknown type', { ...item('deep'), type: 'other', value: nested(5000) }, 'TOO_DEEP'],
    ['what a delete had', { type: 'item', key: 'b', old_value: nested(5000), headers: { operation: 'delete' } }, 'TOO_DEEP'],
    ['a control event', { headers: { control: 'snapshot-end', why: nested(5000) } }, 'TOO_DEEP'],
  ] as Array<[string, unknown, string]>)('gets null for %s nested too deeply, its neighbours as they are, and is told once', async (_, deep, code) => {
    const batches = await sent([item('a'), deep, item('b')])
    const events = batches.flatMap((batch) => batch.events)
    expect(events.flatMap(({ items }) => items)).toEqual([item('a'), null, item('b')])
    expect(events.flatMap(({ changes }) => changes)).toEqual([item('a'), item('b')])
    expect(batches.flatMap(({ invalid }) => invalid)).toMatchObject([{ code, offset: '1', event: null }])
  })

  test('is told of an event that is too deep beside an item that was null from the start', async () => {
    const batches = await sent([null, { ...item('deep'), type: 'other', value: nested(5000) }])
    expect(batches.flatMap(({ invalid }) => invalid).map(({ code }) => code)).toEqual(['MALFORMED', 'TOO_DEEP'])
  })

  test('gets the events of all rows that are shown', async () => {
    const deepest = { ...item('a'), value: nested(MOST_VALUE_LEVELS) }
    const batches = await sent([deepest])
    expect(batches.flatMap(({ diffs }) => diffs)).toMatchObject([{ collection: 'items' }])
    expect(batches.flatMap((batch) => batch.events.flatMap(({ items }) => items))).toEqual([deepest])
  })
})
