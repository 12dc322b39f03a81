import { createPacedMutations, debounceStrategy, type Transaction } from '@tanstack/db'
import { describe, expectTypeOf, test } from 'vitest'
import { createOptimisticAction, createStateSchema, createStreamDB, createTransaction, type StreamDB } from 'sidestream'
import { user, type User } from './peer-schema.ts'

const schema = createStateSchema({ users: { schema: user, type: 'user', primaryKey: 'id' } })
const streamOptions = { url: 'https://example.com/s', contentType: 'application/json' }

describe('actions', () => {
  const db = createStreamDB({
    streamOptions,
    state: schema,
    actions: ({ db: inner, stream }) => {
      expectTypeOf(inner).toEqualTypeOf<StreamDB<typeof schema>>()
      return {
        addUser: {
          onMutate: (added: User) => {
            inner.collections.users.insert(added)
          },
          mutationFn: async (added: User) => {
            const txid = crypto.randomUUID()
            await stream.append(JSON.stringify(schema.users.insert({ value: added, headers: { txid } })))
            await inner.utils.awaitTxId(txid)
          },
        },
        rename: {
          onMutate: ({ id, name }: { id: string; name: string }) => {
            inner.collections.users.update(id, (draft) => {
              draft.name = name
            })
          },
          mutationFn: async () => undefined,
        },
      }
    },
  })

  test('are there by name, and give a transaction', () => {
    expectTypeOf<keyof typeof db.actions>().toEqualTypeOf<'addUser' | 'rename'>()
    expectTypeOf(db.actions.addUser({ id: '1', name: 'Ada' })).toExtend<Transaction<any>>()
    // @ts-expect-error there is no such action
    void db.actions.removeUser
  })

  test('leave the rest of the StreamDB as it is', () => {
    expectTypeOf(db.collections.users.get('1')).toMatchTypeOf<User | undefined>()
    expectTypeOf(db.preload).toEqualTypeOf<() => Promise<void>>()
  })

  test('need onMutate only', () => {
    const { actions } = createStreamDB({ streamOptions, state: schema, actions: () => ({ a: { onMutate: (_: User) => undefined } }) })
    expectTypeOf(actions.a({ id: '1', name: 'Ada' })).toExtend<Transaction<any>>()
    // @ts-expect-error no onMutate
    createStreamDB({ streamOptions, state: schema, actions: () => ({ a: { mutationFn: async () => undefined } }) })
    createStreamDB({
      streamOptions,
      state: schema,
      // @ts-expect-error there is no such collection
      actions: ({ db: inner }) => ({ a: { onMutate: () => inner.collections.people.insert({}), mutationFn: async () => undefined } }),
    })
  })
})

describe('mutationFn', () => {
  const db = createStreamDB({ streamOptions, state: schema })

  test('is one for transactions, paced mutations and actions, whose variables stay those of onMutate', () => {
    createTransaction({ mutationFn: db.mutationFn }).mutate(() => void db.collections.users.delete('1'))
    createTransaction<User>({ mutationFn: db.mutationFn })
    const rename = createOptimisticAction({
      onMutate: (name: string) => {
        db.collections.users.update('1', (draft) => {
          draft.name = name
        })
      },
      mutationFn: db.mutationFn,
    })
    expectTypeOf(rename).parameter(0).toEqualTypeOf<string>()
    const typed = createOptimisticAction<User>({ onMutate: (added) => void db.collections.users.insert(added), mutationFn: db.mutationFn })
    expectTypeOf(typed).parameter(0).toEqualTypeOf<User>()
    const paced = createPacedMutations<string>({ onMutate: (id) => void db.collections.users.delete(id), mutationFn: db.mutationFn, strategy: debounceStrategy({ wait: 1 }) })
    expectTypeOf(paced).parameter(0).toEqualTypeOf<string>()
  })

  test('takes nothing but what TanStack DB calls it with', () => {
    // @ts-expect-error no transaction
    void db.mutationFn({})
  })
})
