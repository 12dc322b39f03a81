import { isTooDeep, MOST_VALUE_LEVELS } from '../shared/depth.ts'
import { describe, SidestreamError } from '../shared/errors.ts'
import type { RowData } from '../shared/row.ts'
import { isRecord } from '../shared/rules.ts'

/**
 * A row in the form in which it comes back from the stream: dates are strings, and fields that are undefined are gone. `_seq` is left
 * out, because the engine sets it.
 * @param of the row, for messages
 * @throws SidestreamError `INVALID_ARGUMENT`
 */
export function jsonRow(value: unknown, of: string): RowData {
  const row = jsonValue(value, of)
  if (!isRecord(row)) throw invalid(`${of} has a value that is no object`)
  return withoutSeq(row)
}

/**
 * The changed fields of a row. A change to undefined stays among them: it removes the field from the row.
 * @throws SidestreamError `INVALID_ARGUMENT`
 */
export function jsonChanges(changes: object, of: string): RowData {
  return withoutSeq(Object.fromEntries(Object.entries(changes).map(([field, value]) => [field, jsonValue(value, of)])))
}

/** @returns undefined for what JSON leaves out. @throws SidestreamError `INVALID_ARGUMENT` */
export function jsonValue(value: unknown, of: string): unknown {
  let json: unknown
  try {
    const text = JSON.stringify(value) as string | undefined
    json = text === undefined ? undefined : JSON.parse(text)
  } catch (error) {
    throw invalid(`${of} has a value that JSON cannot have: ${describe(error)}`, error)
  }
  if (isTooDeep(json)) throw invalid(`${of} has a value that is nested more than ${String(MOST_VALUE_LEVELS)} levels deep`)
  return json
}

const withoutSeq = ({ _seq, ...row }: RowData): RowData => row

const invalid = (message: string, cause?: unknown): SidestreamError => new SidestreamError('INVALID_ARGUMENT', message, { cause })
