import type { StandardSchemaV1 } from '@standard-schema/spec'

type Result = StandardSchemaV1.Result<unknown>

const isRefusal = (result: Result | Promise<Result>): boolean => !(result instanceof Promise) && result.issues !== undefined

/**
 * A collection's schema for TanStack DB, which validates a row when the application changes it. A row has two fields that the
 * application did not write: `_seq`, and its key as a string. When the schema refuses the row (a strict schema, or a numeric
 * key), it validates the row without `_seq`, then also with the key as a number.
 */
export function rowSchema(schema: StandardSchemaV1, primaryKey: string): StandardSchemaV1 {
  const { version, vendor, validate } = schema['~standard']
  return {
    '~standard': {
      version,
      vendor,
      validate: (value) => {
        const given = validate(value)
        if (!isRefusal(given) || !isRow(value) || !Object.hasOwn(value, '_seq')) return given
        const { _seq, ...own } = value
        const plain = validate(own)
        if (!isRefusal(plain)) return plain
        const key = numberOf(own[primaryKey])
        const numeric = key === null ? plain : validate({ ...own, [primaryKey]: key })
        // The report without `_seq`, because the application did not write that field.
        return isRefusal(numeric) ? plain : numeric
      },
    },
  }
}

/**
 * A row's key as the schema wants it: as the string that rows have, or as a number. An update event has the whole row, and every
 * reader checks it with the schema.
 */
export function keyFor(schema: StandardSchemaV1, primaryKey: string, row: Readonly<Record<string, unknown>>): unknown {
  const { _seq, ...own } = row
  const { validate } = schema['~standard']
  const key = numberOf(own[primaryKey])
  return key !== null && isRefusal(validate(own)) && !isRefusal(validate({ ...own, [primaryKey]: key })) ? key : own[primaryKey]
}

const isRow = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** The number whose text is the key; null when there is none. */
function numberOf(key: unknown): number | null {
  const number = typeof key === 'string' ? Number(key) : NaN
  return String(number) === key ? number : null
}
