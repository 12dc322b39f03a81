// @vitest-environment-options {"own":"parity/schema-and-helpers"}
// The README's "Schema Definition" and "Event Helpers", and what its code does at the edges.
import { describe } from 'vitest'
import * as v from 'valibot'
import { differs, outcomeOf, same, type Library } from './harness.ts'
import { schemaOf } from './schema.ts'

const definition = { schema: v.object({ id: v.string() }), type: 'user', primaryKey: 'id' }
const IMPOSSIBLE = 'an impossible definition of a collection'
const wire = (event: unknown): unknown => JSON.parse(JSON.stringify(event))
const ada = { id: '1', name: 'Ada' }
const untyped = (library: Library) => schemaOf(library) as unknown as Record<string, Record<string, (params: object) => unknown>>

describe('createStateSchema', () => {
  same('keeps the definition, and adds the helpers', ({ library }) => {
    const { users } = schemaOf(library)
    return [users.type, users.primaryKey, typeof users.schema['~standard'].validate, Object.keys(users).sort()]
  }, ['user', 'id', 'function', ['delete', 'insert', 'primaryKey', 'schema', 'type', 'update', 'upsert']])

  for (const name of ['collections', 'preload', 'close', 'utils', 'actions']) {
    same(`refuses the reserved name ${name}`, ({ library }) => outcomeOf(() => library.createStateSchema({ [name]: definition })), {
      error: `Reserved collection name "${name}" - this would collide with StreamDB properties (collections, preload, close, utils, actions)`,
      isError: true,
    })
  }

  same('refuses one event type for two collections', ({ library }) => outcomeOf(() => library.createStateSchema({ a: definition, b: definition })), {
    error: 'Duplicate event type "user" - used by both "a" and "b" collections',
    isError: true,
  })

  same('takes a Standard Schema that is written by hand', ({ library }) => {
    const schema = library.createStateSchema({
      users: {
        type: 'user',
        primaryKey: 'id',
        schema: { '~standard': { version: 1, vendor: 'test', validate: (value) => ((value as { id?: unknown }).id ? { value } : { issues: [{ message: 'Invalid user' }] }) } },
      },
    })
    return [wire(schema.users.insert({ value: { id: '1' } })), outcomeOf(() => schema.users.insert({ value: {} }))].at(0)
  }, { type: 'user', key: '1', value: { id: '1' }, headers: { operation: 'insert' } })

  differs(IMPOSSIBLE, 'is refused without a type', ({ library }) => outcomeOf(() => Object.keys(library.createStateSchema({ a: { ...definition, type: '' } }))), {
    peer: ['a'],
    sidestream: { error: 'Collection "a" needs a type and a primaryKey', isError: true },
  })

  differs(IMPOSSIBLE, 'is refused with the primary key _seq', ({ library }) => outcomeOf(() => Object.keys(library.createStateSchema({ a: { ...definition, primaryKey: '_seq' } }))), {
    peer: ['a'],
    sidestream: { error: 'Collection "a" cannot have _seq as its primaryKey: each row has the number of its event there', isError: true },
  })
})

