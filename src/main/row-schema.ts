import type { StandardSchemaV1 } from '@standard-schema/spec'

type Result = StandardSchemaV1.Result<unknown>

const isRefusal = (result: Result | Promise<Result>): boolean => !(result instanceof Promise) && result.issues !== undefined

/**
 * A collection's schema as TanStack DB asks it, which is when the application changes a row. A row has two fields that the
 * application did not write: `_seq`, and its key as a string. A schema that knows neither (a strict one, one with a numeric key)
 * is asked about the row without the first, and with the key as a number.
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
        // What is wrong with `_seq` is none of the application's business.
        return isRefusal(numeric) ? plain : numeric
      },
    },
  }
}

const isRow = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** The number that a key was made of. */
function numberOf(key: unknown): number | null {
  const number = typeof key === 'string' ? Number(key) : NaN
  return String(number) === key ? number : null
}
