import { describe, expectTypeOf, test } from 'vitest'
import { createLiveQueryCollection, createStateSchema, createStreamDB, eq, type ChangeEvent, type Collection, type PendingWrite, type StreamDB, type StreamDBStatus } from 'sidestream'
import { item, user, type Item, type User } from './peer-schema.ts'

const schema = createStateSchema({
  users: { schema: user, type: 'user', primaryKey: 'id' },
  items: { schema: item, type: 'item', primaryKey: 'key' },
})
const streamOptions = { url: 'https://example.com/s', contentType: 'application/json' }

describe('a state schema', () => {
  test('has helpers of its rows’ types', () => {
    expectTypeOf(schema.users.insert).parameter(0).toEqualTypeOf<{ key?: string; value: User; headers?: Omit<Record<string, string>, 'operation'> }>()
    expectTypeOf(schema.items.update).parameter(0).toHaveProperty('oldValue').toEqualTypeOf<Item | undefined>()
    expectTypeOf(schema.items.delete).parameter(0).toHaveProperty('oldValue').toEqualTypeOf<Item | undefined>()
    expectTypeOf(schema.users.upsert).returns.toEqualTypeOf<ChangeEvent<User>>()
    expectTypeOf(schema.users.type).toEqualTypeOf<string>()
  })

  test('refuses values of another type', () => {
    // @ts-expect-error a field is missing
    schema.users.insert({ value: { id: '1' } })
    // @ts-expect-error a field has another type
    schema.users.insert({ value: { id: 1, name: 'Ada' } })
    // @ts-expect-error a field is unknown
    schema.users.upsert({ value: { id: '1', name: 'Ada', surname: 'L' } })
    // @ts-expect-error the value is missing
    schema.users.update({ key: '1' })
    // @ts-expect-error the key is a string
    schema.users.delete({ key: 1 })
    // @ts-expect-error there is no such collection
    void schema.people
    // @ts-expect-error a header is a string
    schema.users.insert({ value: { id: '1', name: 'Ada' }, headers: { txid: 1 } })
  })

  test('refuses a definition that lacks something', () => {
    // @ts-expect-error no primary key
    createStateSchema({ users: { schema: user, type: 'user' } })
    // @ts-expect-error no type
    createStateSchema({ users: { schema: user, primaryKey: 'id' } })
    // @ts-expect-error no Standard Schema
    createStateSchema({ users: { schema: {}, type: 'user', primaryKey: 'id' } })
  })
})

