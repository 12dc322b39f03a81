import { SchemaValidationError, type Collection } from '@tanstack/db'
import type { ErrorCode } from '../shared/errors.ts'

/** A row that the schema refuses: the error stays TanStack DB's, and gets a code like every error of this library. */
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
