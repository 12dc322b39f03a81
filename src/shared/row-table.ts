import type { RowData } from './row-diff.ts'

/**
 * From so many rows on they cross a port as columns: the tab then has them in less than half the time, and the worker
 * pays about what it saves in cloning (the benchmark's case `columns`; docs/decisions/0015). Below there is nothing to be gained.
 */
export const TABLE_ROWS = 200

/** Rows that have the same fields in the same order, a list of values for each field; the values are as they are in a row. */
export interface RowTable {
  readonly fields: ReadonlyArray<string>
  readonly columns: ReadonlyArray<ReadonlyArray<unknown>>
  readonly count: number
}

/** Rows as they cross a port. */
export type Rows = ReadonlyArray<RowData> | RowTable

/** The rows as a table; as they are when they are fewer than `least`, or not alike. */
export function pack(rows: ReadonlyArray<RowData>, least = TABLE_ROWS): Rows {
  const [first] = rows
  if (rows.length < least || !first) return rows
  const fields = Object.keys(first)
  // Assigned to, it would not become a field.
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
  const slice: RowData[] = []
  for (let index = start; index < Math.min(end, rows.count); index += 1) {
    const row: Record<string, unknown> = {}
    for (let place = 0; place < fields.length; place += 1) row[fields[place]!] = columns[place]![index]
    slice.push(row)
  }
  return slice
}

const isTable = (rows: Rows): rows is RowTable => 'columns' in rows