describe('event helpers', () => {
  same('insert takes its key from the value', ({ library }) => wire(schemaOf(library).users.insert({ value: ada })), {
    type: 'user', key: '1', value: ada, headers: { operation: 'insert' },
  })
  same('a key that is given wins', ({ library }) => (['insert', 'update', 'upsert'] as const).map((name) => schemaOf(library).users[name]({ key: 'k', value: ada }).key), ['k', 'k', 'k'])
  same('update carries old_value', ({ library }) => wire(schemaOf(library).users.update({ value: ada, oldValue: { id: '1', name: 'A' } })), {
    type: 'user', key: '1', value: ada, old_value: { id: '1', name: 'A' }, headers: { operation: 'update' },
  })
  same('update without old_value has none on the wire', ({ library }) => wire(schemaOf(library).users.update({ value: ada })), {
    type: 'user', key: '1', value: ada, headers: { operation: 'update' },
  })
  same('delete by key', ({ library }) => wire(schemaOf(library).users.delete({ key: '1' })), { type: 'user', key: '1', headers: { operation: 'delete' } })
  same('delete by oldValue', ({ library }) => wire(schemaOf(library).users.delete({ oldValue: ada })), {
    type: 'user', key: '1', old_value: ada, headers: { operation: 'delete' },
  })
  same('upsert', ({ library }) => wire(schemaOf(library).users.upsert({ value: ada })), { type: 'user', key: '1', value: ada, headers: { operation: 'upsert' } })
  same('headers are passed on; the operation is the helper’s', ({ library }) =>
    wire(untyped(library)['users']!['insert']!({ value: ada, headers: { txid: 't', timestamp: '2026-01-01T00:00:00Z', operation: 'delete' } })), {
    type: 'user', key: '1', value: ada, headers: { txid: 't', timestamp: '2026-01-01T00:00:00Z', operation: 'insert' },
  })
  same('a value is handed on as it is, not as the schema makes it', ({ library }) => {
    const schema = library.createStateSchema({
      a: { schema: v.pipe(v.object({ id: v.string() }), v.transform(() => ({ id: 'changed' }))), type: 'a', primaryKey: 'id' } as never,
    }) as unknown as Record<string, Record<string, (params: object) => unknown>>
    return wire(schema['a']!['insert']!({ value: { id: '1', more: true } }))
  }, { type: 'a', key: '1', value: { id: '1', more: true }, headers: { operation: 'insert' } })
  same('a numeric primary key becomes a string key', ({ library }) => {
    const schema = library.createStateSchema({ a: { schema: v.object({ id: v.number() }), type: 'a', primaryKey: 'id' } })
    return schema.a.insert({ value: { id: 0 } }).key
  }, '0')

  const bad = { id: '1', name: 7 }
  same('refuse a value that the schema refuses, with its messages', async ({ library }) => {
    const { users } = untyped(library)
    const outcomes = [
      await outcomeOf(() => users!['insert']!({ value: bad })),
      await outcomeOf(() => users!['update']!({ value: bad })),
      await outcomeOf(() => users!['upsert']!({ value: bad })),
      await outcomeOf(() => users!['update']!({ value: ada, oldValue: bad })),
      await outcomeOf(() => users!['delete']!({ oldValue: bad })),
    ]
    return outcomes.map((outcome) => (outcome as { error: string }).error)
  }, [
    'Validation failed for user insert: Invalid type: Expected string but received 7',
    'Validation failed for user update: Invalid type: Expected string but received 7',
    'Validation failed for user upsert: Invalid type: Expected string but received 7',
    'Validation failed for user update (oldValue): Invalid type: Expected string but received 7',
    'Validation failed for user delete (oldValue): Invalid type: Expected string but received 7',
  ])
  same('refuse what has no key', async ({ library }) => {
    const { users } = untyped(library)
    const outcomes = [
      await outcomeOf(() => users!['insert']!({ value: { id: '', name: 'Ada' } })),
      await outcomeOf(() => users!['insert']!({ key: '', value: ada })),
      await outcomeOf(() => users!['update']!({ value: { id: '', name: 'Ada' } })),
      await outcomeOf(() => users!['upsert']!({ value: { id: '', name: 'Ada' } })),
      await outcomeOf(() => users!['delete']!({})),
    ]
    return outcomes.map((outcome) => (outcome as { error: string }).error)
  }, [
    "Cannot create user insert event: must provide either 'key' or a value with a non-empty 'id' field",
    "Cannot create user insert event: must provide either 'key' or a value with a non-empty 'id' field",
    "Cannot create user update event: must provide either 'key' or a value with a non-empty 'id' field",
    "Cannot create user upsert event: must provide either 'key' or a value with a non-empty 'id' field",
    "Cannot create user delete event: must provide either 'key' or 'oldValue' with a id field",
  ])
  differs('errors', 'have a code', async ({ library }) => {
    try {
      return schemaOf(library).users.delete({})
    } catch (error) {
      return [(error as Error).name, (error as { code?: string }).code]
    }
  }, { peer: ['Error', undefined], sidestream: ['SidestreamError', 'MISSING_KEY'] })
  differs('a delete helper whose `oldValue` lacks the key', 'refuses it', ({ library }) => {
    const schema = library.createStateSchema({ a: { schema: v.looseObject({}), type: 'a', primaryKey: 'id' } })
    return outcomeOf(() => schema.a.delete({ oldValue: { name: 'Ada' } }).key)
  }, {
    peer: 'undefined',
    sidestream: { error: "Cannot create a delete event: must provide either 'key' or 'oldValue' with a id field", isError: true },
  })
})
