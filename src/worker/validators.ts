import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe } from '../shared/errors.ts'
import type { StreamStateDefinition } from '../shared/state-schema.ts'
import type { Validator } from './core/materialize.ts'

/** Validators of a schema's collections, by collection name. */
export function validatorsOf(state: StreamStateDefinition): ReadonlyMap<string, Validator> {
  return new Map(Object.entries(state).map(([name, { schema }]) => [name, validatorOf(schema)]))
}

/**
 * Only judges rows: they stay as they are on the wire, as in @durable-streams/state. A validator that throws refuses the row. A
 * validator that returns a promise is ignored, and the row is accepted, because events are materialized synchronously, in order.
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
