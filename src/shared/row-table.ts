import type { RowData } from './row.ts'

/**
 * From this number of rows on, rows cross a port as columns: a large load ends about a tenth sooner. The crossing alone costs the
 * same either way (the benchmark's case `columns`; docs/decisions/0015), and few rows gain nothing.
 */
export const TABLE_ROWS = 200

/** Rows with the same fields in the same order, as one list of values for each field; values stay as they are. */
export interface RowTable {
  readonly fields: ReadonlyArray<string>
  readonly columns: ReadonlyArray<ReadonlyArray<unknown>>
  readonly count: number
}

/** Rows as they cross a port. */
export type Rows = ReadonlyArray<RowData> | RowTable

/** The rows as a table; unchanged when there are fewer than `least`, or their fields differ. */
export function pack(rows: ReadonlyArray<RowData>, least = TABLE_ROWS): Rows {
  const [first] = rows
  if (rows.length < least || !first) return rows
  const fields = Object.keys(first)
  // An assignment to `__proto__` would not make a field.
  if (fields.includes('__proto__')) return rows
  const columns = fields.map((): unknown[] => new Array<unknown>(rows.length))
  for (const [index, row] of rows.entries()) {
    let place = 0
    for (const field in row) {
      if (field !== fields[place]) return rows
      columns[place]![index] = row[field]
      place += 1
    }
    if (place !== fields.length) return rows
  }
  return { fields, columns, count: rows.length }
}

export const countRows = (rows: Rows): number => (isTable(rows) ? rows.count : rows.length)

/** The rows from `start` up to `end`, which may be beyond the last one. */
export function sliceRows(rows: Rows, start: number, end: number): ReadonlyArray<RowData> {
  if (!isTable(rows)) return rows.slice(start, end)
  const { fields, columns } = rows
  const size = Math.max(0, Math.min(end, rows.count) - start)
  // A copy of `blank` has all fields from the start: setting a field costs less than adding it.
  const blank = Object.fromEntries(fields.map((field) => [field, undefined]))
  const slice = Array.from({ length: size }, (): Record<string, unknown> => ({ ...blank }))
  for (const [place, field] of fields.entries()) {
    const column = columns[place]!
    for (let index = 0; index < size; index += 1) slice[index]![field] = column[start + index]
  }
  return slice
}

/** The values of one field, row by row; of a table without the field there are none. */
export const valuesOf = (rows: Rows, field: string): ReadonlyArray<unknown> =>
  isTable(rows) ? (rows.columns[rows.fields.indexOf(field)] ?? []) : rows.map((row) => row[field])

const isTable = (rows: Rows): rows is RowTable => 'columns' in rows
