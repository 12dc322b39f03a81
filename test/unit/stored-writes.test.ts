import { expect, test } from 'vitest'
import type { RowData } from '../../src/shared/row.ts'
import { StoredWrites } from '../../src/worker/tabs/stored-writes.ts'

const rowOf = (_: string, key: string): RowData | null => (key === 'gone' ? null : { id: key })

test('an acknowledgement goes with the last part of a diff', () => {
  const stored = new StoredWrites()
  stored.add({ id: 'w', addresses: [['items', 'a']] }, false)
  expect(stored).toMatchObject({ hasNews: true, hasEarly: false })
  expect(stored.take(false, rowOf).ids).toEqual([])
  expect(stored.take(true, rowOf).ids).toEqual(['w'])
  expect(stored.take(true, rowOf).ids).toEqual([])
})

test('an early one goes with any batch, and with the present rows of its write', () => {
  const stored = new StoredWrites()
  stored.add({ id: 'w', addresses: [['items', 'a'], ['items', 'gone']] }, true)
  expect(stored.hasEarly).toBe(true)
  const { ids, rows } = stored.take(false, rowOf)
  expect(ids).toEqual(['w'])
  expect(rows.drain(Infinity)).toEqual([{ collection: 'items', rows: [{ id: 'a' }], deleted: ['gone'] }])
  expect(stored.hasEarly).toBe(false)
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
