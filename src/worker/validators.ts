import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe } from '../shared/errors.ts'
import type { StreamStateDefinition } from '../shared/state-schema.ts'
import type { Validator } from './core/materialize.ts'

/** Validators of a schema's collections, by collection name. */
export function validatorsOf(state: StreamStateDefinition): ReadonlyMap<string, Validator> {
  return new Map(Object.entries(state).map(([name, { schema }]) => [name, validatorOf(schema)]))
}

/**
 * Judges only: rows stay as they are on the wire, as in @durable-streams/state. A validator that throws refuses. One that
 * answers with a promise cannot be heeded, because events are materialized in order and at once; its rows are taken.
 */
function validatorOf(schema: StandardSchemaV1): Validator {
  return (value) => {
    try {
      const result = schema['~standard'].validate(value)
      if (result instanceof Promise) {
        result.catch(() => undefined)
        return null
      }
      return result.issues === undefined ? null : result.issues.map(({ message }) => message).join(', ') || 'no reason given'
    } catch (error) {
      return describe(error)
    }
  }
}
