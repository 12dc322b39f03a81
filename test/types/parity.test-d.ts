// Every export of the peer against ours: the same type, assignable both ways, or a difference that docs/differences.md names.
import type * as client from '@durable-streams/client'
import * as peer from '@durable-streams/state/db'
import type * as peerState from '@durable-streams/state'
import { describe, expectTypeOf, test } from 'vitest'
import * as ours from 'sidestream'
import type * as ourState from 'sidestream/state'
import { item, user, type User } from './peer-schema.ts'

const definition = {
  users: { schema: user, type: 'user', primaryKey: 'id' },
  items: { schema: item, type: 'item', primaryKey: 'key' },
}
const schema = ours.createStateSchema(definition)
type Schema = typeof schema
type Actions = { add: Required<ours.ActionDefinition<User>>; clear: Required<ours.ActionDefinition<void>> }

const events: ours.StateEvent<User>[] = []

describe('guards', () => {
  test('are the peer’s, and keep the row’s type as a filter', () => {
    expectTypeOf(ours.isChangeEvent).toEqualTypeOf(peer.isChangeEvent)
    expectTypeOf(ours.isControlEvent).toEqualTypeOf(peer.isControlEvent)
    expectTypeOf(events.filter(ours.isChangeEvent)).toEqualTypeOf<ours.ChangeEvent<User>[]>()
    expectTypeOf(events.filter(ours.isChangeEvent)[0]!.value!.name).toEqualTypeOf<string>()
    expectTypeOf(events.filter(ours.isControlEvent)).toEqualTypeOf<ours.ControlEvent[]>()
    expectTypeOf(events.find(ours.isChangeEvent)).toEqualTypeOf<ours.ChangeEvent<User> | undefined>()
    expectTypeOf((events as peer.StateEvent<User>[]).filter(ours.isChangeEvent)[0]!.value!).toEqualTypeOf<User>()
  })
})

describe('values', () => {
  /** Those whose type differs, with the row of docs/differences.md or the reason. */
  type Own =
    | 'createStreamDB' // its options are more, and `db.stream` differs
    | 'createStateSchema' // `syncMode`
    | 'MaterializedState' // private fields make classes different types; see peer.test-d.ts
  type Shared = Exclude<keyof typeof peer, Own>
  test('are of the peer’s types', () => {
    expectTypeOf<Pick<typeof ours, Shared>>().toEqualTypeOf<Pick<typeof peer, Shared>>()
    expectTypeOf<Exclude<keyof typeof peerState, keyof typeof ourState>>().toEqualTypeOf<never>()
    expectTypeOf<Pick<typeof ourState, 'isChangeEvent' | 'isControlEvent'>>().toEqualTypeOf<Pick<typeof peerState, 'isChangeEvent' | 'isControlEvent'>>()
  })
  test('createStateSchema takes and gives what the peer’s does', () => {
    expectTypeOf<typeof ours.createStateSchema<typeof definition>>().toExtend<typeof peer.createStateSchema<typeof definition>>()
    expectTypeOf<typeof peer.createStateSchema<typeof definition>>().toExtend<typeof ours.createStateSchema<typeof definition>>()
  })
})

