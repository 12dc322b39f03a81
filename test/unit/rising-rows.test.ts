import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RowDiff, type DrainedDiff } from '../../src/shared/row-diff.ts'
import type { RowData } from '../../src/shared/row.ts'
import { RisingRows } from '../../src/worker/tabs/rising-rows.ts'

const row = (id: string, n = 0): RowData => ({ id, n })
const all = (_: string): boolean => true

function diffOf(changes: ReadonlyArray<readonly [string, RowData | null]>, collection = 'items'): RowDiff {
  const diff = new RowDiff()
  for (const [key, value] of changes) diff.set(collection, key, value)
  return diff
}

/** What a session does with a diff. */
function publish(rising: RisingRows, pending: RowDiff, diff: RowDiff, { isWhole = all, rises = true } = {}): void {
  rising.forget(diff)
  pending.fold(diff)
  if (rises) rising.take(pending, diff, isWhole)
}

const keysOf = (parts: ReadonlyArray<DrainedDiff>): unknown[] => parts.flatMap(({ rows }) => rows.map(({ id }) => id))
const pendingKeys = (pending: RowDiff): string[] => [...pending.entries()].flatMap(([, changes]) => [...changes.keys()])

describe('rows whose keys rise', () => {
  test('are taken, in their order; the others stay pending', () => {
    const [rising, pending] = [new RisingRows(), new RowDiff()]
    publish(rising, pending, diffOf([['b', row('b')], ['a', row('a')], ['d', row('d')], ['c', row('c')]]))
    publish(rising, pending, diffOf([['d1', row('d1')], ['c1', row('c1')]]))
    expect([rising.size, pending.size]).toEqual([3, 3])
    expect(keysOf(rising.drain(2))).toEqual(['b', 'd'])
    expect(keysOf(rising.drain(2))).toEqual(['d1'])
    expect(pendingKeys(pending)).toEqual(['a', 'c', 'c1'])
  })

  test('rise in each collection by itself, and only where the tab gets all rows', () => {
    const [rising, pending] = [new RisingRows(), new RowDiff()]
    for (const name of ['items', 'users', 'parts']) publish(rising, pending, diffOf([['a', row('a')], ['b', row('b')]], name), { isWhole: (collection) => collection !== 'parts' })
    expect(rising.drain(10).map(({ collection, rows }) => [collection, rows.length])).toEqual([['items', 2], ['users', 2]])
    expect([...pending.entries()].map(([name]) => name)).toEqual(['parts'])
  })

  test('that change after they have gone follow among the pending rows', () => {
    const [rising, pending] = [new RisingRows(), new RowDiff()]
    publish(rising, pending, diffOf([['a', row('a')], ['b', row('b')]]))
    rising.drain(10)
    publish(rising, pending, diffOf([['a', row('a', 1)], ['b', null]]))
    expect([rising.size, pending.drain(10)]).toEqual([0, [{ collection: 'items', rows: [row('a', 1)], deleted: ['b'] }]])
  })

  test('that change before they have gone are forgotten: no older version comes after a newer one', () => {
    const [rising, pending] = [new RisingRows(), new RowDiff()]
    publish(rising, pending, diffOf([['a', row('a')], ['b', row('b')]]))
    publish(rising, pending, diffOf([['a', row('a', 1)]]), { rises: false })
    expect(keysOf(rising.drain(10))).toEqual(['b'])
    expect(pending.drain(10)).toEqual([{ collection: 'items', rows: [row('a', 1)], deleted: [] }])
  })

  test('leave no pending change of an older version behind', () => {
    const [rising, pending] = [new RisingRows(), new RowDiff()]
    publish(rising, pending, diffOf([['a', row('a')], ['k', null]]))
    publish(rising, pending, diffOf([['k', row('k', 1)]]))
    expect([rising.drain(10), pending.size]).toEqual([[{ collection: 'items', rows: [row('a'), row('k', 1)], deleted: [] }], 0])
  })

  test('can be taken out of all pending changes', () => {
    const rising = new RisingRows()
    const pending = diffOf([['b', row('b')], ['a', row('a')], ['c', row('c')]])
    rising.take(pending, pending, all)
    expect([keysOf(rising.drain(10)), pendingKeys(pending)]).toEqual([['b', 'c'], ['a']])
  })

  test('begin anew when they are cleared', () => {
    const [rising, pending] = [new RisingRows(), new RowDiff()]
    publish(rising, pending, diffOf([['z', row('z')]]))
    rising.clear()
    publish(rising, pending, diffOf([['a', row('a')]]))
    expect(keysOf(rising.drain(10))).toEqual(['a'])
  })

  const change = fc.tuple(fc.constantFrom('items', 'users', 'parts'), fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'), fc.boolean())
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ changes: fc.array(change, { maxLength: 6 }), rises: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ drains: fc.integer({ min: 1, max: 4 }) }) },
  )

  test('and the pending ones, applied as they go out, give the rows of all diffs; no row is in both', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const [rising, pending] = [new RisingRows(), new RowDiff()]
        const [expected, shown] = [new Map<string, RowData>(), new Map<string, RowData>()]
        const apply = (parts: ReadonlyArray<DrainedDiff>): void => {
          for (const { collection, rows, deleted } of parts) {
            for (const value of rows) shown.set(`${collection} ${String(value['id'])}`, value)
            for (const key of deleted) shown.delete(`${collection} ${key}`)
          }
        }
        let version = 0
        for (const item of steps) {
          if ('drains' in item) {
            apply(rising.drain(item.drains))
            continue
          }
          const diff = new RowDiff()
          for (const [collection, key, isGone] of item.changes) {
            const value = isGone ? null : row(key, (version += 1))
            diff.set(collection, key, value)
            if (value) expected.set(`${collection} ${key}`, value)
            else expected.delete(`${collection} ${key}`)
          }
          publish(rising, pending, diff, { isWhole: (name) => name !== 'parts', rises: item.rises })
        }
        const waiting = new Set([...pending.entries()].flatMap(([name, changes]) => [...changes.keys()].map((key) => `${name} ${key}`)))
        while (rising.size > 0) {
          const parts = rising.drain(2)
          for (const { collection, rows } of parts) for (const { id } of rows) expect(waiting).not.toContain(`${collection} ${String(id)}`)
          apply(parts)
        }
        while (pending.size > 0) apply(pending.drain(3))
        expect(new Map([...shown].sort())).toEqual(new Map([...expected].sort()))
      }),
      { numRuns: 500 },
    )
  })
})
