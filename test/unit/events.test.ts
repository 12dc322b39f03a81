import { describe, expect, test } from 'vitest'
import { isChangeEvent, isControlEvent, parseStateEvent, type StateEvent } from '../../src/shared/events.ts'

const change = { type: 'user', key: '1', value: { id: '1' }, headers: { operation: 'insert' } }
const without = (name: keyof typeof change): object => Object.fromEntries(Object.entries(change).filter(([field]) => field !== name))
const withHeaders = (headers: unknown): object => ({ ...change, headers })
const inherit = (own: object, inherited: object): object => Object.assign(Object.create(inherited) as object, own)
const nullPrototype = (own: object): object => Object.assign(Object.create(null) as object, own)

const CHANGES: Record<string, unknown> = {
  insert: change,
  update: withHeaders({ operation: 'update' }),
  upsert: withHeaders({ operation: 'upsert' }),
  'delete with a value': withHeaders({ operation: 'delete' }),
  'delete without a value': { ...without('value'), headers: { operation: 'delete' } },
  'every optional header': withHeaders({ operation: 'insert', txid: 't', timestamp: '2020-01-01T00:00:00Z', from: 'a', offset: '1' }),
  'optional headers that are null': withHeaders({ operation: 'insert', txid: null, timestamp: null, from: null, offset: null }),
  'unknown headers and fields': { ...change, extra: 1, headers: { operation: 'insert', extra: {} } },
  'an old value': { ...change, old_value: { id: '1' } },
  'a value that is null': { ...change, value: null },
  'a value that is a primitive': { ...change, value: 0 },
  'a value that is a list': { ...change, value: [] },
  '__proto__ as type and key': { ...change, type: '__proto__', key: '__proto__' },
  'constructor as type and key': { ...change, type: 'constructor', key: 'constructor' },
  'an own __proto__ field in the value': JSON.parse('{"type":"user","key":"1","value":{"__proto__":{"x":1}},"headers":{"operation":"insert"}}'),
  'an own __proto__ field in the headers': JSON.parse('{"type":"user","key":"1","value":{},"headers":{"__proto__":{"control":"reset"},"operation":"insert"}}'),
  'no prototype': nullPrototype({ ...change, headers: nullPrototype({ operation: 'insert' }) }),
  'an inherited control': withHeaders(inherit({ operation: 'insert' }, { control: 'reset' })),
  'an empty-looking but non-empty key': { ...change, key: ' ' },
}

const CONTROLS: Record<string, unknown> = {
  reset: { headers: { control: 'reset' } },
  'snapshot-start': { headers: { control: 'snapshot-start' } },
  'snapshot-end with an offset': { headers: { control: 'snapshot-end', offset: '5' } },
  'fields of a change beside it': { ...change, headers: { control: 'reset' } },
  'no prototype': nullPrototype({ headers: nullPrototype({ control: 'reset' }) }),
  'an inherited operation': { headers: inherit({ control: 'reset' }, { operation: 'insert' }) },
}

