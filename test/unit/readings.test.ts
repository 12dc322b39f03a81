import { beforeEach, describe, expect, test } from 'vitest'
import type { StreamBatch } from '../../src/shared/batch.ts'
import type { RowDiff } from '../../src/shared/row-diff.ts'
import { anchorOf } from '../../src/worker/core/anchor.ts'
import { REPORTED_EVENTS } from '../../src/worker/core/materialize.ts'
import { Subsets } from '../../src/worker/core/subsets/subsets.ts'
import { Readings } from '../../src/worker/engine/readings.ts'

const SHAPE = { name: 'items', type: 'item', primaryKey: 'id' }
const MALFORMED = { type: 'item' }

let readings: Readings
beforeEach(() => {
  let ids = 0
  readings = new Readings({
    collections: [SHAPE],
    rules: { byType: new Map([['item', SHAPE]]), validators: new Map() },
    newId: () => `reading ${String((ids += 1))}`,
    subsets: new Subsets({ later: () => undefined, onMoved: () => undefined }),
  })
})

const event = (key: string, n = 0, txid?: string): unknown => ({ type: 'item', key, value: { n }, headers: { operation: 'upsert', ...(txid !== undefined && { txid }) } })
const batch = (items: ReadonlyArray<unknown>, offset = '5', upToDate = true): StreamBatch => ({ items, offset, upToDate, streamClosed: false })
const changed = (diff: RowDiff | null | undefined): unknown => Object.fromEntries([...(diff?.entries() ?? [])].flatMap(([, changes]) => [...changes].map(([key, row]) => [key, row && row['n']])))
const shown = (): unknown => Object.fromEntries([...readings.visible.rows.get('items')!].map(([key, row]) => [key, row['n']]))

describe('an answer that has begun', () => {
  test('gives its rows, each item once, and has no offset', () => {
    const items = [event('a', 1), event('b', 1), event('a', 2), event('c', 1)]
    expect(readings.isAtStart).toBe(true)
    expect(changed(readings.begin(items.slice(0, 2))?.diff)).toEqual({ a: 1, b: 1 })
    expect(changed(readings.begin(items.slice(0, 3))?.base)).toEqual({ a: 2 })
    expect(readings.begin(items.slice(0, 3))).toBeNull()
    expect([readings.isBegun, readings.isAtStart, readings.shown.offset, readings.shown.tail.anchor, readings.shown.state.marks.seq]).toEqual([true, false, '-1', null, 3])
    expect(changed(readings.take(batch(items)).diff)).toEqual({ c: 1 })
    expect([readings.isBegun, readings.shown.offset, readings.shown.state.marks.seq, shown()]).toEqual([false, '5', 4, { a: 2, b: 1, c: 1 }])
  })

  test('tells its txids and its quarantined events with the whole answer, once, and at its offset', () => {
    const items = [event('a', 1, 't1'), MALFORMED, event('b', 1, 't2'), MALFORMED]
    readings.begin(items.slice(0, 2))
    const { txids, invalid } = readings.take(batch(items))
    expect(txids).toEqual(['t1', 't2'])
    expect(invalid.map(({ code, offset }) => [code, offset])).toEqual([['MALFORMED', '5'], ['MALFORMED', '5']])
    expect(readings.shown.state.marks.quarantined.count).toBe(2)
    expect(readings.take(batch([event('d')], '6'))).toMatchObject({ txids: [], invalid: [] })
  })

  test('reports as many quarantined events as an answer that comes at once', () => {
    const items = Array.from({ length: 3 * REPORTED_EVENTS }, () => MALFORMED)
    for (const length of [REPORTED_EVENTS - 1, REPORTED_EVENTS + 1, 2 * REPORTED_EVENTS]) readings.begin(items.slice(0, length))
    expect(readings.take(batch(items)).invalid.length).toBe(REPORTED_EVENTS)
  })

  test.each([3, 1000])('ends with the anchor of all %i items', (count) => {
    const items = Array.from({ length: count }, (_, n) => event(String(n)))
    readings.begin(items.slice(0, count - 1))
    readings.take(batch(items))
    expect(readings.shown.tail.anchor).toEqual(anchorOf('-1', '5', items))
    expect(readings.shown.tail.anchor).toMatchObject({ offset: '-1', events: count })
  })

  test('and that has no further items ends all the same', () => {
    const items = [event('a', 1)]
    readings.begin(items)
    expect(changed(readings.take(batch(items)).diff)).toEqual({})
    expect([readings.isBegun, readings.shown.offset]).toEqual([false, '5'])
  })

  test('and breaks off is replaced by the next one, which is read from the start', () => {
    readings.begin([event('a', 1, 't1'), event('b', 1), MALFORMED])
    readings.breakOff()
    expect([readings.current.offset, readings.isReplacing, readings.isBegun, shown()]).toEqual(['-1', true, true, { a: 1, b: 1 }])
    expect(readings.begin([event('x')])).toBeNull()
    // It comes in two answers, and another read begins between them.
    expect(readings.take(batch([event('b', 2)], '3', false))).toMatchObject({ diff: null, invalid: [] })
    readings.breakOff()
    expect([readings.current.offset, readings.isBegun]).toEqual(['3', true])
    readings.take(batch([event('c', 1, 't2'), MALFORMED], '5'))
    expect(readings.mayBeOlder).toBe(false)
    expect(changed(readings.showNext())).toEqual({ a: null, b: 2, c: 1 })
    expect([readings.isBegun, readings.shown.offset, readings.shown.txids, readings.shown.state.marks.quarantined.count]).toEqual([false, '5', ['t2'], 1])
  })

  test('and breaks off is no measure of the next one, which may have fewer events', () => {
    readings.begin([event('a'), event('b'), event('c')])
    readings.breakOff()
    readings.take(batch([event('a')], '1'))
    expect(readings.mayBeOlder).toBe(false)
    expect(changed(readings.showNext())).toEqual({ a: 0, b: null, c: null })
  })

  test('is over when no rows are to be shown', () => {
    readings.begin([event('a')])
    expect(changed(readings.showNone())).toEqual({ a: null })
    readings.breakOff()
    expect([readings.isBegun, readings.isReplacing, readings.isAtStart]).toEqual([false, false, true])
  })

  test('shows pending writes over its rows', () => {
    readings.lay([[1, [{ kind: 'put', operation: 'insert', collection: 'items', key: 'b', value: { n: 9 } }]]], null)
    expect(changed(readings.begin([event('a', 1), event('b', 1)])?.diff)).toEqual({ a: 1, b: 9 })
  })
})

describe('an answer is not begun', () => {
  test('after a stored or read offset', () => {
    readings.take(batch([event('a')]))
    expect(readings.begin([event('b')])).toBeNull()
    expect(shown()).toEqual({ a: 0 })
  })

  test('when it has no items', () => {
    expect(readings.begin([])).toBeNull()
    readings.breakOff()
    expect([readings.isBegun, readings.isReplacing]).toEqual([false, false])
  })
})
