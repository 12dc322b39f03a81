import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RowData } from '../../src/shared/row.ts'
import type { Texts, Words } from '../../src/shared/column.ts'
import { countRows, isRowTable, pack, sliceRows, TABLE_ROWS, valuesOf, type RowTable } from '../../src/shared/row-table.ts'

const value = fc.oneof(fc.integer(), fc.string({ maxLength: 3 }), fc.constant(null), fc.boolean(), fc.array(fc.nat(), { maxLength: 2 }), fc.record({ x: fc.nat() }))
/** Values of one kind, which become a column of their own kind. */
const alikeValues = fc.oneof(
  fc.array(fc.oneof(fc.integer(), fc.constantFrom(-0, 0, 2 ** 31, -(2 ** 31), 2 ** 31 - 1)), { minLength: 1, maxLength: 300 }),
  fc.array(fc.oneof(fc.double(), fc.integer()), { minLength: 1, maxLength: 300 }),
  fc.array(fc.constantFrom('open', 'closed', '', '\ud800', 'é'), { minLength: 1, maxLength: 300 }),
  fc.array(fc.string({ maxLength: 2 }), { minLength: 1, maxLength: 600 }),
  fc.array(fc.string({ unit: 'binary', maxLength: 20 }), { minLength: 1, maxLength: 300 }),
  fc.array(fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 20 }), { minLength: 1, maxLength: 300 }),
  fc.array(fc.oneof(fc.constant('open'), fc.constant(null), fc.constant(1)), { minLength: 1, maxLength: 300 }),
)
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

  test('have the values that they had, of whatever kind the column is', () => {
    fc.assert(
      fc.property(alikeValues, alikeValues, fc.nat(300), fc.nat(300), (left, right, start, end) => {
        const rows = left.map((a, index) => ({ a, b: right[index % right.length] }))
        const crossed = structuredClone(pack(rows, 1))
        expect(isRowTable(crossed)).toBe(true)
        for (const [index, row] of sliceRows(crossed, start, end).entries()) {
          expect(Object.is(row['a'], rows[start + index]!.a)).toBe(true)
          expect(Object.is(row['b'], rows[start + index]!.b)).toBe(true)
        }
        expect(valuesOf(crossed, 'a')).toEqual(left)
        expect(valuesOf(crossed, 'c')).toEqual([])
      }),
    )
  })

  test('are small: numbers as bytes, and a text of few different ones once', () => {
    const rows = Array.from({ length: 1000 }, (_, n) => ({ n, at: n + 0.5, word: `word ${String(n % 10)}`, text: `text ${String(n)}` }))
    const table = pack(rows) as RowTable
    expect(table.columns.map((column) => column.constructor.name)).toEqual(['Int32Array', 'Float64Array', 'Object', 'Object'])
    expect((table.columns[2] as Words).words).toHaveLength(10)
    expect((table.columns[3] as Texts).text).toBe(rows.map(({ text }) => text).join(''))
  })

  test('leave texts alone that would be larger as one, or are too long', () => {
    const texts = Array.from({ length: 300 }, (_, n) => `text ${String(n)}`)
    for (const odd of ['it’s', 'x'.repeat(65536)]) {
      const { columns } = pack([...texts, odd].map((text) => ({ text }))) as RowTable
      expect(columns[0]).toEqual([...texts, odd])
    }
    const long = [...texts, 'x'.repeat(65535)]
    expect(valuesOf(structuredClone(pack(long.map((text) => ({ text })))), 'text')).toEqual(long)
  })

  test('that are not whole are refused', () => {
    const table = pack([{ a: 1, b: 'x' }], 1) as RowTable
    const [numbers, words] = table.columns as [Int32Array, Words]
    const broken: unknown[] = [null, [], { ...table, count: 2 }, { ...table, fields: ['a'] }, { ...table, fields: ['a', '__proto__'] }, { ...table, fields: ['a', 1] }, { ...table, columns: [numbers, 'x'] }]
    const columns = [{ ...words, places: [0] }, { ...words, places: Uint8Array.of(1) }, { ...words, places: Uint8Array.of(0, 0) }, { words: [1], places: Uint8Array.of(0) }, { words: 'x', places: Uint8Array.of(0) }, {}, Float64Array.of(1, 2), { text: 'ab', lengths: Uint16Array.of(1) }, { text: 'ab', lengths: Uint16Array.of(2, 0) }, { text: 'a', lengths: [1] }, { text: 1, lengths: Uint16Array.of(1) }, { lengths: Uint16Array.of(1) }]
    for (const each of [...broken, ...columns.map((column) => ({ ...table, columns: [numbers, column] }))]) expect(isRowTable(each)).toBe(false)
    expect(isRowTable(table)).toBe(true)
  })

  test('are packed only when they are many and alike', () => {
    const rows = many([{ a: 1, b: 2 }], TABLE_ROWS)
    expect(pack(rows)).toMatchObject({ fields: ['a', 'b'], count: TABLE_ROWS })
    const kept = [rows.slice(1), [...rows.slice(1), { b: 2, a: 1 }], [...rows.slice(1), { a: 1 }], [...rows.slice(1), { a: 1, b: 2, c: 3 }], []]
    for (const each of kept) expect(pack(each)).toBe(each)
  })
})
