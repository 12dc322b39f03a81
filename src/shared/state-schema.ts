import type { StandardSchemaV1 } from '@standard-schema/spec'
import { assertDefinitions } from './assert-definitions.ts'
import { SidestreamError } from './errors.ts'
import type { ChangeEvent, Operation } from './events.ts'

/**
 * How much of a collection a tab holds.
 *
 * - `eager` all rows, from the start; the default, as in @durable-streams/state
 * - `on-demand` the rows that the tab's queries ask for, while they do; all other rows stay in the worker
 * - `progressive` first the rows that the tab's queries ask for, then all other rows while the tab is idle
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
  /** How much of the collection a tab holds. Default `eager`. */
  syncMode?: SyncMode
}

type EventHeaders = Omit<Record<string, string>, 'operation'>

/** Typed constructors of change events. Each throws a SidestreamError `VALIDATION_FAILED` or `MISSING_KEY`. */
export interface CollectionEventHelpers<T> {
  /** @param params.key defaults to the value's primary key */
  insert: (params: { key?: string; value: T; headers?: EventHeaders }) => ChangeEvent<T>
  /** @param params.oldValue is validated as well, and sent as `old_value` */
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

/** Reads an own property of an untrusted value. */
const own = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined

/** @throws SidestreamError `VALIDATION_FAILED` when the schema refuses the value; a schema that gives a promise does not */
export function assertValid(schema: StandardSchemaV1, value: unknown, subject: string): void {
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
 * Defines a stream's collections and adds typed constructors of their change events.
 *
 * @param collections collection name → `{ schema, type, primaryKey, syncMode? }`
 * @throws SidestreamError `INVALID_OPTIONS` for a reserved or duplicate name, a definition without schema, type or primary
 * key, `_seq` as primary key, or an unknown sync mode
 */
export function createStateSchema<T extends Record<string, CollectionDefinition>>(collections: T): StateSchema<T> {
  assertDefinitions(collections)
  // fromEntries defines own properties, so that a collection named `__proto__` stays a collection.
  const withHelpers = Object.entries(collections).map(([name, definition]) => [name, { ...definition, ...eventHelpers(definition) }])
  return Object.fromEntries(withHelpers) as StateSchema<T>
}
