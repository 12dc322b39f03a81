// @vitest-environment-options {"own":"parity/actions"}
// The README's "Optimistic Actions" and "Use Transaction IDs", word for word where it is code.
import { describe, expect, vi } from 'vitest'
import * as v from 'valibot'
import { differs, outcomeOf, rows, same, within, type Stage } from './harness.ts'
import { insert, remove, schemaOf, update } from './schema.ts'

const ada = { id: '1', name: 'Ada' }

function create({ library, url, keep }: Stage) {
  const schema = schemaOf(library)
  return keep(
    library.createStreamDB({
      streamOptions: { url, contentType: 'application/json' },
      state: schema,
      actions: ({ db, stream }) => ({
        addUser: {
          onMutate: (user: typeof ada) => { db.collections.users.insert(user) },
          mutationFn: async (user: typeof ada) => {
            const txid = crypto.randomUUID()
            await stream.append(JSON.stringify(schema.users.insert({ value: user, headers: { txid } })))
            await db.utils.awaitTxId(txid)
          },
        },
        updateUser: {
          onMutate: ({ id, updates }: { id: string; updates: Partial<typeof ada> }) => {
            db.collections.users.update(id, (draft) => { Object.assign(draft, updates) })
          },
          mutationFn: async ({ id, updates }: { id: string; updates: Partial<typeof ada> }) => {
            const txid = crypto.randomUUID()
            const current = await db.collections.users.get(id)
            await stream.append(JSON.stringify(schema.users.update({ value: { ...current!, ...updates }, oldValue: current!, headers: { txid } })))
            await db.utils.awaitTxId(txid)
          },
        },
        fail: {
          onMutate: (user: typeof ada) => { db.collections.users.insert(user) },
          mutationFn: async () => { throw new Error('refused') },
        },
      }),
    }),
  )
}

describe('actions', () => {
  same('show at once, and stay when the server has them', async (stage) => {
    const db = create(stage)
    await db.preload()
    const transaction = db.actions.addUser(ada)
    const atOnce = rows(db.collections.users)
    await transaction.isPersisted.promise
    return [atOnce, rows(db.collections.users), stage.server.events(stage.path).length]
  }, [[ada], [ada], 1])
  same('update what is there', async (stage) => {
    stage.server.append(stage.path, [insert('1', ada)])
    const db = create(stage)
    await db.preload()
    const transaction = db.actions.updateUser({ id: '1', updates: { name: 'Lovelace' } })
    const atOnce = rows(db.collections.users)
    await transaction.isPersisted.promise
    return [atOnce, rows(db.collections.users)]
  }, [[{ id: '1', name: 'Lovelace' }], [{ id: '1', name: 'Lovelace' }]])
  same('are taken back when they fail', async (stage) => {
    const db = create(stage)
    await db.preload()
    const transaction = db.actions.fail(ada)
    const atOnce = rows(db.collections.users)
    return [atOnce, await outcomeOf(() => transaction.isPersisted.promise), rows(db.collections.users)]
  }, [[ada], { error: 'refused', isError: true }, []])
  same('are taken back when the server refuses the write', async (stage) => {
    const db = create(stage)
    await db.preload()
    stage.server.faults.respond(403, { match: { method: 'POST', path: stage.path } })
    const transaction = db.actions.addUser(ada)
    const atOnce = rows(db.collections.users)
    const outcome = (await outcomeOf(() => transaction.isPersisted.promise)) as { isError?: boolean }
    return [atOnce, outcome.isError, transaction.state, rows(db.collections.users)]
  }, [[ada], true, 'failed', []])
  same('are taken back when their transaction does not come in time, and its rows come later', async (stage) => {
    const { library, server, path, url, keep } = stage
    const db = keep(library.createStreamDB({
      streamOptions: { url, contentType: 'application/json' },
      state: schemaOf(library),
      actions: ({ db: inner }) => ({
        removeUser: { onMutate: (id: string) => { inner.collections.users.delete(id) }, mutationFn: () => inner.utils.awaitTxId('t', 20) },
      }),
    }))
    server.append(path, [insert('1', ada)])
    await db.preload()
    const transaction = db.actions.removeUser('1')
    const atOnce = rows(db.collections.users)
    const outcome = await outcomeOf(() => transaction.isPersisted.promise)
    const takenBack = rows(db.collections.users)
    server.append(path, [remove('1', { txid: 't' })])
    await db.utils.awaitTxId('t')
    return [atOnce, outcome, takenBack, rows(db.collections.users)]
  }, [[], { error: 'Timeout waiting for txid: t', isError: true }, [ada], []])
  same('lie over what the stream says until they have settled', async (stage) => {
    const { library, server, path, url, keep } = stage
    let settle = (): void => undefined
    const db = keep(library.createStreamDB({
      streamOptions: { url, contentType: 'application/json' },
      state: schemaOf(library),
      actions: ({ db: inner }) => ({
        rename: {
          onMutate: (name: string) => { inner.collections.users.update('1', (draft) => { draft.name = name }) },
          mutationFn: () => new Promise<void>((resolve) => { settle = resolve }),
        },
      }),
    }))
    server.append(path, [insert('1', ada)])
    await db.preload()
    const transaction = db.actions.rename('mine')
    const atOnce = rows(db.collections.users)
    server.append(path, [update('1', { id: '1', name: 'theirs' }, { txid: 't' })])
    await db.utils.awaitTxId('t')
    const meanwhile = rows(db.collections.users)
    settle()
    await transaction.isPersisted.promise
    await vi.waitFor(() => { expect(db.collections.users.get('1')!.name).toBe('theirs') })
    return [atOnce, meanwhile]
  }, [[{ id: '1', name: 'mine' }], [{ id: '1', name: 'mine' }]])
  same('several at once all stay', async (stage) => {
    const db = create(stage)
    await db.preload()
    const transactions = ['1', '2', '3'].map((id) => db.actions.addUser({ id, name: 'N' }))
    const atOnce = db.collections.users.size
    await Promise.all(transactions.map(({ isPersisted }) => isPersisted.promise))
    return [atOnce, db.collections.users.size, stage.server.events(stage.path).length]
  }, [3, 3, 3])
  same('whose onMutate throws change nothing', async (stage) => {
    stage.server.append(stage.path, [insert('1', ada)])
    const db = create(stage)
    await db.preload()
    return [await outcomeOf(() => { db.actions.addUser(ada) }), rows(db.collections.users), stage.server.events(stage.path).length]
  }, [{ error: 'Cannot insert document with ID "1" because it already exists in the collection', isError: true }, [ada], 1])
  same('run before preload() as well', async (stage) => {
    const db = create(stage)
    const transaction = db.actions.fail(ada)
    return [rows(db.collections.users), await outcomeOf(() => transaction.isPersisted.promise), rows(db.collections.users)]
  }, [[ada], { error: 'refused', isError: true }, []])
  same('are members of `actions`, by name', (stage) => Object.keys(create(stage).actions), ['addUser', 'updateUser', 'fail'])
  same('use the collections’ schema', async (stage) => {
    const db = create(stage)
    await db.preload()
    const transaction = stage.library.createTransaction({ autoCommit: false, mutationFn: async () => undefined })
    const outcome = await outcomeOf(() => { transaction.mutate(() => { db.collections.users.insert({ id: '1', name: 7 as never }) }) })
    return (outcome as { error: string }).error.split('\n')[1]?.split(' - ')[0]
  }, '- Invalid type: Expected string but received 7')
})

