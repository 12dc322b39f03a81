import * as peer from '@durable-streams/state/db'
import { describe, expectTypeOf, test } from 'vitest'
import * as ours from 'sidestream'
import * as ourState from 'sidestream/state'
import { item, user, type User } from './peer-schema.ts'

const definition = {
  users: { schema: user, type: 'user', primaryKey: 'id' },
  items: { schema: item, type: 'item', primaryKey: 'key' },
}
const peerSchema = peer.createStateSchema(definition)
type Ours = ReturnType<typeof ours.createStateSchema<typeof definition>>
type Peers = typeof peerSchema

/** Everything the peer exports by value: a change of the import's name is all that an application needs. */
test('every value that the peer exports is exported here', () => {
  expectTypeOf<Exclude<keyof typeof peer, keyof typeof ours>>().toEqualTypeOf<never>()
})

describe('the peer’s types and ours', () => {
  test('are the same for events and schemas, both ways', () => {
    expectTypeOf<ours.ChangeEvent<User>>().toEqualTypeOf<peer.ChangeEvent<User>>()
    expectTypeOf<ours.ControlEvent>().toEqualTypeOf<peer.ControlEvent>()
    expectTypeOf<ours.StateEvent<User>>().toEqualTypeOf<peer.StateEvent<User>>()
    expectTypeOf<ours.ChangeHeaders>().toEqualTypeOf<peer.ChangeHeaders>()
    expectTypeOf<ours.Operation>().toEqualTypeOf<peer.Operation>()
    expectTypeOf<ours.Row>().toEqualTypeOf<peer.Row>()
    expectTypeOf<ours.Value<Date>>().toEqualTypeOf<peer.Value<Date>>()
    expectTypeOf<ours.CollectionEventHelpers<User>>().toEqualTypeOf<peer.CollectionEventHelpers<User>>()
  })

  test('are the same for definitions, but for the sync mode, which the peer does not have', () => {
    expectTypeOf<Omit<ours.CollectionDefinition<User>, 'syncMode'>>().toEqualTypeOf<Omit<peer.CollectionDefinition<User>, never>>()
    expectTypeOf<peer.CollectionDefinition<User>>().toExtend<ours.CollectionDefinition<User>>()
    expectTypeOf<ours.CollectionWithHelpers<User>>().toExtend<peer.CollectionWithHelpers<User>>()
    expectTypeOf<peer.CollectionWithHelpers<User>>().toExtend<ours.CollectionWithHelpers<User>>()
    expectTypeOf<ours.StreamStateDefinition>().toExtend<peer.StreamStateDefinition>()
    expectTypeOf<peer.StreamStateDefinition>().toExtend<ours.StreamStateDefinition>()
    expectTypeOf<Ours>().toExtend<Peers>()
    expectTypeOf<Peers>().toExtend<Ours>()
  })

  test('are the same for collections', () => {
    expectTypeOf<ours.StreamDB<Ours>['collections']>().toExtend<peer.StreamDB<Peers>['collections']>()
    expectTypeOf<peer.StreamDB<Peers>['collections']>().toExtend<ours.StreamDB<Ours>['collections']>()
  })

  test('are the same for what a StreamDB can do', () => {
    expectTypeOf<Pick<ours.StreamDBMethods, 'offset' | 'preload' | 'close' | 'utils'>>().toExtend<Pick<peer.StreamDBMethods, 'offset' | 'preload' | 'close' | 'utils'>>()
    expectTypeOf<ours.StreamDBUtils>().toEqualTypeOf<peer.StreamDBUtils>()
    expectTypeOf<Required<ours.ActionDefinition<User>>>().toEqualTypeOf<peer.ActionDefinition<User>>()
  })

  test('are the same for the materialized state, which may be exchanged', () => {
    expectTypeOf<Pick<peer.MaterializedState, keyof peer.MaterializedState>>().toExtend<Pick<ours.MaterializedState, keyof peer.MaterializedState>>()
    expectTypeOf<Pick<ours.MaterializedState, keyof peer.MaterializedState>>().toExtend<Pick<peer.MaterializedState, keyof peer.MaterializedState>>()
    expectTypeOf(ourState.MaterializedState).toEqualTypeOf(ours.MaterializedState)
  })
})

describe('options written for the peer', () => {
  type PeerOptions = peer.CreateStreamDBOptions<Peers>

  test('are options of ours', () => {
    const streamOptions: NonNullable<PeerOptions['streamOptions']> = { url: 'https://example.com/s' }
    expectTypeOf<NonNullable<PeerOptions['live']>>().toExtend<NonNullable<ours.CreateStreamDBOptions<Ours>['live']>>()
    const options: ours.CreateStreamDBOptions<Peers> = { streamOptions, state: peerSchema }
    expectTypeOf(ours.createStreamDB(options).collections.users.get('1')).toMatchTypeOf<User | undefined>()
  })

  test('may bring hooks of the peer’s types', () => {
    const hooks: Pick<PeerOptions, 'onEvent' | 'onBeforeBatch' | 'onBatch'> = {
      onEvent: (event: peer.ChangeEvent) => event.key,
      onBeforeBatch: ({ items, offset, upToDate }) => [items, offset, upToDate],
      onBatch: (batch) => batch.streamClosed,
    }
    expectTypeOf(hooks.onEvent).toExtend<ours.CreateStreamDBOptions<Ours>['onEvent']>()
    expectTypeOf(hooks.onBeforeBatch).toExtend<ours.CreateStreamDBOptions<Ours>['onBeforeBatch']>()
    expectTypeOf(hooks.onBatch).toExtend<ours.CreateStreamDBOptions<Ours>['onBatch']>()
  })

  test('may bring a schema made by the peer', () => {
    const db = ours.createStreamDB({ streamOptions: { url: 'https://example.com/s' }, state: peerSchema })
    expectTypeOf(db.collections.users).toEqualTypeOf<ours.Collection<User & object, string>>()
  })
})

describe('code written for the peer', () => {
  function application(library: typeof peer | typeof ours): void {
    const guard: (event: peer.StateEvent<User>) => event is peer.ChangeEvent<User> = library.isChangeEvent
    const control: (event: peer.StateEvent) => event is peer.ControlEvent = library.isControlEvent
    const id: string = library.getStreamDBCollectionId('https://example.com/s', 'users')
    void [guard, control, id]
  }

  test('compiles with ours', () => {
    application(peer)
    application(ours)
  })

  test('that speaks of its StreamDB’s type compiles with ours', () => {
    const rename = (db: ours.StreamDB<Ours>, id: string, name: string): void => {
      db.collections.users.update(id, (draft) => {
        draft.name = name
      })
    }
    const withActions = (db: ours.StreamDBWithActions<Ours, { add: ours.ActionDefinition<User> }>): void => void db.actions.add
    const factory: ours.ActionFactory<Ours, { add: ours.ActionDefinition<User> }> = ({ db, stream }) => ({
      add: { onMutate: (added) => void db.collections.users.insert(added), mutationFn: async (added) => stream.append(JSON.stringify(added)) },
    })
    void [rename, withActions, factory]
  })
})
