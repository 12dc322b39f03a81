import { type Column, isColumn, toColumn, valuesIn } from './column.ts'
import type { RowData } from './row.ts'

/** From this number of rows on, rows cross a port as columns; few rows gain nothing (docs/decisions/0015). */
export const TABLE_ROWS = 200

/** Rows with the same fields in the same order. */
export interface RowTable {
  readonly fields: ReadonlyArray<string>
  readonly columns: ReadonlyArray<Column>
  readonly count: number
}

/** Rows as they cross a port, or are stored. */
export type Rows = ReadonlyArray<RowData> | RowTable

/** The rows as a table; unchanged when there are fewer than `least`, or their fields differ. */
export function pack(rows: ReadonlyArray<RowData>, least = TABLE_ROWS): Rows {
  const [first] = rows
  if (rows.length < least || !first) return rows
  const fields = Object.keys(first)
  // An assignment to `__proto__` would not make a field.
  if (fields.includes('__proto__')) return rows
  // Filled by `push`: an array that is made with its length counts as one with holes, which costs the clone twice the time.
  const columns = fields.map((): unknown[] => [])
  for (const row of rows) {
    let place = 0
    for (const field in row) {
      if (field !== fields[place]) return rows
      columns[place]!.push(row[field])
      place += 1
    }
    if (place !== fields.length) return rows
  }
  return { fields, columns: columns.map(toColumn), count: rows.length }
}

export const countRows = (rows: Rows): number => (isTable(rows) ? rows.count : rows.length)

/** The rows from `start` up to `end`, which may be beyond the last one. */
export function sliceRows(rows: Rows, start: number, end: number): ReadonlyArray<RowData> {
  if (!isTable(rows)) return rows.slice(start, end)
  const { fields, columns } = rows
  const last = Math.min(end, rows.count)
  const size = Math.max(0, last - start)
  if (size === 0) return []
  const values = columns.map((column) => valuesIn(column, start, last))
  // A copy of the first row has all fields from the start, and in the right representation: setting a field costs less than adding
  // it.
  const first = Object.fromEntries(fields.map((field, place) => [field, values[place]![0]]))
  const slice = Array.from({ length: size }, (): Record<string, unknown> => ({ ...first }))
  for (const [place, field] of fields.entries()) {
    const own = values[place]!
    for (let index = 1; index < size; index += 1) slice[index]![field] = own[index]
  }
  return slice
}

/** The values of one field, row by row; of a table without the field there are none. */
export function valuesOf(rows: Rows, field: string): ReadonlyArray<unknown> {
  if (!isTable(rows)) return rows.map((row) => row[field])
  const column = rows.columns[rows.fields.indexOf(field)]
  return column ? valuesIn(column, 0, rows.count) : []
}

const isTable = (rows: Rows): rows is RowTable => 'columns' in rows

/** Whether an untrusted value is a table. */
export function isRowTable(value: unknown): value is RowTable {
  if (typeof value !== 'object' || value === null) return false
  const { fields, columns, count } = value as Partial<RowTable>
  if (!Array.isArray(fields) || !Array.isArray(columns) || typeof count !== 'number') return false
  return fields.length === columns.length && fields.every((field) => typeof field === 'string' && field !== '__proto__') && columns.every((column) => isColumn(column, count))
}