describe('awaitTxId', () => {
  same('settles when the transaction is read, also for those who ask late', async (stage) => {
    const db = create(stage)
    await db.preload()
    const waiting = outcomeOf(() => db.utils.awaitTxId('t'))
    await db.stream.append(JSON.stringify(insert('1', ada, { txid: 't' })))
    return [await waiting, await outcomeOf(() => db.utils.awaitTxId('t', 0)), rows(db.collections.users)]
  }, ['settled', 'settled', [ada]])
  same('times out', async (stage) => {
    const db = create(stage)
    await db.preload()
    return outcomeOf(() => db.utils.awaitTxId('t', 10))
  }, { error: 'Timeout waiting for txid: t', isError: true })
  same('settles all who wait, with their rows in', async (stage) => {
    const db = create(stage)
    await db.preload()
    const waiting = [1, 2, 3].map(() => db.utils.awaitTxId('t').then(() => db.collections.users.size))
    stage.server.append(stage.path, [insert('1', ada, { txid: 't' }), insert('2', { id: '2', name: 'Bob' })])
    return Promise.all(waiting)
  }, [2, 2, 2])
  same('settles for a delete', async (stage) => {
    stage.server.append(stage.path, [insert('1', ada)])
    const db = create(stage)
    await db.preload()
    stage.server.append(stage.path, [remove('1', { txid: 't' })])
    await db.utils.awaitTxId('t')
    return rows(db.collections.users)
  }, [])
  same('times out for one, and settles for who asks again', async (stage) => {
    const db = create(stage)
    await db.preload()
    const first = await outcomeOf(() => db.utils.awaitTxId('t', 10))
    stage.server.append(stage.path, [insert('1', ada, { txid: 't' })])
    return [first, await outcomeOf(() => db.utils.awaitTxId('t'))]
  }, [{ error: 'Timeout waiting for txid: t', isError: true }, 'settled'])
  same('waits 5 s unless told otherwise', async (stage) => {
    const db = create(stage)
    await db.preload()
    const timers = vi.spyOn(globalThis, 'setTimeout')
    db.utils.awaitTxId('never').catch(() => undefined)
    return timers.mock.calls.some(([, ms]) => ms === 5000)
  }, true)
  same('takes no time at all', async (stage) => {
    const db = create(stage)
    await db.preload()
    return outcomeOf(() => db.utils.awaitTxId('never', 0))
  }, { error: 'Timeout waiting for txid: never', isError: true })
  same('does not know the transaction of a control event', async (stage) => {
    const db = create(stage)
    await db.preload()
    stage.server.append(stage.path, [{ headers: { control: 'snapshot-end', txid: 't' } }, insert('1', ada, { txid: 'u' })])
    await db.utils.awaitTxId('u')
    return outcomeOf(() => db.utils.awaitTxId('t', 20))
  }, { error: 'Timeout waiting for txid: t', isError: true })
  differs('`awaitTxId` before `preload()`', 'starts', async (stage) => {
    stage.server.append(stage.path, [insert('1', ada, { txid: 't' })])
    return outcomeOf(() => create(stage).utils.awaitTxId('t', 500))
  }, { peer: { error: 'Timeout waiting for txid: t', isError: true }, sidestream: 'settled' })
  differs('`awaitTxId(txid, Infinity)`', 'waits', async (stage) => {
    const db = create(stage)
    await db.preload()
    return within(100, db.utils.awaitTxId('t', Infinity))
  }, { peer: { error: 'Timeout waiting for txid: t', isError: true }, sidestream: 'pending' })
  same('knows the transactions of events that no collection takes', async (stage) => {
    stage.server.append(stage.path, [{ type: 'else', key: 'x', value: 1, headers: { operation: 'insert', txid: 't' } }])
    const db = create(stage)
    await db.preload()
    return outcomeOf(() => db.utils.awaitTxId('t', 10))
  }, 'settled')
  differs('`awaitTxId`', 'is not settled by an event that is kept out', async (stage) => {
    stage.server.append(stage.path, [insert('1', { id: '1', name: 7 }, { txid: 't' })])
    const db = create(stage)
    await db.preload()
    return outcomeOf(() => db.utils.awaitTxId('t', 10))
  }, { peer: 'settled', sidestream: { error: 'Timeout waiting for txid: t', isError: true } })
})

