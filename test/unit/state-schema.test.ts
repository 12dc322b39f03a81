import { createStateSchema as createPeerSchema } from '@durable-streams/state'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { SidestreamError } from '../../src/shared/errors.ts'
import { createStateSchema } from '../../src/shared/state-schema.ts'

const user = v.object({ id: v.string(), name: v.pipe(v.string('name has to be a string'), v.maxLength(5, 'name is too long')), n: v.optional(v.number()) })
const loose = v.looseObject({})
const definition = {
  users: { schema: user, type: 'user', primaryKey: 'id' },
  loose: { schema: loose, type: 'loose thing', primaryKey: 'key' },
  // As a value of the plain type, so that wrong arguments can be tried.
} as const

type Result = { value: unknown } | { error: string }
type Helpers = Record<string, Record<string, (params: unknown) => unknown>>

function attempt(call: () => unknown): Result {
  try {
    // As it goes over the wire: a field that is undefined is absent there.
    return { value: JSON.parse(JSON.stringify(call())) as unknown }
  } catch (error) {
    return { error: (error as Error).message }
  }
}

const ours = createStateSchema(definition) as unknown as Helpers
const peers = createPeerSchema(definition) as unknown as Helpers

const ada = { id: '1', name: 'Ada' }
const bad = { id: '1', name: 1 }
const CALLS: ReadonlyArray<[collection: string, helper: string, params: unknown]> = (['insert', 'update', 'upsert'] as const)
  .flatMap((helper): [string, string, unknown][] => [
    ['users', helper, { value: ada }],
    ['users', helper, { value: { ...ada, extra: true } }],
    ['users', helper, { key: 'other', value: ada }],
    ['users', helper, { key: '', value: ada }],
    ['users', helper, { value: { ...ada, id: '' } }],
    ['users', helper, { value: bad }],
    ['users', helper, { value: { id: 1, name: 'far too long' } }],
    ['users', helper, { value: null }],
    ['users', helper, { value: 'text' }],
    ['users', helper, {}],
    ['users', helper, { value: ada, headers: { txid: 't', custom: 'x' } }],
    ['users', helper, { value: ada, headers: { operation: 'delete' } }],
    ['loose', helper, { value: {} }],
    ['loose', helper, { value: { key: 0 } }],
    ['loose', helper, { value: { key: false } }],
    ['loose', helper, { value: { key: null } }],
    ['loose', helper, { value: { key: 12.5 } }],
    ['loose', helper, { value: { key: '__proto__', constructor: 1 } }],
    ['loose', helper, { value: JSON.parse('{"key":"1","__proto__":{"a":1}}') }],
    ['loose', helper, { key: 'k', value: {} }],
  ])
  .concat([
    ['users', 'update', { value: ada, oldValue: { id: '1', name: 'Eve' } }],
    ['users', 'update', { value: ada, oldValue: bad }],
    ['users', 'update', { value: bad, oldValue: bad }],
    ['users', 'update', { value: ada, oldValue: null }],
    ['users', 'update', { value: { ...ada, id: '' }, oldValue: bad }],
    ['users', 'update', { value: ada, oldValue: undefined }],
    ['users', 'delete', { key: '1' }],
    ['users', 'delete', { key: '1', headers: { txid: 't' } }],
    ['users', 'delete', { oldValue: ada }],
    ['users', 'delete', { key: '2', oldValue: ada }],
    ['users', 'delete', { oldValue: bad }],
    ['users', 'delete', { key: '1', oldValue: bad }],
    ['users', 'delete', { oldValue: { ...ada, id: '' } }],
    ['users', 'delete', { key: '' }],
    ['users', 'delete', {}],
    ['loose', 'delete', { oldValue: { key: 0 } }],
  ])

const DEFINITIONS: Record<string, Record<string, unknown>> = {
  'no collection': {},
  'one collection': { a: { schema: loose, type: 'a', primaryKey: 'id' } },
  'a duplicate type': { a: { schema: loose, type: 't', primaryKey: 'id' }, b: { schema: loose, type: 't', primaryKey: 'id' } },
  'a reserved name': { a: { schema: loose, type: 'a', primaryKey: 'id' }, preload: { schema: loose, type: 'p', primaryKey: 'id' } },
  'a duplicate type before a reserved name': {
    a: { schema: loose, type: 't', primaryKey: 'id' },
    b: { schema: loose, type: 't', primaryKey: 'id' },
    utils: { schema: loose, type: 'u', primaryKey: 'id' },
  },
  'further properties': { a: { schema: loose, type: 'a', primaryKey: 'id', note: 'kept' } },
  ...Object.fromEntries(['collections', 'close', 'utils', 'actions'].map((name) => [`reserved: ${name}`, { [name]: { schema: loose, type: 'x', primaryKey: 'id' } }])),
}