describe('types', () => {
  test('of schemas and actions are assignable both ways', () => {
    expectTypeOf<ours.StateSchema<typeof definition>>().toExtend<peer.StateSchema<typeof definition>>()
    expectTypeOf<peer.StateSchema<typeof definition>>().toExtend<ours.StateSchema<typeof definition>>()
    expectTypeOf<ours.ActionMap<Actions>>().toEqualTypeOf<peer.ActionMap<Actions>>()
    // Ours may be without `mutationFn`, for which there is a default.
    expectTypeOf<Required<ours.ActionDefinition>>().toEqualTypeOf<peer.ActionDefinition>()
    expectTypeOf<peer.ActionDefinition>().toExtend<ours.ActionDefinition>()
    expectTypeOf<ours.Collection<User>>().toEqualTypeOf<peer.Collection<User>>()
    expectTypeOf<ours.SyncConfig<User>>().toEqualTypeOf<peer.SyncConfig<User>>()
  })
  test('of a StreamDB are the peer’s but for the stream, and have more', () => {
    type Without<T> = Omit<T, 'stream'>
    expectTypeOf<Without<ours.StreamDBMethods>>().toExtend<Without<peer.StreamDBMethods>>()
    expectTypeOf<Without<ours.StreamDB<Schema>>>().toExtend<Without<peer.StreamDB<Schema>>>()
    expectTypeOf<Without<ours.StreamDBWithActions<Schema, Actions>>>().toExtend<Without<peer.StreamDBWithActions<Schema, Actions>>>()
    expectTypeOf<Omit<peer.StreamDBMethods, 'stream'>>().toExtend<Pick<ours.StreamDBMethods, 'offset' | 'preload' | 'close' | 'utils'>>()
  })
  test('of actions: the property may be assigned, as the peer’s', () => {
    const db = null as unknown as ours.StreamDBWithActions<Schema, Actions>
    const other = null as unknown as peer.ActionMap<Actions>
    db.actions = other
    db.actions.add = other.add
    const annotated: ours.StreamDBWithActions<Schema, { add: { onMutate: (added: User) => void; mutationFn: () => Promise<void> } }> = ours.createStreamDB({
      streamOptions: { url: 'https://example.com/s' },
      state: schema,
      actions: ({ db: inner }) => ({ add: { onMutate: (added: User) => void inner.collections.users.insert(added), mutationFn: async () => undefined } }),
    })
    void annotated
  })
  test('of an action factory that is written for the peer fit, as far as it appends only', () => {
    type Factory = (context: { db: ours.StreamDB<Schema>; stream: Pick<peer.StreamDBMethods['stream'], 'append' | 'url'> }) => Actions
    expectTypeOf<Factory>().toExtend<ours.ActionFactory<Schema, Actions>>()
  })
})

describe('options', () => {
  test('of the stream are the client’s, both ways', () => {
    expectTypeOf<client.BackoffOptions>().toExtend<ours.BackoffOptions>()
    expectTypeOf<ours.BackoffOptions>().toExtend<client.BackoffOptions>()
    expectTypeOf<client.DurableStreamOptions>().toExtend<ours.StreamOptions>()
    expectTypeOf<ours.StreamOptions>().toExtend<client.DurableStreamOptions>()
    expectTypeOf<client.HeadersRecord>().toExtend<ours.HeadersRecord>()
    expectTypeOf<ours.HeadersRecord>().toExtend<client.HeadersRecord>()
    expectTypeOf<client.LiveMode>().toEqualTypeOf<ours.LiveMode>()
    expectTypeOf<client.JsonBatch<peer.StateEvent>>().toExtend<ours.JsonBatch<ours.StateEvent>>()
    expectTypeOf<ours.JsonBatch<ours.StateEvent>>().toExtend<client.JsonBatch<peer.StateEvent>>()
    expectTypeOf<client.AppendOptions>().toExtend<ours.AppendOptions>()
    expectTypeOf<ours.AppendOptions>().toExtend<client.AppendOptions>()
  })
  test('may be written out with all that the client has', () => {
    ours.createStreamDB({
      state: schema,
      streamOptions: {
        url: '/relative',
        backoffOptions: { initialDelay: 1, maxDelay: 2, multiplier: 2, maxRetries: 3, debug: true, onFailedAttempt: () => undefined },
        warnOnHttp: false,
        batching: false,
        onError: async (error) => (error.message === '' ? undefined : { headers: { a: 'b' } }),
      },
    })
  })
  test('of the peer’s type, but for `stream` and `actions`, are ours', () => {
    type Plain = Omit<peer.CreateStreamDBOptions<Schema>, 'stream' | 'actions'>
    expectTypeOf<Plain>().toExtend<ours.CreateStreamDBOptions<Schema>>()
  })
})

