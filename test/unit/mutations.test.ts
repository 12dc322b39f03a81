import { beforeEach, describe, expect, test } from 'vitest'
import { createCollection, createTransaction, localOnlyCollectionOptions, type Transaction } from '@tanstack/db'
import * as v from 'valibot'
import { createStateSchema } from '../../src/shared/state-schema.ts'
import { writeOf } from '../../src/main/mutations.ts'
import type { Write } from '../../src/shared/write.ts'

interface Item {
  id: string
  text?: string | undefined
  when?: Date
  more?: unknown
  _seq?: number
}

const make = () => createCollection(localOnlyCollectionOptions<Item, string>({ id: `c${String(Math.random())}`, getKey: ({ id }) => id }))
let items: ReturnType<typeof make>
let users: ReturnType<typeof make>

beforeEach(() => {
  items = make()
  users = make()
  items.insert([{ id: '1', text: 'one', _seq: 4 }, { id: '2', text: 'two' }])
})

const nameOf = (collection: object): string | undefined => (collection === items ? 'items' : collection === users ? 'users' : undefined)

const any = v.looseObject({ id: v.string() })
const state = createStateSchema({
  items: { schema: any, type: 'item', primaryKey: 'id' },
  users: { schema: any, type: 'user', primaryKey: 'id' },
})

/** A transaction that is not committed. */
function transaction(mutate: () => void): Transaction {
  const made = createTransaction({ mutationFn: () => Promise.resolve(), autoCommit: false })
  made.mutate(mutate)
  return made
}
const written = (mutate: () => void): Write['mutations'] => writeOf(transaction(mutate), state, nameOf)!.mutations

describe('the write of a transaction', () => {
  test('has its id, its time, and its mutations in order, over several collections', () => {
    const made = transaction(() => {
      users.insert({ id: 'u' })
      items.update('1', (draft) => { draft.text = 'uno' })
      items.delete('2')
      users.insert({ id: 'v' })
    })
    expect(writeOf(made, state, nameOf)).toEqual({
      id: made.id,
      createdAt: made.createdAt.getTime(),
      mutations: [
        { kind: 'put', collection: 'users', key: 'u', value: { id: 'u' }, operation: 'insert' },
        { kind: 'patch', collection: 'items', key: '1', changes: { text: 'uno' } },
        { kind: 'remove', collection: 'items', key: '2' },
        { kind: 'put', collection: 'users', key: 'v', value: { id: 'v' }, operation: 'insert' },
      ],
    })
  })

  test('has the key as a number where the schema wants one', () => {
    const numbered = createStateSchema({ items: { schema: v.object({ id: v.number(), text: v.string() }), type: 'item', primaryKey: 'id' } })
    const update = transaction(() => { items.update('1', (draft) => { draft.text = 'uno' }) })
    expect(writeOf(update, numbered, nameOf)!.mutations).toEqual([{ kind: 'patch', collection: 'items', key: '1', changes: { text: 'uno', id: 1 } }])
  })

  test('is none when the transaction is empty', () => {
    expect(writeOf(transaction(() => undefined), state, nameOf)).toBeNull()
    expect(writeOf(transaction(() => { users.insert({ id: 'u' }); users.delete('u') }), state, nameOf)).toBeNull()
  })

  test('has rows as they come back from the stream', () => {
    const when = new Date(0)
    const [put] = written(() => { users.insert({ id: 'u', when, text: undefined, more: { deep: undefined, list: [undefined] }, _seq: 3 }) })
    expect(put).toStrictEqual({ kind: 'put', collection: 'users', key: 'u', value: { id: 'u', when: when.toJSON(), more: { list: [null] } }, operation: 'insert' })
    const [patch] = written(() => { items.update('1', (draft) => { draft.when = when; draft.more = { gone: undefined } }) })
    expect(patch).toStrictEqual({ kind: 'patch', collection: 'items', key: '1', changes: { when: when.toJSON(), more: {} } })
  })

  test('says of a patched field that it is removed, and never has our own field', () => {
    const [patch] = written(() => { items.update('1', (draft) => { draft.text = undefined; draft._seq = 9 }) })
    expect(patch).toStrictEqual({ kind: 'patch', collection: 'items', key: '1', changes: { text: undefined } })
  })

  test('keeps a field named __proto__ as data', () => {
    const row = JSON.parse('{"id":"u","__proto__":{"a":1}}') as Item
    const { value } = writeOf({ id: 't', createdAt: new Date(0), mutations: [{ type: 'insert', key: 'u', modified: row, changes: row, collection: users }] }, state, nameOf)!.mutations[0] as { value: object }
    expect(JSON.stringify(value)).toBe('{"id":"u","__proto__":{"a":1}}')
  })
})

describe('a mutation that cannot be written is refused', () => {
  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  const deep = (levels: number): unknown => (levels === 0 ? 1 : { in: deep(levels - 1) })
  const insert = (row: object) => ({ id: 't', createdAt: new Date(0), mutations: [{ type: 'insert' as const, key: 'k', modified: row, changes: row, collection: items }] })

  test.each([
    ['a cycle', { id: 'k', more: cycle }],
    ['a bigint', { id: 'k', more: 1n }],
    ['a value that throws', { id: 'k', more: { toJSON: () => { throw new Error('mine') } } }],
    ['a row that is none in JSON', { toJSON: () => 'text' }],
    ['more levels than a row may have', { id: 'k', more: deep(300) }],
    ['more levels than the stack has', { id: 'k', more: deep(5000) }],
  ])('for %s', (_, row) => {
    expect(() => writeOf(insert(row), state, nameOf)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('items, key k') }))
    if ('more' in row) {
      const update = { ...insert(row), mutations: [{ type: 'update' as const, key: 'k', modified: row, changes: { more: row.more }, collection: items }] }
      expect(() => writeOf(update, state, nameOf)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('items, key k') }))
    }
  })

  test.each([[''], [undefined], [null]])('for a row whose key is %j: the event would be malformed', (id) => {
    expect(() => writeOf(insert({ id }), state, nameOf)).toThrow(expect.objectContaining({ code: 'MISSING_KEY', message: expect.stringContaining('items') }))
  })

  test('for a collection that is not of this StreamDB', () => {
    const other = make()
    expect(() => writeOf(transaction(() => { items.delete('1'); other.insert({ id: 'o' }) }), state, nameOf)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(other.id) }))
  })
})
