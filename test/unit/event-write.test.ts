// @vitest-environment-options {"own":"unit/event-write"}
import * as v from 'valibot'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { eventWrite } from '../../src/main/event-write.ts'
import { createStateSchema } from '../../src/shared/state-schema.ts'

const schema = createStateSchema({
  todos: { schema: v.object({ id: v.string(), text: v.optional(v.string()), when: v.optional(v.date()) }), type: 'todo', primaryKey: 'id' },
  users: { schema: v.object({ id: v.string() }), type: 'user', primaryKey: 'id' },
})
const { todos, users } = schema
const write = (events: unknown, options: unknown = {}) => eventWrite(events, options, schema)

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('events that are written by hand', () => {
  test('are one write, in order', () => {
    const when = new Date(0)
    const { mutations } = write([
      todos.insert({ value: { id: '1', text: 'a' } }),
      todos.update({ value: { id: '1', when }, oldValue: { id: '1', text: 'a' } }),
      users.upsert({ key: 'k', value: { id: 'u' }, headers: { timestamp: 'now', mine: 'x' } }),
      todos.delete({ key: '1', oldValue: { id: '1' } }),
      users.delete({ key: 'u' }),
    ])
    expect(mutations).toStrictEqual([
      { kind: 'put', collection: 'todos', key: '1', value: { id: '1', text: 'a' }, operation: 'insert' },
      { kind: 'put', collection: 'todos', key: '1', value: { id: '1', when: when.toJSON() }, operation: 'update', extra: { oldValue: { id: '1', text: 'a' } } },
      { kind: 'put', collection: 'users', key: 'k', value: { id: 'u' }, operation: 'upsert', extra: { headers: { timestamp: 'now', mine: 'x' } } },
      { kind: 'remove', collection: 'todos', key: '1', extra: { oldValue: { id: '1' } } },
      { kind: 'remove', collection: 'users', key: 'u' },
    ])
  })

  test('have the txid of the call, or their own, or a new one', () => {
    const own = users.insert({ value: { id: 'u' }, headers: { txid: 't' } })
    const none = users.insert({ value: { id: 'v' } })
    expect(write([none], { txid: 'given' }).id).toBe('given')
    expect(write([none, own]).id).toBe('t')
    expect(write([own], { txid: 't' })).toMatchObject({ id: 't', mutations: [{ kind: 'put' }] })
    expect(write([own]).mutations[0]).not.toHaveProperty('extra')
    expect(write([none]).id).not.toBe(write([none]).id)
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) })
    expect(write([none]).id).not.toBe(write([none]).id)
  })

  const good = users.insert({ value: { id: 'u' } })
  test.each([
    ['no list', good, {}],
    ['an empty list', [], {}],
    ['no event', [good, null], {}],
    ['text', [JSON.stringify(good)], {}],
    ['an event without a key', [{ ...good, key: '' }], {}],
    ['an operation that is none', [{ ...good, headers: { operation: 'put' } }], {}],
    ['a control event', [{ headers: { control: 'reset' } }], {}],
    ['an unknown type', [{ ...good, type: 'person' }], {}],
    ['a value that is no object', [{ ...good, value: 'text' }], {}],
    ['a list as value', [{ ...good, value: [] }], {}],
    ['a value that JSON cannot have', [{ ...good, value: { id: 'u', big: 1n } }], {}],
    ['headers that JSON cannot have', [{ ...good, headers: { operation: 'insert', big: 1n } }], {}],
    ['two txids', [{ ...good, headers: { operation: 'insert', txid: 'a' } }, { ...good, headers: { operation: 'insert', txid: 'b' } }], {}],
    ['a txid besides that of the call', [{ ...good, headers: { operation: 'insert', txid: 'a' } }], { txid: 'b' }],
    ['an empty txid', [good], { txid: '' }],
    ['a txid that is no string', [good], { txid: 5 }],
    ['an unknown option', [good], { tixd: 'a' }],
    ['options that are none', [good], 't'],
  ])('are refused for %s', (_, events, options) => {
    expect(() => write(events, options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  test('are refused for a value that the schema refuses', () => {
    expect(() => write([good, { ...good, value: { id: 5 } }])).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED', message: expect.stringContaining('user insert') }))
  })
})
