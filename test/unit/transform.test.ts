import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createStreamDB, type InvalidEvent, type Transform } from '../../src/main/index.ts'
import { emptyState, materialize, type MaterializeOptions } from '../../src/worker/core/materialize.ts'
import { transformed } from '../../src/worker/core/transform.ts'
import { schema } from '../support/schema.ts'
import { startStreamServer, type StreamServer } from '../support/stream-server.ts'

const user = (key: string, value: unknown = { id: key, name: 'Ada' }, headers: object = {}) => ({ type: 'user', key, value, headers: { operation: 'insert' as const, ...headers } })
const shapes = Object.entries(schema).map(([name, { type, primaryKey }]) => ({ name, type, primaryKey }))

function fold(transform: Transform, ...items: unknown[]) {
  const rules: MaterializeOptions = { byType: new Map(shapes.map((shape) => [shape.type, shape])), validators: new Map(), transform }
  const state = emptyState(shapes, 'test')
  const result = materialize(state, items, '1', rules)
  const users = [...state.rows.get('users')!.values()].map(({ _seq, ...row }) => row)
  return { users, items: state.rows.get('items')!, codes: result.invalid.map(({ code }) => code), reasons: result.invalid.map(({ reason }) => reason), txids: result.txids, seq: state.marks.seq }
}

describe('a transform', () => {
  test('adds a field to each row', () => {
    expect(fold((event) => ({ ...event, value: { ...event.value, seen: false } }), user('1')).users).toEqual([{ id: '1', name: 'Ada', seen: false }])
  })

  test('may change the event that it is handed, which is a copy', () => {
    const event = user('1', { id: '1', deep: { n: 1 } })
    const { users } = fold((copy) => {
      copy.value.deep.n = 2
      return copy
    }, event)
    expect(users).toEqual([{ id: '1', deep: { n: 2 } }])
    expect(event.value).toEqual({ id: '1', deep: { n: 1 } })
  })

  test('drops an event with null, whose transaction counts as seen', () => {
    const { users, codes, txids, seq } = fold((event) => (event.key === '1' ? null : event), user('1', undefined, { txid: 'a' }), user('2', undefined, { txid: 'b' }))
    expect(users).toEqual([{ id: '2', name: 'Ada' }])
    expect([codes, txids, seq]).toEqual([[], ['a', 'b'], 1])
  })

  test('moves an event to another collection or key, and keeps its transaction', () => {
    const { users, items, txids } = fold((event) => ({ ...event, type: 'item', key: 'k', headers: { operation: 'upsert', txid: 'other' } }), user('1', undefined, { txid: 't' }))
    expect(users).toEqual([])
    expect([...items.keys()]).toEqual(['k'])
    expect(txids).toEqual(['t'])
  })

  test('sees events of types that no collection has, and deletes; no control and no malformed ones', () => {
    const seen: string[] = []
    const events = [user('1'), { type: 'old', key: '2', value: { id: '2' }, headers: { operation: 'insert' } }, { type: 'user', key: '1', headers: { operation: 'delete' } }, { headers: { control: 'reset' } }, null]
    const { codes } = fold((event) => {
      seen.push(`${event.headers.operation} ${event.type}`)
      return event
    }, ...events)
    expect(seen).toEqual(['insert user', 'insert old', 'delete user'])
    expect(codes).toEqual(['MALFORMED'])
  })

  const BAD: Record<string, Transform> = {
    'throws': () => { throw new Error('mine') },
    'forgets to return': (() => undefined) as unknown as Transform,
    'returns a promise': (async (event: unknown) => event) as unknown as Transform,
    'returns a control event': (() => ({ headers: { control: 'reset' } })) as unknown as Transform,
    'returns an event without a key': (event) => ({ ...event, key: '' }),
    'returns what JSON does not take': (event) => ({ ...event, value: { n: 1n } }),
    'returns a cycle': (event) => {
      event.value.self = event.value
      return event
    },
  }
  test.each(Object.entries(BAD))('that %s has the event quarantined, and the next one is asked about', (_, bad) => {
    const { users, codes, reasons } = fold((event) => (event.key === '1' ? bad(event) : event), user('1'), user('2'))
    expect(codes).toEqual(['TRANSFORM_FAILED'])
    expect(reasons[0]).toMatch(/^transform (threw|returned)/)
    expect(users).toEqual([{ id: '2', name: 'Ada' }])
  })

  test('what it returns becomes plain data: rows have to cross ports', () => {
    const outcome = transformed((event) => ({ ...event, value: { at: new Date(0), call: () => 1, n: 1 } }), user('1'))
    expect(outcome).toMatchObject({ kind: 'change', event: { value: { at: '1970-01-01T00:00:00.000Z', n: 1 } } })
    expect(() => structuredClone(outcome)).not.toThrow()
  })

  test('is not passed by: an event that is too deep to be copied is kept out, although its value is not', () => {
    let deep: unknown = 'end'
    for (let level = 0; level < 5000; level += 1) deep = [deep]
    const { users, codes } = fold(() => null, user('1', undefined, { trace: deep }), user('2', undefined, { old_value: deep }))
    expect([users, codes]).toEqual([[], ['TRANSFORM_FAILED', 'TRANSFORM_FAILED']])
  })

  test('survives an event that is too deep to be copied', () => {
    let value: unknown = 1
    for (let level = 0; level < 20_000; level += 1) value = { value }
    expect(fold((event) => event, user('1', value), user('2'))).toMatchObject({ codes: ['NOT_A_ROW'], users: [{ id: '2', name: 'Ada' }] })
  })
})

describe('createStreamDB', () => {
  let server: StreamServer
  beforeEach(async () => {
    server = await startStreamServer()
  })
  afterEach(() => server.close())

  test('without a worker takes a transform; the hooks see events as they were read, the schema as they are changed', async () => {
    const url = server.createStream('/s')
    server.append('/s', [user('1', { id: '1', name: 7 }), user('2'), user('3')])
    const invalid: InvalidEvent[] = []
    const read: unknown[] = []
    const db = createStreamDB({
      streamOptions: { url, contentType: 'application/json' },
      state: schema,
      transform: (event) => {
        if (event.key === '2') throw new Error('mine')
        return { ...event, value: { ...event.value, name: String(event.value.name), more: true } }
      },
      onEvent: ({ value }) => read.push((value as { name: unknown }).name),
      onInvalid: (report) => invalid.push(report),
    })
    await db.preload()
    expect(db.collections.users.toArray.map(({ id, name, ...rest }) => [id, name, (rest as { more?: boolean }).more])).toEqual([['1', '7', true], ['3', 'Ada', true]])
    expect(read).toEqual([7, 'Ada', 'Ada'])
    expect(invalid).toMatchObject([{ code: 'TRANSFORM_FAILED', reason: 'transform threw: mine', event: { key: '2' } }])
    expect(db.status.getSnapshot().quarantined).toEqual({ count: 1, lastReason: 'transform threw: mine' })
    db.close()
  })

  test('refuses one beside a worker, which could never have it', () => {
    const options = { streamOptions: { url: 'http://127.0.0.1/s' }, state: schema, transform: ((event) => event) as Transform }
    expect(() => createStreamDB({ ...options, worker: () => null as unknown as Worker })).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining('exposeStreamDB') }))
    expect(() => createStreamDB({ ...options, transform: {} as never })).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
  })
})
