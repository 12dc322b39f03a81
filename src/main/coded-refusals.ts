import { SchemaValidationError, type Collection } from '@tanstack/db'
import type { ErrorCode } from '../shared/errors.ts'

/** When the schema refuses a row, the error is TanStack DB's. Here it gets a `code`, as every error of this library has one. */
export function codeRefusals(collection: Collection<object, string>): void {
  const { insert } = collection
  const update = collection.update.bind(collection) as (...given: ReadonlyArray<unknown>) => unknown
  collection.insert = (...given) => coded(() => insert(...given))
  collection.update = ((...given: ReadonlyArray<unknown>) => coded(() => update(...given))) as typeof collection.update
}

function coded<T>(call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw error instanceof SchemaValidationError ? Object.assign(error, { code: 'VALIDATION_FAILED' satisfies ErrorCode }) : error
  }
}
