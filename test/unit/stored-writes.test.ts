import { expect, test } from 'vitest'
import type { RowData } from '../../src/shared/row.ts'
import { StoredWrites } from '../../src/worker/tabs/stored-writes.ts'

const rowOf = (_: string, key: string): RowData | null => (key === 'gone' ? null : { id: key })

test('an acknowledgement goes with the last part of a diff', () => {
  const stored = new StoredWrites()
  stored.add({ id: 'w', addresses: [['items', 'a']] }, false)
  expect([stored.hasNews, stored.hasEarly(rowOf)]).toEqual([true, false])
  expect(stored.take(false, rowOf).ids).toEqual([])
  expect(stored.take(true, rowOf).ids).toEqual(['w'])
  expect(stored.take(true, rowOf).ids).toEqual([])
})

test('an early one goes with any batch, and with the present rows of its write', () => {
  const stored = new StoredWrites()
  stored.add({ id: 'w', addresses: [['items', 'a'], ['items', 'gone']] }, true)
  expect(stored.hasEarly(rowOf)).toBe(true)
  const { ids, rows } = stored.take(false, rowOf)
  expect(ids).toEqual(['w'])
  expect(rows.drain(Infinity)).toEqual([{ collection: 'items', rows: [{ id: 'a' }], deleted: ['gone'] }])
  expect(stored.hasEarly(rowOf)).toBe(false)
})

test('what has a row that is not known yet waits until it is known', () => {
  const stored = new StoredWrites()
  stored.add({ id: 'w', addresses: [['items', 'a'], ['items', 'later']] }, true)
  stored.hurry([['items', 'later']])
  const partial = (_: string, key: string): RowData | undefined => (key === 'later' ? undefined : { id: key })
  expect(stored.hasEarly(partial)).toBe(false)
  const waits = stored.take(false, partial)
  expect([waits.ids, waits.rows.size]).toEqual([[], 0])
  stored.hurry([['items', 'b']])
  expect(stored.hasEarly(partial)).toBe(true)
  expect(stored.take(false, partial).rows.drain(Infinity)).toEqual([{ collection: 'items', rows: [{ id: 'b' }], deleted: [] }])
  expect(stored.hasEarly(rowOf)).toBe(true)
  const { ids, rows } = stored.take(false, rowOf)
  expect([ids, rows.drain(Infinity)]).toEqual([['w'], [{ collection: 'items', rows: [{ id: 'a' }, { id: 'later' }], deleted: [] }]])
})

test('one that the tab did not take comes again: with the state, or at once where there is no state to show', () => {
  const stored = new StoredWrites()
  stored.add({ id: 'w', addresses: [['items', 'a']] }, true)
  stored.take(false, rowOf)
  stored.putBack(true)
  const again = stored.take(false, rowOf)
  expect([again.ids, again.rows.size]).toEqual([['w'], 1])
  stored.putBack(false)
  expect(stored.take(false, rowOf).ids).toEqual([])
  expect(stored.take(true, rowOf).ids).toEqual(['w'])
  expect(stored.goneEarly).toEqual({ items: ['a'] })
})
