import { describe, expect, test } from 'vitest'
import type { Mutation } from '../../src/shared/write.ts'
import { encodeWrite } from '../../src/worker/core/encode-write.ts'

const shapes = new Map([['todos', { name: 'todos', type: 'todo', primaryKey: 'id' }]])
const rows = new Map([['todos/a', { _seq: 7, id: 'a', text: 'milk', done: false }]])

const encoded = (...mutations: Mutation[]): unknown => encodeWrite({ id: 'w', createdAt: 0, mutations }, { shapes, before: (collection, key) => rows.get(`${collection}/${key}`) ?? null })
const eventsOf = (...mutations: Mutation[]): unknown => JSON.parse(`[${String(encoded(...mutations))}]`)

describe('a write becomes events', () => {
  test('with its id as their txid, in order', () => {
    expect(
      eventsOf(
        { kind: 'put', collection: 'todos', key: 'b', value: { id: 'b' }, operation: 'insert' },
        { kind: 'remove', collection: 'todos', key: 'a' },
      ),
    ).toEqual([
      { type: 'todo', key: 'b', value: { id: 'b' }, headers: { operation: 'insert', txid: 'w' } },
      { type: 'todo', key: 'a', headers: { operation: 'delete', txid: 'w' } },
    ])
  })

  test('a patch is an update with the whole row, without the mark that is not the application’s', () => {
    expect(eventsOf({ kind: 'patch', collection: 'todos', key: 'a', changes: { done: true } })).toEqual([
      { type: 'todo', key: 'a', value: { id: 'a', text: 'milk', done: true }, headers: { operation: 'update', txid: 'w' } },
    ])
  })

  test('a patch takes a field away that it sets to undefined', () => {
    expect(eventsOf({ kind: 'patch', collection: 'todos', key: 'a', changes: { text: undefined } })).toEqual([
      { type: 'todo', key: 'a', value: { id: 'a', done: false }, headers: { operation: 'update', txid: 'w' } },
    ])
  })

  test('a patch keeps a key that is a number', () => {
    expect(eventsOf({ kind: 'patch', collection: 'todos', key: 'a', changes: { done: true, id: 5 } })).toMatchObject([{ key: 'a', value: { id: 5, done: true } }])
  })

  test('patches follow what the same write has done before them', () => {
    expect(
      eventsOf(
        { kind: 'put', collection: 'todos', key: 'b', value: { id: 'b', n: 1 }, operation: 'insert' },
        { kind: 'patch', collection: 'todos', key: 'b', changes: { m: 2 } },
        { kind: 'remove', collection: 'todos', key: 'a' },
        { kind: 'patch', collection: 'todos', key: 'a', changes: { done: true } },
      ),
    ).toMatchObject([
      { value: { id: 'b', n: 1 } },
      { value: { id: 'b', n: 1, m: 2 } },
      { key: 'a', headers: { operation: 'delete' } },
      { key: 'a', headers: { operation: 'delete', txid: 'w' } },
    ])
  })

  test('a write with a patch of a row that is gone has no events: it gives an error', () => {
    expect(encoded({ kind: 'remove', collection: 'todos', key: 'a' }, { kind: 'patch', collection: 'todos', key: 'gone', changes: { done: true } })).toMatchObject({ code: 'ROW_MISSING', message: expect.stringContaining('todos "gone"') as string, retryable: false })
  })

  test('a write that has no events says why, and throws nothing', () => {
    expect(encoded({ kind: 'remove', collection: 'former', key: 'a' })).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('no collection former') as string })
    expect(encoded({ kind: 'put', collection: 'todos', key: 'a', value: { id: 1n }, operation: 'insert' })).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('todos "a"') as string })
  })

  test('events made by hand keep their headers and their old value, but not another txid or operation', () => {
    expect(
      eventsOf({ kind: 'put', collection: 'todos', key: 'b', value: { id: 'b' }, operation: 'upsert', extra: { headers: { timestamp: 't', txid: 'other', operation: 'delete' }, oldValue: { id: 'b', n: 0 } } }),
    ).toEqual([{ type: 'todo', key: 'b', value: { id: 'b' }, old_value: { id: 'b', n: 0 }, headers: { timestamp: 't', operation: 'upsert', txid: 'w' } }])
  })
})