describe('optimistic changes', () => {
  const change = (schema: unknown, id: unknown) => async ({ library, url, keep, server, path }: Stage): Promise<unknown> => {
    server.append(path, [insert('5', { id, name: 'Ada' })])
    const db = keep(library.createStreamDB({ streamOptions: { url }, state: library.createStateSchema({ users: { schema: schema as never, type: 'user', primaryKey: 'id' } }) }))
    await db.preload()
    const { users } = db.collections as unknown as { users: { update: (key: string, change: (draft: { name: unknown }) => void) => void; toArray: object[] } }
    const mutate = (name: unknown): unknown => {
      const transaction = library.createTransaction({ autoCommit: false, mutationFn: async () => undefined })
      transaction.mutate(() => { users.update('5', (draft) => { draft.name = name }) })
      return rows(users)
    }
    return [await outcomeOf(() => mutate('Bob')), ((await outcomeOf(() => mutate(7))) as { isError?: boolean }).isError]
  }
  for (const [name, schema, id] of [['a strict schema', v.strictObject({ id: v.string(), name: v.string() }), '5'], ['a schema with a numeric key', v.strictObject({ id: v.number(), name: v.string() }), 5]] as const) {
    same(`an insert under ${name} is one row, before and after the stream has it`, async ({ library, url, keep }) => {
      const state = library.createStateSchema({ users: { schema: schema as never, type: 'user', primaryKey: 'id' } })
      const db = keep(library.createStreamDB({ streamOptions: { url, contentType: 'application/json' }, state }))
      await db.preload()
      const value = { id, name: 'Ada' }
      const { users } = db.collections as unknown as { users: { insert: (row: object) => void; toArray: object[] } }
      const transaction = library.createTransaction({
        mutationFn: async () => {
          await db.stream.append(JSON.stringify((state as unknown as { users: { insert: (params: object) => object } }).users.insert({ value, headers: { txid: 't' } })))
          await db.utils.awaitTxId('t')
        },
      })
      transaction.mutate(() => { users.insert(value) })
      const atOnce = rows(users)
      await transaction.isPersisted.promise
      return [atOnce, rows(users)]
    }, [[{ id, name: 'Ada' }], [{ id: '5', name: 'Ada' }]])
  }
  const ROW = 'optimistic changes under a strict or numeric-key schema'
  differs(ROW, 'a strict schema is asked without `_seq`', change(v.strictObject({ id: v.string(), name: v.string() }), '5'), {
    peer: [{ error: 'Update validation failed: \n- Invalid key: Expected never but received "_seq" - path: [object Object]', isError: true }, true],
    sidestream: [[{ id: '5', name: 'Bob' }], true],
  })
  differs(ROW, 'a schema with a numeric key is asked with a number', change(v.object({ id: v.number(), name: v.string() }), 5), {
    peer: [{ error: 'Update validation failed: \n- Invalid type: Expected number but received "5" - path: [object Object]', isError: true }, true],
    sidestream: [[{ id: '5', name: 'Bob' }], true],
  })
})
