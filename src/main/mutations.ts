import { SidestreamError } from '../shared/errors.ts'
import type { RowData } from '../shared/row.ts'
import type { CollectionDefinition, StreamStateDefinition } from '../shared/state-schema.ts'
import type { Mutation, Write } from '../shared/write.ts'
import { jsonChanges, jsonRow } from './json-rows.ts'
import { keyFor } from './row-schema.ts'

/** The parts of a mutation of TanStack DB that are written. */
export interface WrittenMutation {
  readonly type: 'insert' | 'update' | 'delete'
  readonly key: unknown
  readonly modified: object
  readonly changes: object
  readonly collection: object
}

/** The parts of a transaction of TanStack DB that are written. */
export interface WrittenTransaction {
  readonly id: string
  readonly createdAt: Date
  readonly mutations: ReadonlyArray<WrittenMutation>
}

/**
 * The write of a transaction; null when it has no mutations.
 * @param state of the StreamDB
 * @param nameOf the name of a collection of this StreamDB; undefined for another one
 * @throws SidestreamError `INVALID_ARGUMENT`, `MISSING_KEY`
 */
export function writeOf({ id, createdAt, mutations }: WrittenTransaction, state: StreamStateDefinition, nameOf: (collection: object) => string | undefined): Write | null {
  if (mutations.length === 0) return null
  return { id, mutations: mutations.map((mutation) => mutationOf(mutation, state, nameOf)), createdAt: createdAt.getTime() }
}

function mutationOf({ type, key: given, modified, changes, collection: changed }: WrittenMutation, state: StreamStateDefinition, nameOf: (collection: object) => string | undefined): Mutation {
  const collection = nameOf(changed)
  if (collection === undefined) {
    const { id } = changed as { readonly id?: unknown }
    throw new SidestreamError('INVALID_ARGUMENT', `the collection ${String(id)} is not of this StreamDB, which can write its own collections only`)
  }
  const key = String(given)
  const of = `${collection}, key ${key}:`
  switch (type) {
    case 'insert':
      return { kind: 'put', collection, key, value: withKey(jsonRow(modified, of), collection, state[collection]!.primaryKey), operation: 'insert' }
    case 'update':
      return { kind: 'patch', collection, key, changes: { ...jsonChanges(changes, of), ...numericKey(state[collection]!, modified) } }
    case 'delete':
      return { kind: 'remove', collection, key }
  }
}

/** @throws SidestreamError `MISSING_KEY`: an event without a key is malformed, so the row would be lost */
function withKey(row: RowData, collection: string, primaryKey: string): RowData {
  const key = row[primaryKey]
  if (key === undefined || key === null || key === '') throw new SidestreamError('MISSING_KEY', `${collection}: a row needs a value in '${primaryKey}', which is its key`)
  return row
}

/** The key as a number, where the schema wants a number: rows of a collection have their keys as strings. */
function numericKey({ schema, primaryKey }: CollectionDefinition, row: object): RowData {
  const key = keyFor(schema, primaryKey, row as RowData)
  return typeof key === 'number' ? { [primaryKey]: key } : {}
}
