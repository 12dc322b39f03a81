import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RowDiff, type DrainedDiff } from '../../src/shared/row-diff.ts'
import type { RowData } from '../../src/shared/row.ts'

const drainAll = (diff: RowDiff, limit: number): DrainedDiff[] => {
  const all: DrainedDiff[] = []
  while (diff.size > 0) all.push(...diff.drain(limit))
  return all
}

/** What a reader has who applies the parts in order; null for a key that is gone. */
function apply(parts: readonly DrainedDiff[]): Map<string, RowData | null> {
  const result = new Map<string, RowData | null>()
  for (const { collection, rows, deleted } of parts) {
    for (const row of rows) result.set(`${collection}/${String(row['id'])}`, row)
    for (const key of deleted) result.set(`${collection}/${key}`, null)
  }
  return result
}

const change = fc.record({ collection: fc.constantFrom('a', 'b', 'c'), key: fc.constantFrom('1', '2', '3', '4', '5'), gone: fc.boolean() })

describe('RowDiff', () => {
  test('folds per row, and drains each row once whatever the limit', () => {
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 8 }), { maxLength: 6 }), fc.integer({ min: 1, max: 20 }), (batches, limit) => {
        const expected = new Map<string, RowData | null>()
        const folded = new RowDiff()
        let version = 0
        for (const batch of batches) {
          const later = new RowDiff()
          for (const { collection, key, gone } of batch) {
            version += 1
            const row = gone ? null : { id: key, version }
            expected.set(`${collection}/${key}`, row)
            later.set(collection, key, row)
          }
          folded.fold(later)
        }
        expect(folded.size).toBe(expected.size)
        const parts = drainAll(folded, limit)
        expect(apply(parts)).toEqual(expected)
        expect(parts.reduce((sum, { rows, deleted }) => sum + rows.length + deleted.length, 0)).toBe(expected.size)
        expect(parts.every(({ rows, deleted }) => rows.length + deleted.length > 0 && rows.length + deleted.length <= limit)).toBe(true)
      }),
    )
  })

  test('drains at most so many rows, oldest first, and keeps the others', () => {
    const diff = new RowDiff()
    for (const id of ['1', '2', '3']) diff.set('a', id, { id })
    diff.set('b', '4', { id: '4' })
    diff.set('a', '1', { id: '1', again: true })
    expect(diff.drain(0)).toEqual([])
    expect(diff.drain(2)).toEqual([{ collection: 'a', rows: [{ id: '1', again: true }, { id: '2' }], deleted: [] }])
    expect(diff.size).toBe(2)
    diff.set('a', '2', null)
    expect(diff.drain(99)).toEqual([
      { collection: 'a', rows: [{ id: '3' }], deleted: ['2'] },
      { collection: 'b', rows: [{ id: '4' }], deleted: [] },
    ])
    expect(diff.drain(99)).toEqual([])
  })

  test('lets the changes of the moment leave in order of key, later ones after them', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ maxLength: 3 })), fc.uniqueArray(fc.string({ maxLength: 3 })), fc.integer({ min: 1, max: 9 }), (early, late, limit) => {
        const diff = new RowDiff()
        for (const id of early) diff.set('a', id, { id })
        diff.sort()
        const first = diff.drain(limit)
        for (const id of late) diff.set('a', id, late.indexOf(id) % 2 ? null : { id, late: true })
        const parts = [...first, ...drainAll(diff, limit)]
        const order = parts.flatMap(({ rows }) => rows.map(({ id }) => id as string))
        const sorted = [...early].sort()
        // Those that were sorted come in order, though some of them have changed or gone meanwhile.
        expect(order.filter((id) => early.includes(id) && !late.includes(id))).toEqual(sorted.filter((id) => !late.includes(id)))
        const expected = new Map<string, RowData | null>(early.map((id) => [`a/${id}`, { id }]))
        for (const [index, id] of late.entries()) expected.set(`a/${id}`, index % 2 ? null : { id, late: true })
        expect(new Map([...apply(parts)].sort())).toEqual(new Map([...expected].sort()))
        expect(diff.size).toBe(0)
      }),
    )
  })

  test('leaves what it folds in alone', () => {
    const [one, other] = [new RowDiff(), new RowDiff()]
    other.set('a', '1', { id: '1' })
    one.fold(other)
    one.set('a', '1', null)
    one.drain(99)
    expect(other.drain(99)).toEqual([{ collection: 'a', rows: [{ id: '1' }], deleted: [] }])
  })

  test('takes names that objects have', () => {
    const diff = new RowDiff()
    diff.set('__proto__', 'constructor', { id: 'constructor' })
    diff.foldRows('constructor', new Map([['__proto__', { id: '__proto__' }]]))
    expect(diff.drain(9)).toEqual([
      { collection: '__proto__', rows: [{ id: 'constructor' }], deleted: [] },
      { collection: 'constructor', rows: [{ id: '__proto__' }], deleted: [] },
    ])
  })

  test('has nothing after clear, and nothing of a collection without rows', () => {
    const diff = new RowDiff()
    diff.foldRows('empty', new Map())
    expect([diff.size, diff.drain(9)]).toEqual([0, []])
    diff.set('a', '1', null)
    diff.clear()
    expect([diff.size, diff.drain(9)]).toEqual([0, []])
  })
})
