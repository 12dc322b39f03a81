import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RowData } from '../../src/shared/row.ts'
import { countRows, pack, sliceRows, TABLE_ROWS } from '../../src/shared/row-table.ts'

const value = fc.oneof(fc.integer(), fc.string({ maxLength: 3 }), fc.constant(null), fc.boolean(), fc.array(fc.nat(), { maxLength: 2 }), fc.record({ x: fc.nat() }))
const field = fc.oneof({ weight: 5, arbitrary: fc.constantFrom('a', 'b', 'c', 'constructor', 'length', '0') }, { weight: 1, arbitrary: fc.constant('__proto__') })
const row = (fields: readonly string[]): fc.Arbitrary<RowData> =>
  fc.tuple(...fields.map(() => value)).map((values) => {
    const made = {}
    for (const [place, name] of fields.entries()) Object.defineProperty(made, name, { value: values[place], enumerable: true, configurable: true, writable: true })
    return made
  })
const alike = fc.uniqueArray(field, { maxLength: 4 }).chain((fields) => fc.array(row(fields), { minLength: 1, maxLength: 4 }))
/** Many rows out of few. */
const many = (few: readonly RowData[], count: number): RowData[] => Array.from({ length: count }, (_, index) => few[index % few.length]!)

describe('rows packed as columns', () => {
  test('are the same rows again, field for field and in order, whichever slice is taken', () => {
    fc.assert(
      fc.property(alike, fc.option(fc.nat(TABLE_ROWS)), row(['a', 'b']), fc.nat(TABLE_ROWS), fc.nat(TABLE_ROWS), (few, at, other, start, end) => {
        const rows = many(few, TABLE_ROWS)
        if (at !== null) rows.splice(at, 1, other)
        const crossed = structuredClone(pack(rows))
        expect(countRows(crossed)).toBe(rows.length)
        const slice = sliceRows(crossed, start, end)
        expect(slice).toEqual(rows.slice(start, end))
        expect(slice.map((each) => Object.keys(each))).toEqual(rows.slice(start, end).map((each) => Object.keys(each)))
        for (const each of slice) expect(Object.getPrototypeOf(each)).toBe(Object.prototype)
      }),
    )
  })

  test('are packed only when they are many and alike', () => {
    const rows = many([{ a: 1, b: 2 }], TABLE_ROWS)
    expect(pack(rows)).toMatchObject({ fields: ['a', 'b'], count: TABLE_ROWS })
    const kept = [rows.slice(1), [...rows.slice(1), { b: 2, a: 1 }], [...rows.slice(1), { a: 1 }], [...rows.slice(1), { a: 1, b: 2, c: 3 }], []]
    for (const each of kept) expect(pack(each)).toBe(each)
  })
})