describe('a StreamDB', () => {
  const db = createStreamDB({ streamOptions, state: schema })

  test('has a collection for each definition, with its rows’ type', () => {
    expectTypeOf(db).toEqualTypeOf<StreamDB<typeof schema>>()
    expectTypeOf(db.collections.users).toEqualTypeOf<Collection<User & object, string>>()
    expectTypeOf(db.collections.items.get('1')).toMatchTypeOf<Item | undefined>()
    expectTypeOf(db.collections.items.toArray[0]!.tags).toEqualTypeOf<string[]>()
    expectTypeOf<keyof typeof db.collections>().toEqualTypeOf<'users' | 'items'>()
    // @ts-expect-error there is no such collection
    void db.collections.people
    // @ts-expect-error collections are not replaced
    db.collections = {}
  })

  test('has queries of its rows’ types', () => {
    const query = createLiveQueryCollection((q) =>
      q
        .from({ u: db.collections.users })
        .join({ i: db.collections.items }, ({ u, i }) => eq(u.id, i.key))
        .select(({ u, i }) => ({ name: u.name, tags: i.tags })),
    )
    expectTypeOf(query.toArray[0]!.name).toEqualTypeOf<string>()
    expectTypeOf(query.toArray[0]!.tags).toEqualTypeOf<string[] | undefined>()
    // @ts-expect-error there is no such field
    createLiveQueryCollection((q) => q.from({ u: db.collections.users }).where(({ u }) => eq(u.surname, 'L')))
  })

  test('has the methods of the peer and its own', () => {
    expectTypeOf(db.preload).toEqualTypeOf<() => Promise<void>>()
    expectTypeOf(db.close).toEqualTypeOf<() => void>()
    expectTypeOf(db.offset).toEqualTypeOf<string>()
    expectTypeOf(db.utils.awaitTxId).toEqualTypeOf<(txid: string, timeout?: number) => Promise<void>>()
    expectTypeOf(db.clearCache).toEqualTypeOf<(options?: { readonly discardWrites?: boolean }) => Promise<void>>()
    expectTypeOf(db.write).toEqualTypeOf<(events: ReadonlyArray<ChangeEvent>, options?: { readonly txid?: string }) => Promise<{ readonly txid: string }>>()
    expectTypeOf(db.write).toBeCallableWith([schema.users.insert({ value: { id: '1', name: 'Ada' } }), schema.items.delete({ key: 'a' })])
    expectTypeOf(db.outbox.getSnapshot()).toEqualTypeOf<ReadonlyArray<PendingWrite>>()
    expectTypeOf(db.outbox.getSnapshot()[0]!.state).toEqualTypeOf<'stored' | 'sent' | 'parked'>()
    expectTypeOf(db.outbox.retry('w')).toEqualTypeOf<Promise<boolean>>()
    expectTypeOf(db.reconnect).toEqualTypeOf<() => void>()
    expectTypeOf(db.stream.append).parameter(0).toExtend<string | Uint8Array | Promise<string | Uint8Array>>()
    expectTypeOf(db.stream.url).toEqualTypeOf<string>()
    // @ts-expect-error without actions there are none
    void db.actions
    // @ts-expect-error the offset is the stream's
    db.offset = '-1'
  })

  test('has a status that can be read and subscribed to', () => {
    expectTypeOf(db.status.getSnapshot()).toEqualTypeOf<StreamDBStatus>()
    expectTypeOf(db.status.subscribe).toEqualTypeOf<(listener: () => void) => () => void>()
    expectTypeOf(db.status.getSnapshot().storage).toEqualTypeOf<'opening' | 'indexeddb' | 'read-only' | 'memory'>()
    // @ts-expect-error a status is not written to
    db.status.getSnapshot().rows = 1
  })
})

describe('the options', () => {
  test('take what they say', () => {
    createStreamDB({ streamOptions, state: schema, live: 'sse', scope: 'me', cache: { durability: 'strict', version: '2' } })
    createStreamDB({ streamOptions, state: schema, live: false, cache: false, worker: () => null as unknown as Worker })
    createStreamDB({ streamOptions, state: schema, worker: null as unknown as SharedWorker, onInvalid: ({ code }) => expectTypeOf(code).toEqualTypeOf<'MALFORMED' | 'NOT_A_ROW' | 'REFUSED' | 'TRANSFORM_FAILED' | 'TOO_DEEP'>() })
    createStreamDB({ streamOptions: { url: new URL('https://example.com/s'), headers: { Authorization: async () => 'token', 'X-A': 'a' }, params: { a: () => '1', b: undefined } }, state: schema })
  })

  test('refuse what makes no sense', () => {
    // @ts-expect-error there has to be a state
    createStreamDB({ streamOptions })
    // @ts-expect-error there is no such live mode
    createStreamDB({ streamOptions, state: schema, live: 'websocket' })
    // @ts-expect-error there is no such durability
    createStreamDB({ streamOptions, state: schema, cache: { durability: 'lax' } })
    // @ts-expect-error a worker is not a URL
    createStreamDB({ streamOptions, state: schema, worker: './worker.js' })
    // @ts-expect-error a header is a string or a function of one
    createStreamDB({ streamOptions: { ...streamOptions, headers: { a: 1 } }, state: schema })
    // @ts-expect-error a scope is a string
    createStreamDB({ streamOptions, state: schema, scope: 7 })
  })
})
