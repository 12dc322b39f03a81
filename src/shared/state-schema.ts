import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe, SidestreamError } from './errors.ts'
import type { ChangeEvent, Operation } from './events.ts'

/**
 * How much of a collection a tab holds.
 *
 * - `eager` all of it, from the start; the default, and what @durable-streams/state does
 * - `on-demand` what its queries ask for, for as long as they do; the rest stays in the worker
 * - `progressive` what its queries ask for at once, and the rest bit by bit while the tab is idle
 */
export type SyncMode = 'eager' | 'on-demand' | 'progressive'

/** One collection of a stream's state. Follows `CollectionDefinition` of @durable-streams/state. */
export interface CollectionDefinition<T = unknown> {
  /** Standard Schema for the collection's rows. */
  schema: StandardSchemaV1<T>
  /** The `type` of the change events that belong to this collection. */
  type: string
  /** The field of a row that holds its key. */
  primaryKey: string
  /** How much of it a tab holds. Default `eager`. */
  syncMode?: SyncMode
}

type EventHeaders = Omit<Record<string, string>, 'operation'>

/** Typed constructors of change events; each throws `VALIDATION_FAILED` or `MISSING_KEY`. */
export interface CollectionEventHelpers<T> {
  /** @param params.key defaults to the value's primary key */
  insert: (params: { key?: string; value: T; headers?: EventHeaders }) => ChangeEvent<T>
  /** @param params.oldValue is validated as well and sent as `old_value` */
  update: (params: { key?: string; value: T; oldValue?: T; headers?: EventHeaders }) => ChangeEvent<T>
  /** @param params.key defaults to the primary key of `oldValue` */
  delete: (params: { key?: string; oldValue?: T; headers?: EventHeaders }) => ChangeEvent<T>
  upsert: (params: { key?: string; value: T; headers?: EventHeaders }) => ChangeEvent<T>
}

export type CollectionWithHelpers<T = unknown> = CollectionDefinition<T> & CollectionEventHelpers<T>

/** Collection name → definition. */
export type StreamStateDefinition = Record<string, CollectionDefinition>

export type StateSchema<T extends Record<string, CollectionDefinition>> = {
  [K in keyof T]: CollectionWithHelpers<T[K] extends CollectionDefinition<infer U> ? U : unknown>
}

const SYNC_MODES: ReadonlyArray<unknown> = [undefined, 'eager', 'on-demand', 'progressive']
/** Every row has its event's number here. */
const SEQ_FIELD = '_seq'
const RESERVED_NAMES = ['collections', 'preload', 'close', 'utils', 'actions']

/** Reads an own property of an untrusted value. */
const own = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined

function assertValid(schema: StandardSchemaV1, value: unknown, subject: string): void {
  const result = schema['~standard'].validate(value)
  if (!('issues' in result) || result.issues === undefined) return
  throw new SidestreamError(
    'VALIDATION_FAILED',
    `Validation failed for ${subject}: ${result.issues.map((issue) => issue.message).join(', ')}`,
  )
}

function keyOf(key: string | undefined, row: unknown, primaryKey: string, missing: string): string {
  const derived = key ?? own(row, primaryKey)
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- as in @durable-streams/state
  const text = derived === undefined || derived === null ? '' : String(derived)
  if (text === '') throw new SidestreamError('MISSING_KEY', missing)
  return text
}

function eventHelpers<T>({ type, primaryKey, schema }: CollectionDefinition<T>): CollectionEventHelpers<T> {
  const missing = (operation: Operation, what: string): string => `Cannot create ${type} ${operation} event: must provide either 'key' or ${what}`
  const write = (operation: Exclude<Operation, 'delete'>, params: { key?: string; value: T; oldValue?: T; headers?: EventHeaders }) => {
    assertValid(schema, params.value, `${type} ${operation}`)
    if (params.oldValue !== undefined) assertValid(schema, params.oldValue, `${type} ${operation} (oldValue)`)
    const key = keyOf(params.key, params.value, primaryKey, missing(operation, `a value with a non-empty '${primaryKey}' field`))
    return { type, key, value: params.value, headers: { ...params.headers, operation } }
  }
  return {
    insert: (params) => write('insert', params),
    upsert: (params) => write('upsert', params),
    update: (params) => {
      const { headers, ...event } = write('update', params)
      return { ...event, ...oldValueOf(params), headers }
    },
    delete: (params) => {
      if (params.oldValue !== undefined) assertValid(schema, params.oldValue, `${type} delete (oldValue)`)
      const key = keyOf(params.key, params.oldValue, primaryKey, missing('delete', `'oldValue' with a ${primaryKey} field`))
      return { type, key, ...oldValueOf(params), headers: { ...params.headers, operation: 'delete' } }
    },
  }
}

const oldValueOf = <T>({ oldValue }: { oldValue?: T }): { old_value?: T } =>
  oldValue === undefined ? {} : { old_value: oldValue }

/**
 * Checks definitions, whoever has made them.
 * @throws SidestreamError `INVALID_OPTIONS` for a reserved name, a type that two have, and a definition that is impossible
 */
export function assertDefinitions(collections: StreamStateDefinition): void {
  const fail = (message: string): never => {
    throw new SidestreamError('INVALID_OPTIONS', message)
  }
  const given: unknown = collections
  if (typeof given !== 'object' || given === null || Array.isArray(given)) fail('the collections are no object of definitions')
  const reserved = Object.keys(collections).find((name) => RESERVED_NAMES.includes(name))
  if (reserved !== undefined) {
    fail(`Reserved collection name "${reserved}" - this would collide with StreamDB properties (${RESERVED_NAMES.join(', ')})`)
  }
  const byType = new Map<string, string>()
  for (const [name, definition] of Object.entries<unknown>(collections)) {
    const [schema, type, primaryKey, syncMode] = ['schema', 'type', 'primaryKey', 'syncMode'].map((field) => (definition as Record<string, unknown> | null | undefined)?.[field])
    if (typeof type !== 'string' || typeof primaryKey !== 'string' || !type || !primaryKey) return fail(`Collection "${name}" needs a type and a primaryKey`)
    if (primaryKey === SEQ_FIELD) fail(`Collection "${name}" cannot have ${SEQ_FIELD} as its primaryKey: each row has the number of its event there`)
    const { validate } = ((schema as Partial<StandardSchemaV1> | null | undefined)?.['~standard'] ?? {}) as { validate?: unknown }
    if (typeof validate !== 'function') fail(`Collection "${name}" needs a schema that is a Standard Schema`)
    if (!SYNC_MODES.includes(syncMode)) fail(`Collection "${name}" has an unknown syncMode: ${describe(syncMode)}`)
    const other = byType.get(type)
    if (other !== undefined) fail(`Duplicate event type "${type}" - used by both "${other}" and "${name}" collections`)
    byType.set(type, name)
  }
}

/**
 * Defines a stream's collections and adds typed constructors of their change events.
 *
 * @throws SidestreamError `INVALID_OPTIONS` for a reserved or duplicate name, a definition without schema, type or primary
 * key, `_seq` as primary key, or an unknown sync mode
 */
export function createStateSchema<T extends Record<string, CollectionDefinition>>(collections: T): StateSchema<T> {
  assertDefinitions(collections)
  // fromEntries defines own properties, so that a collection named `__proto__` stays a collection.
  return Object.fromEntries(Object.entries(collections).map(([name, definition]) => [name, { ...definition, ...eventHelpers(definition) }])) as StateSchema<T>
}