describe('createStateSchema, beside the peer', () => {
  test.each(CALLS.map(([collection, helper, params]) => [collection, helper, JSON.stringify(params), params] as const))(
    '%s.%s(%s) gives the same',
    (collection, helper, _, params) => {
      expect(attempt(() => ours[collection]![helper]!(params))).toEqual(attempt(() => peers[collection]![helper]!(params)))
    },
  )

  test.each(Object.entries(DEFINITIONS))('defines the same, or refuses with the same words: %s', (_, state) => {
    const shape = (create: (state: never) => object): Result => attempt(() => Object.entries(create(state as never)).map(([name, given]) => [name, { ...given, schema: null }, Object.keys(given).sort()]))
    expect(shape(createStateSchema)).toEqual(shape(createPeerSchema))
  })
})

describe('createStateSchema, where the peer is broken or silent', () => {
  const { users } = createStateSchema(definition)
  const code = (call: () => unknown): string | undefined => {
    try {
      call()
      return undefined
    } catch (error) {
      return error instanceof SidestreamError ? error.code : `not ours: ${String(error)}`
    }
  }

  test('throws coded errors', () => {
    expect(code(() => users.insert({ value: bad as never }))).toBe('VALIDATION_FAILED')
    expect(code(() => users.insert({ value: { ...ada, id: '' } }))).toBe('MISSING_KEY')
    expect(code(() => users.delete({}))).toBe('MISSING_KEY')
    expect(code(() => createStateSchema({ close: definition.users }))).toBe('INVALID_OPTIONS')
    expect(code(() => createStateSchema({ a: definition.users, b: definition.users }))).toBe('INVALID_OPTIONS')
  })

  test('needs a type and a primary key', () => {
    expect(code(() => createStateSchema({ a: { ...definition.users, type: '' } }))).toBe('INVALID_OPTIONS')
    expect(code(() => createStateSchema({ a: { ...definition.users, primaryKey: '' } }))).toBe('INVALID_OPTIONS')
    expect(code(() => createStateSchema({ a: { schema: user, type: 'a' } as never }))).toBe('INVALID_OPTIONS')
  })

  test('never makes a key of a missing field', () => {
    const { loose: things } = createStateSchema(definition)
    expect(code(() => things.delete({ oldValue: { name: 'no key' } as never }))).toBe('MISSING_KEY')
    expect(code(() => things.insert({ value: null as never }))).not.toMatch(/^not ours/)
  })

  test('does not take an inherited field for a key', () => {
    const odd = createStateSchema({ things: { schema: loose, type: 'thing', primaryKey: 'constructor' } })
    expect(code(() => odd.things.insert({ value: {} as never }))).toBe('MISSING_KEY')
    expect(odd.things.insert({ value: { constructor: 'c' } as never }).key).toBe('c')
  })

  test('takes a result with issues that are undefined for valid, as Standard Schema allows', () => {
    const schema = { '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value, issues: undefined }) } }
    const { things } = createStateSchema({ things: { schema, type: 'thing', primaryKey: 'id' } })
    expect(things.insert({ value: { id: '1' } })).toEqual({ type: 'thing', key: '1', value: { id: '1' }, headers: { operation: 'insert' } })
  })

  test('keeps a collection named __proto__', () => {
    const state = createStateSchema(Object.fromEntries([['__proto__', definition.users]]))
    expect(Object.keys(state)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(state)).toBe(Object.prototype)
  })

  test('hands the value on as it came, not as the schema would have it', () => {
    const schema = v.object({ id: v.string(), n: v.pipe(v.string(), v.transform(Number)) })
    const { things } = createStateSchema({ things: { schema: schema as never, type: 'thing', primaryKey: 'id' } })
    const value = { id: '1', n: '7', unknown: 1 }
    expect(things.insert({ value: value as never }).value).toBe(value)
  })

  test('has helpers that can be taken off and called', () => {
    const { insert } = users
    expect(insert({ value: ada }).key).toBe('1')
  })
})