const MALFORMED: Record<string, unknown> = {
  null: null,
  undefined: undefined,
  'a boolean': true,
  'a number': 0,
  'not a number': NaN,
  'a bigint': 1n,
  'a string': 'insert',
  'a symbol': Symbol('event'),
  'a function': () => change,
  'an empty list': [],
  'a list of events': [change],
  'an empty object': {},
  'no headers': without('headers'),
  'headers that are null': withHeaders(null),
  'headers that are a string': withHeaders('operation'),
  'headers that are a list': withHeaders(['operation']),
  'empty headers': withHeaders({}),
  'an operation and a control': withHeaders({ operation: 'insert', control: 'reset' }),
  'an unknown operation': withHeaders({ operation: 'truncate' }),
  'an operation in capitals': withHeaders({ operation: 'INSERT' }),
  'an operation that is an inherited name': withHeaders({ operation: 'constructor' }),
  'an operation that is no string': withHeaders({ operation: ['insert'] }),
  'an operation that is null': withHeaders({ operation: null }),
  'an unknown control': { headers: { control: 'must-refetch' } },
  'a control that is no string': { headers: { control: { toString: () => 'reset' } } },
  'a control that is null': { headers: { control: null } },
  'a txid that is a number': withHeaders({ operation: 'insert', txid: 1 }),
  'an empty txid': withHeaders({ operation: 'insert', txid: '' }),
  'a timestamp that is a number': withHeaders({ operation: 'insert', timestamp: 1 }),
  'an offset that is an object': withHeaders({ operation: 'insert', offset: {} }),
  'no type': without('type'),
  'an empty type': { ...change, type: '' },
  'a type that is no string': { ...change, type: 7 },
  'no key': without('key'),
  'an empty key': { ...change, key: '' },
  'a key that is a number': { ...change, key: 1 },
  'a key that is null': { ...change, key: null },
  'no value': without('value'),
  'a value that is undefined': { ...change, value: undefined },
  'an update without a value': { ...without('value'), headers: { operation: 'update' } },
  'an inherited type': inherit(without('type'), { type: 'user' }),
  'an inherited key': inherit(without('key'), { key: '1' }),
  'an inherited value': inherit(without('value'), { value: {} }),
  'inherited headers': inherit(without('headers'), { headers: { operation: 'insert' } }),
  'an inherited operation': withHeaders(inherit({}, { operation: 'insert' })),
  'everything inherited through __proto__': JSON.parse('{"__proto__":{"type":"user","key":"1","value":{},"headers":{"operation":"insert"}}}'),
}

const throwing = new Proxy(
  {},
  {
    get: () => {
      throw new Error('hostile')
    },
    has: () => {
      throw new Error('hostile')
    },
    getOwnPropertyDescriptor: () => {
      throw new Error('hostile')
    },
    getPrototypeOf: () => {
      throw new Error('hostile')
    },
  },
)
const revoked = Proxy.revocable({}, {})
revoked.revoke()
const thrower = {
  get headers(): never {
    throw new Error('hostile')
  },
}

/** JSON cannot make these, but the guards are public and promise to be safe on any input. */
const HOSTILE: Record<string, unknown> = {
  'a proxy that throws': throwing,
  'a revoked proxy': revoked.proxy,
  'headers that are a proxy that throws': withHeaders(throwing),
  'a getter that throws': thrower,
}

describe('parseStateEvent', () => {
  test.each(Object.entries(CHANGES))('takes for a change: %s', (_, input) => {
    expect(parseStateEvent(input)).toMatchObject({ kind: 'change' })
    expect(isChangeEvent(input as StateEvent)).toBe(true)
    expect(isControlEvent(input as StateEvent)).toBe(false)
  })

  test.each(Object.entries(CONTROLS))('takes for a control: %s', (_, input) => {
    expect(parseStateEvent(input)).toMatchObject({ kind: 'control' })
    expect(isControlEvent(input as StateEvent)).toBe(true)
    expect(isChangeEvent(input as StateEvent)).toBe(false)
  })

  test.each(Object.entries(MALFORMED))('takes for malformed: %s', (_, input) => {
    expect(parseStateEvent(input)).toEqual({ kind: 'malformed', reason: expect.stringMatching(/\w/) })
    expect(isChangeEvent(input as StateEvent)).toBe(false)
    expect(isControlEvent(input as StateEvent)).toBe(false)
  })

  test.each(Object.entries(HOSTILE))('does not throw on %s', (_, input) => {
    expect(parseStateEvent(input).kind).toBe('malformed')
    expect(isChangeEvent(input as StateEvent)).toBe(false)
    expect(isControlEvent(input as StateEvent)).toBe(false)
  })

  test('hands the event on as it came', () => {
    const parsed = parseStateEvent(change)
    expect(parsed.kind === 'change' && parsed.event).toBe(change)
  })

  test('judges a getter by what it returns', () => {
    const event = { ...change, get headers() { return { operation: 'delete' } } }
    expect(isChangeEvent(event as StateEvent)).toBe(true)
  })
})
