import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { RowData } from '../../src/shared/row.ts'
import type { Mutation } from '../../src/shared/write.ts'
import { Overlay, PENDING_SEQ, type RowAddress } from '../../src/worker/core/overlay.ts'

// Thousands of runs take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const COLLECTIONS = ['items', 'users'] as const
const primaryKeys = new Map([['items', 'id'], ['users', 'name']])

const address = { collection: fc.constantFrom(...COLLECTIONS), key: fc.constantFrom('a', 'b', 'c', 'd') }
const fields = fc.dictionary(fc.constantFrom('x', 'y', 'z', '__proto__'), fc.integer({ min: 0, max: 3 }), { maxKeys: 3 })
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), ...address, value: fields, operation: fc.constantFrom('insert' as const, 'update' as const, 'upsert' as const) }),
  fc.record({ kind: fc.constant('patch' as const), ...address, changes: fields }),
  fc.record({ kind: fc.constant('remove' as const), ...address }),
)
const step = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), mutations: fc.array(mutation, { minLength: 1, maxLength: 4 }) }),
  fc.record({ kind: fc.constant('several' as const), writes: fc.array(fc.array(mutation, { minLength: 1, maxLength: 3 }), { maxLength: 4 }) }),
  fc.record({ kind: fc.constant('drop' as const), index: fc.nat() }),
  fc.record({ kind: fc.constant('again' as const), index: fc.nat(), mutations: fc.array(mutation, { minLength: 1, maxLength: 3 }) }),
  fc.record({ kind: fc.constant('base' as const), ...address, value: fc.option(fields) }),
)

/** The same rows, made from the beginning. */
function naive(base: ReadonlyMap<string, ReadonlyMap<string, RowData>>, writes: ReadonlyMap<number, ReadonlyArray<Mutation>>): Record<string, Record<string, unknown>> {
  const rows = Object.fromEntries([...base].map(([name, own]) => [name, new Map<string, Record<string, unknown>>(own)]))
  for (const [, mutations] of [...writes].sort(([a], [b]) => a - b)) {
    for (const each of mutations) {
      const own = rows[each.collection]!
      const row = own.get(each.key)
      if (each.kind === 'remove') own.delete(each.key)
      if (each.kind === 'put') own.set(each.key, { ...each.value, _seq: PENDING_SEQ, [primaryKeys.get(each.collection)!]: each.key })
      if (each.kind === 'patch' && row) own.set(each.key, { ...row, ...each.changes, _seq: PENDING_SEQ, [primaryKeys.get(each.collection)!]: each.key })
    }
  }
  return Object.fromEntries(Object.entries(rows).map(([name, own]) => [name, Object.fromEntries([...own].sort(([a], [b]) => (a < b ? -1 : 1)))]))
}

const plain = (rows: ReadonlyMap<string, RowData>): Record<string, unknown> => Object.fromEntries([...rows].sort(([a], [b]) => (a < b ? -1 : 1)))

describe('pending writes over materialized rows', () => {
  test('show what all writes in order make of the rows, whatever comes and goes; and each row that changes is named before', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const base = new Map(COLLECTIONS.map((name) => [name as string, new Map<string, RowData>()]))
        const overlay = new Overlay({ primaryKeys, base: (name) => base.get(name)! })
        const writes = new Map<number, ReadonlyArray<Mutation>>()
        // As a tab has them: it hears of the rows that are named.
        const told = new Map<string, Map<string, RowData>>(COLLECTIONS.map((name) => [name as string, new Map<string, RowData>()]))
        let named: RowAddress[] = []
        const name = (row: RowAddress): void => void named.push(row)
        let [numbers, seq] = [0, 0]
        for (const each of steps) {
          named = []
          switch (each.kind) {
            case 'add':
              numbers += 2
              writes.set(numbers, each.mutations)
              overlay.add([[numbers, each.mutations]], name)
              break
            case 'several': {
              const all = each.writes.map((mutations, index) => [numbers + 2 * index + 2, mutations] as const)
              numbers += 2 * all.length
              for (const [number, mutations] of all) writes.set(number, mutations)
              // Rows are named while they are as they were.
              overlay.add(all, (row) => {
                expect(overlay.rows(row[0]).get(row[1])).toEqual(told.get(row[0])!.get(row[1]))
                name(row)
              })
              break
            }
            case 'again': {
              // Its number is between those of two others.
              const number = (each.index % (numbers + 1)) | 1
              if (writes.has(number)) break
              writes.set(number, each.mutations)
              overlay.add([[number, each.mutations]], name)
              break
            }
            case 'drop': {
              const number = [...writes.keys()][each.index % Math.max(1, writes.size)]
              if (number === undefined) break
              writes.delete(number)
              overlay.drop(number, name)
              break
            }
            case 'base': {
              const own = base.get(each.collection)!
              if (each.value) own.set(each.key, { _seq: (seq += 1), ...each.value, [primaryKeys.get(each.collection)!]: each.key })
              else own.delete(each.key)
              overlay.rebase(each.collection, each.key)
              named.push([each.collection, each.key])
            }
          }
          for (const [collection, key] of named) {
            const row = overlay.rows(collection).get(key)
            if (row) told.get(collection)!.set(key, row)
            else told.get(collection)!.delete(key)
          }
          const expected = naive(base, writes)
          for (const collection of COLLECTIONS) {
            const rows = overlay.rows(collection)
            expect(plain(rows)).toEqual(expected[collection])
            expect(plain(told.get(collection)!)).toEqual(expected[collection])
            expect([rows.size, [...rows.keys()].length, [...rows.values()].length]).toEqual(Array(3).fill(Object.keys(expected[collection]!).length))
            for (const key of ['a', 'b', 'c', 'd']) expect(rows.has(key)).toBe(rows.get(key) !== undefined)
          }
        }
        for (const number of writes.keys()) overlay.drop(number, name)
        expect(overlay.addresses).toEqual([])
      }),
      { numRuns: 1000 },
    )
  })

  test('leave the rows alone that they were made of', () => {
    const base = new Map([['a', { _seq: 1, id: 'a', x: 1 }]])
    const overlay = new Overlay({ primaryKeys, base: () => base })
    overlay.add([[1, [{ kind: 'patch', collection: 'items', key: 'a', changes: { x: 2 } }, { kind: 'remove', collection: 'unknown', key: 'a' }]]], () => undefined)
    expect([overlay.rows('items').get('a'), base.get('a')]).toEqual([{ _seq: PENDING_SEQ, id: 'a', x: 2 }, { _seq: 1, id: 'a', x: 1 }])
    expect(overlay.addresses).toEqual([['items', 'a']])
  })
})
