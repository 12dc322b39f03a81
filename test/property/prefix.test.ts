import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RowData } from '../../src/shared/row.ts'
import type { Candidates } from '../../src/worker/core/subsets/members.ts'
import { orderOf } from '../../src/worker/core/subsets/order.ts'
import { PrefixMembers } from '../../src/worker/core/subsets/prefix.ts'

const order = orderOf({ expression: { type: 'ref', path: ['n'] }, direction: 'asc', nulls: 'first', stringSort: 'lexical', locale: null, localeOptions: null })
const matches = (row: RowData): boolean => row['in'] === true

const value = fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 0, max: 30 }) }, { weight: 3, arbitrary: fc.constantFrom(null, undefined) }, { weight: 1, arbitrary: fc.constant('text') })
const row = fc.record({ in: fc.boolean(), n: value })
const change = fc.tuple(fc.integer({ min: 0, max: 60 }).map((key) => `k${String(key)}`), fc.option(row, { freq: 4 }))
const rounds = fc.array(fc.array(change, { minLength: 1, maxLength: 8 }), { maxLength: 30 })

/** The prefix by its definition: the first rows, with all that tie with the last one; all where values have no order. */
function prefixOf(rows: ReadonlyMap<string, RowData>, count: number): string[] {
  const sorted = [...rows].filter(([, each]) => matches(each)).map(([key, each]) => ({ key, value: order.valueOf(each) })).sort(order.compare)
  const kinds = new Set(sorted.map(({ value: each }) => each).filter((each) => each !== null && each !== undefined).map((each) => typeof each))
  const edge = sorted[Math.min(count, sorted.length) - 1]
  return sorted.filter((entry) => kinds.size > 1 || (edge && order.compareValues(entry.value, edge.value) <= 0)).map(({ key }) => key)
}

test('a prefix that follows its rows is the prefix of the rows, and its moves lead from one to the next', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.array(change, { maxLength: 60 }), rounds, (count, first, later) => {
      const rows = new Map<string, RowData>()
      const candidates: Candidates = { all: () => rows, inOrder: () => null, get: (key) => rows.get(key) }
      for (const [key, each] of first) if (each) rows.set(key, each)
      const members = new PrefixMembers(matches, order, count)
      members.fill(candidates)
      const followed = new Set(members.keys)
      const hasText = (): boolean => [...rows.values()].some((each) => each['n'] === 'text' && matches(each))
      let isOrdered = !hasText()
      for (const changes of later) {
        const touched = new Set<string>()
        for (const [key, each] of changes) {
          if (each) rows.set(key, each)
          else rows.delete(key)
          touched.add(key)
        }
        for (const key of touched) members.note(key, rows.get(key) ?? null)
        const { entered, left, changed } = members.settle(candidates)
        expect(entered.filter((key) => followed.has(key))).toEqual([])
        expect(left.filter((key) => !followed.has(key))).toEqual([])
        for (const key of left) followed.delete(key)
        expect(changed.filter((key) => !followed.has(key) || !touched.has(key))).toEqual([])
        for (const key of touched) if (followed.has(key)) expect(changed).toContain(key)
        for (const key of entered) followed.add(key)
        expect([...members.keys].sort()).toEqual([...followed].sort())
        // Once a text was among the numbers the prefix may stay whole, which is right as well.
        isOrdered &&= !hasText()
        const right = prefixOf(rows, count)
        if (isOrdered) expect([...followed].sort()).toEqual(right.sort())
        else for (const key of right) expect(followed).toContain(key)
      }
    }),
    { numRuns: 500 },
  )
})