describe('a stream that is given', () => {
  const stream = null as unknown as client.DurableStream
  test('is typed as what it is', () => {
    const db = ours.createStreamDB({ stream, state: schema })
    expectTypeOf(db.stream).toEqualTypeOf<client.DurableStream>()
    expectTypeOf(db.collections.users.get('1')).toMatchTypeOf<User | undefined>()
    const acting = ours.createStreamDB({
      stream,
      state: schema,
      actions: ({ db: inner, stream: own }) => {
        expectTypeOf(own).toEqualTypeOf<client.DurableStream>()
        expectTypeOf(inner.stream).toEqualTypeOf<client.DurableStream>()
        return { add: { onMutate: (added: User) => void inner.collections.users.insert(added), mutationFn: async () => own.close() } }
      },
    })
    expectTypeOf(acting.stream).toEqualTypeOf<client.DurableStream>()
    expectTypeOf<keyof typeof acting.actions>().toEqualTypeOf<'add'>()
  })
  test('may be of the peer’s copy of the client', () => {
    const own = null as unknown as peer.StreamDBMethods['stream']
    expectTypeOf(ours.createStreamDB({ stream: own, state: schema }).stream).toEqualTypeOf(own)
  })
  test('may be none', () => {
    expectTypeOf(ours.createStreamDB({ streamOptions: { url: '/s' }, state: schema }).stream).toEqualTypeOf<ours.StreamHandle>()
    // @ts-expect-error an object that only appends can't be read through
    ours.createStreamDB({ stream: { url: '', append: async () => undefined }, state: schema })
  })
  test('fits where a StreamDB’s stream is asked for', () => {
    expectTypeOf<client.DurableStream>().toExtend<ours.StreamHandle>()
    expectTypeOf<ours.StreamDB<Schema, client.DurableStream>>().toExtend<ours.StreamDB<Schema>>()
  })
})

test('a StreamDB can be written as an object, for a test', () => {
  const status: ours.StreamDBStatus = null as unknown as ours.StreamDBStatus
  const mock: ours.StreamDB<Schema> = {
    collections: {
      users: ours.createCollection(ours.localOnlyCollectionOptions({ schema: user, getKey: ({ id }: User) => id })) as unknown as ours.StreamDB<Schema>['collections']['users'],
      items: null as unknown as ours.StreamDB<Schema>['collections']['items'],
    },
    stream: { url: '/s', append: async () => undefined },
    offset: '-1',
    preload: async () => undefined,
    close: () => undefined,
    utils: { awaitTxId: async () => undefined },
    status: { getSnapshot: () => status, getServerSnapshot: () => status, subscribe: () => () => undefined, store: { subscribe: () => () => undefined } },
    reconnect: () => undefined,
    clearCache: async () => undefined,
    write: async () => ({ txid: 't' }),
    mutationFn: async () => undefined,
    query: () => null as never,
    liveQuery: () => null as never,
    inspect: async () => null,
    outbox: { getSnapshot: () => [], getServerSnapshot: () => [], subscribe: () => () => undefined, store: { subscribe: () => () => undefined }, retry: async () => true, discard: async () => true },
  }
  const acting: ours.StreamDBWithActions<Schema, Actions> = { ...mock, actions: { add: () => null as never, clear: () => null as never } }
  void acting
})

describe('the older layout', () => {
  test('has each type that @durable-streams/state exported before 0.3', () => {
    type Old = [
      ours.Operation, ours.Value, ours.Row, ours.ChangeHeaders, ours.ChangeEvent, ours.ControlEvent, ours.StateEvent,
      ours.CollectionDefinition, ours.CollectionEventHelpers<User>, ours.CollectionWithHelpers<User>, ours.StreamStateDefinition, ours.StateSchema<typeof definition>,
      ours.CreateStreamDBOptions, ours.StreamDB<Schema>, ours.StreamDBMethods, ours.StreamDBUtils, ours.StreamDBWithActions<Schema, Actions>,
      ours.ActionFactory<Schema, Actions>, ours.ActionMap<Actions>, ours.ActionDefinition, ours.Collection, ours.SyncConfig,
    ]
    expectTypeOf<Old['length']>().toEqualTypeOf<22>()
  })
})
