import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe, SidestreamError } from './errors.ts'
import { likeliest } from './likeliest.ts'

const FIELDS = ['schema', 'type', 'primaryKey', 'syncMode']
const HELPERS = ['insert', 'update', 'upsert', 'delete']
const SYNC_MODES: ReadonlyArray<unknown> = [undefined, 'eager', 'on-demand', 'progressive']
/** The field of a row that holds the number of its change event. */
const SEQ_FIELD = '_seq'
const RESERVED_NAMES = ['collections', 'preload', 'close', 'utils', 'actions']

/**
 * Checks definitions of collections, also those that `createStateSchema` has not made.
 * @throws SidestreamError `INVALID_OPTIONS` for a reserved name, a type that two collections share, or an impossible definition
 */
export function assertDefinitions(collections: unknown): void {
  if (typeof collections !== 'object' || collections === null || Array.isArray(collections)) {
    return fail('the collections are no object of definitions')
  }
  const reserved = Object.keys(collections).find((name) => RESERVED_NAMES.includes(name))
  if (reserved !== undefined) {
    fail(`Reserved collection name "${reserved}" - this would collide with StreamDB properties (${RESERVED_NAMES.join(', ')})`)
  }
  const byType = new Map<string, string>()
  for (const [name, definition] of Object.entries(collections as Record<string, unknown>)) {
    const type = typeOf(name, definition)
    const other = byType.get(type)
    if (other !== undefined) fail(`Duplicate event type "${type}" - used by both "${other}" and "${name}" collections`)
    byType.set(type, name)
  }
}

/** @returns the event type of a definition. @throws SidestreamError `INVALID_OPTIONS` */
function typeOf(name: string, definition: unknown): string {
  const { type, primaryKey, schema, syncMode, ...others } = (definition ?? {}) as Record<string, unknown>
  if (typeof type !== 'string' || typeof primaryKey !== 'string' || !type || !primaryKey) {
    return fail(`Collection "${name}" needs a type and a primaryKey`)
  }
  if (primaryKey === SEQ_FIELD) {
    fail(`Collection "${name}" cannot have ${SEQ_FIELD} as its primaryKey: each row has the number of its event there`)
  }
  if (!isStandardSchema(schema)) fail(`Collection "${name}" needs a schema that is a Standard Schema`)
  if (!SYNC_MODES.includes(syncMode)) fail(`Collection "${name}" has an unknown syncMode: ${describe(syncMode)}`)
  // Applications keep their own fields in definitions: only a probable misspelling of a known field is refused.
  for (const field of Object.keys(others)) {
    const meant = HELPERS.includes(field) ? null : likeliest(field, FIELDS)
    if (meant !== null) fail(`Collection "${name}" has a field ${field}; did you mean ${meant}?`)
  }
  return type
}

const isStandardSchema = (schema: unknown): boolean =>
  typeof (schema as Partial<StandardSchemaV1> | null | undefined)?.['~standard']?.validate === 'function'

function fail(message: string): never {
  throw new SidestreamError('INVALID_OPTIONS', message)
}
