import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RowDiff } from '../../src/shared/row-diff.ts'
import type { RowData } from '../../src/shared/row.ts'
import { emptyState, type State } from '../../src/worker/core/materialize.ts'
import { SegmentDirectory, SEGMENT_ENTRIES, type Segment } from '../../src/worker/core/segment-directory.ts'

const COLLECTION = { name: 'rows', type: 'row', primaryKey: 'id' }

/** What a reader of the stored segments makes of them. */
function read(stored: Map<number, Segment>): Map<string, RowData> {
  const rows = new Map<string, RowData>()
  for (const id of [...stored.keys()].sort((a, b) => a - b)) {
    const segment = stored.get(id)!
    for (const row of segment.rows) rows.set(row['id'] as string, row)
    for (const key of segment.deleted) rows.delete(key)
  }
  return rows
}

function commit(directory: SegmentDirectory, stored: Map<number, Segment>, changes: RowDiff, state: State): void {
  const plan = directory.plan(changes, state)
  for (const segment of plan.puts) stored.set(segment.id, segment)
  for (const id of plan.drops) stored.delete(id)
}

const reopen = (stored: Map<number, Segment>): SegmentDirectory => {
  const directory = new SegmentDirectory()
  directory.adopt(
    [...stored.values()].sort((a, b) => a.id - b.id),
    (_, row) => row['id'] as string,
  )
  return directory
}

const entriesOf = (stored: Map<number, Segment>): number => {
  let entries = 0
  for (const { rows, deleted } of stored.values()) entries += rows.length + deleted.length
  return entries
}

/** Key numbers; each change writes a fresh value or deletes. */
const change = fc.record({ key: fc.nat({ max: 400 }), gone: fc.boolean(), span: fc.nat({ max: 300 }) })
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('flush' as const), changes: fc.array(change, { maxLength: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
)

describe('segment directory', () => {
  test('stored segments always read back as the state, and waste is bounded', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const stored = new Map<number, Segment>()
        let directory = new SegmentDirectory()
        const state = emptyState([COLLECTION], 'reading')
        const rows = state.rows.get('rows')!
        let version = 0
        for (const item of steps) {
          if (item.kind === 'reopen') {
            directory = reopen(stored)
          } else {
            const diff = new RowDiff()
            for (const { key, gone, span } of item.changes) {
              for (let number = key; number <= key + span; number += 1) {
                const id = `k${String(number)}`
                version += 1
                if (gone) {
                  rows.delete(id)
                  diff.set('rows', id, null)
                } else {
                  const row = { id, version }
                  rows.set(id, row)
                  diff.set('rows', id, row)
                }
              }
            }
            commit(directory, stored, diff, state)
          }
          expect(new Map([...read(stored)].sort())).toEqual(new Map([...rows].sort()))
        }
        for (let round = 0; round < 50 && directory.needsCleaning; round += 1) commit(directory, stored, new RowDiff(), state)
        expect(directory.needsCleaning).toBe(false)
        expect(new Map([...read(stored)].sort())).toEqual(new Map([...rows].sort()))
        expect(entriesOf(stored)).toBeLessThanOrEqual(2 * rows.size + 18 * SEGMENT_ENTRIES)
      }),
      { numRuns: 300 },
    )
  })

  test('keys that come and go leave nothing behind', () => {
    const stored = new Map<number, Segment>()
    const directory = new SegmentDirectory()
    const state = emptyState([COLLECTION], 'reading')
    const rows = state.rows.get('rows')!
    const base = new RowDiff()
    for (let number = 0; number < 2000; number += 1) {
      const row = { id: `base${String(number)}` }
      rows.set(row.id, row)
      base.set('rows', row.id, row)
    }
    commit(directory, stored, base, state)
    for (let round = 0; round < 5000; round += 1) {
      const id = `guest${String(round)}`
      const came = new RowDiff()
      rows.set(id, { id })
      came.set('rows', id, { id })
      commit(directory, stored, came, state)
      const went = new RowDiff()
      rows.delete(id)
      went.set('rows', id, null)
      commit(directory, stored, went, state)
    }
    expect(read(stored).size).toBe(2000)
    expect(entriesOf(stored)).toBeLessThan(2 * 2000 + 2 * SEGMENT_ENTRIES)
    expect(stored.size).toBeLessThan(64)
  })

  test('a plan moves a bounded number of entries', () => {
    const directory = new SegmentDirectory()
    const state = emptyState([COLLECTION], 'reading')
    const rows = state.rows.get('rows')!
    for (let round = 0; round < 60; round += 1) {
      const diff = new RowDiff()
      for (let number = 0; number < 3000; number += 7) {
        const row = { id: `k${String(number)}`, round }
        rows.set(row.id, row)
        diff.set('rows', row.id, row)
      }
      const { puts } = directory.plan(diff, state)
      const written = puts.reduce((sum, segment) => sum + segment.rows.length + segment.deleted.length, 0)
      expect(written).toBeLessThanOrEqual(diff.size + 4 * SEGMENT_ENTRIES)
    }
  })
})
