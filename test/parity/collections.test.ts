// @vitest-environment-options {"own":"parity/collections"}
// What applications do with the collections: TanStack DB's collections, filled by either package.
import { describe } from 'vitest'
import { differs, outcomeOf, rows, same, within, type Stage } from './harness.ts'
import { insert, remove, schemaOf, update } from './schema.ts'

const ada = { id: '1', name: 'Ada' }
const bob = { id: '2', name: 'Bob' }
const message = (key: string, text: string, headers: object = {}): object => ({ type: 'message', key, value: { id: key, text }, headers: { operation: 'insert', ...headers } })

const create = ({ library, url, keep }: Stage) =>
  keep(library.createStreamDB({ streamOptions: { url, contentType: 'application/json' }, state: schemaOf(library) }))

async function live(stage: Stage) {
  stage.server.append(stage.path, [insert('1', ada)])
  const db = create(stage)
  await db.preload()
  return db
}
type Db = ReturnType<typeof create>

/** Appends events, and waits until they are shown. */
async function shown({ server, path }: Stage, db: Db, ...events: object[]): Promise<void> {
  const txid = crypto.randomUUID()
  server.append(path, [...events, { type: 'end', key: 'end', value: {}, headers: { operation: 'insert', txid } }])
  await db.utils.awaitTxId(txid)
}

/** What a subscriber is told. */
function listen(db: Db): unknown[] {
  const told: unknown[] = []
  db.collections.users.subscribeChanges((changes) => {
    for (const { type, key, value } of changes) told.push([type, key, value.name])
  }, { includeInitialState: true })
  return told
}

describe('status', () => {
  same('is ready after preload(), and stays so when the StreamDB is closed', async (stage) => {
    const db = await live(stage)
    const before = db.collections.users.status
    db.close()
    return [before, db.collections.users.status]
  }, ['ready', 'ready'])
  differs('the `status` of a collection before its first use', 'is idle', (stage) => create(stage).collections.users.status, { peer: 'loading', sidestream: 'idle' })
  same('whoever waits for rows has them at preload()', async (stage) => {
    stage.server.append(stage.path, [insert('1', ada)])
    const db = create(stage)
    const waiting = Promise.all([db.collections.users.toArrayWhenReady(), db.collections.users.stateWhenReady()])
    await db.preload()
    const [array, state] = await waiting
    return [array.length, [...state.keys()]]
  }, [1, ['1']])
  differs('a collection that is cleaned up and used again', 'has all its rows', async (stage) => {
    const db = await live(stage)
    await db.collections.users.cleanup()
    const cleaned = [db.collections.users.status, db.collections.users.size]
    db.collections.users.startSyncImmediate()
    await shown(stage, db, insert('2', bob))
    return [cleaned, db.collections.users.status, rows(db.collections.users)]
  }, { peer: [['cleaned-up', 0], 'ready', [bob]], sidestream: [['cleaned-up', 0], 'ready', [ada, bob]] })
})

describe('rows', () => {
  same('are found by key', async (stage) => {
    const { users } = (await live(stage)).collections
    return [users.has('1'), users.has('2'), users.get('2'), [...users.keys()], [...users.values()].length, [...users.entries()].length]
  }, [true, false, undefined, ['1'], 1, 1])
  same('have the same fields', async (stage) => Object.keys((await live(stage)).collections.users.get('1')!).sort(), [
    '$collectionId', '$hasPendingWrites', '$key', '$origin', '$synced', '_seq', 'id', 'name',
  ])
  differs('the order of a row’s fields', '`_seq` comes first', async (stage) => Object.keys((await live(stage)).collections.users.get('1')!).filter((name) => !name.startsWith('$')), {
    peer: ['id', 'name', '_seq'],
    sidestream: ['_seq', 'id', 'name'],
  })
  same('are in the order of their keys', async (stage) => {
    stage.server.append(stage.path, [insert('2', bob), insert('10', { id: '10', name: 'T' }), insert('1', ada)])
    const db = create(stage)
    await db.preload()
    return db.collections.users.toArray.map(({ id }) => id)
  }, ['1', '10', '2'])
  same('go on counting `_seq` where they were', async (stage) => {
    const db = await live(stage)
    await shown(stage, db, insert('2', bob), remove('2'), insert('3', { id: '3', name: 'Eve' }))
    return ['1', '3'].map((key) => (db.collections.users.get(key) as unknown as { _seq: number })._seq)
  }, [0, 3])
  same('a value’s own `_seq` is replaced', async (stage) => {
    stage.server.append(stage.path, [insert('1', { ...ada, _seq: 99 })])
    const db = create(stage)
    await db.preload()
    return (db.collections.users.get('1') as unknown as { _seq: number })._seq
  }, 0)
  same('keys like `__proto__` are keys', async (stage) => {
    stage.server.append(stage.path, ['__proto__', 'constructor'].map((key) => insert(key, { name: 'Ada' })))
    const db = create(stage)
    await db.preload()
    return rows(db.collections.users)
  }, [{ id: '__proto__', name: 'Ada' }, { id: 'constructor', name: 'Ada' }])
  same('many come whole', async (stage) => {
    stage.server.append(stage.path, Array.from({ length: 5000 }, (_, index) => insert(String(index), { id: String(index), name: 'N' })))
    const db = create(stage)
    await db.preload()
    return db.collections.users.size
  }, 5000)
})

describe('subscribers', () => {
  same('are told of inserts, updates and deletes as they come', async (stage) => {
    const db = await live(stage)
    const told = listen(db)
    await shown(stage, db, update('1', { id: '1', name: 'A' }))
    await shown(stage, db, insert('2', bob))
    await shown(stage, db, remove('1'))
    return told
  }, [['insert', '1', 'Ada'], ['update', '1', 'A'], ['insert', '2', 'Bob'], ['delete', '1', 'A']])
  same('are told nothing more when they have gone', async (stage) => {
    const db = await live(stage)
    let told = 0
    const subscription = db.collections.users.subscribeChanges(() => { told += 1 })
    subscription.unsubscribe()
    await shown(stage, db, insert('2', bob))
    return told
  }, 0)
  same('see what one append changed in a collection at once', async (stage) => {
    const db = await live(stage)
    const sizes: unknown[] = []
    db.collections.users.subscribeChanges(() => sizes.push(db.collections.users.size))
    await shown(stage, db, insert('2', bob), message('m', 'hi'), insert('3', { id: '3', name: 'Eve' }))
    return sizes
  }, [3])
  differs('commits', 'are told the outcome of a batch, in an order of its own', async (stage) => {
    const db = await live(stage)
    const told = listen(db)
    await shown(stage, db, update('1', { id: '1', name: 'A' }), insert('2', bob), remove('1'))
    return told
  }, {
    peer: [['insert', '1', 'Ada'], ['delete', '1', 'Ada'], ['insert', '2', 'Bob']],
    sidestream: [['insert', '1', 'Ada'], ['insert', '2', 'Bob'], ['delete', '1', 'Ada']],
  })
})

describe('writes', () => {
  differs('changes of a collection without an action', 'need no handler', async (stage) => {
    const { users } = (await live(stage)).collections
    const changes = [() => users.insert(bob), () => users.update('1', (draft) => { draft.name = 'A' }), () => users.delete('1')]
    const outcomes = []
    for (const change of changes) outcomes.push(await outcomeOf(() => void change()))
    return [outcomes, rows(users)]
  }, {
    peer: [
      ['insert', 'update', 'delete'].map((name) => ({
        error: `Collection.${name} called directly (not within an explicit transaction) but no 'on${name[0]!.toUpperCase()}${name.slice(1)}' handler is configured.`,
        isError: true,
      })),
      [ada],
    ],
    sidestream: [['settled', 'settled', 'settled'], [bob]],
  })
})

describe('live queries', () => {
  const start = { startSync: true }
  same('that are mounted before preload() show what it brings', async (stage) => {
    stage.server.append(stage.path, [insert('1', ada)])
    const db = create(stage)
    const query = stage.library.createLiveQueryCollection({ query: (q) => q.from({ u: db.collections.users }), ...start })
    const waiting = query.preload()
    await db.preload()
    await waiting
    return [rows(query), query.status]
  }, [[ada], 'ready'])
  same('filter, order and limit, and follow', async (stage) => {
    stage.server.append(stage.path, [insert('1', ada), insert('2', bob), insert('3', { id: '3', name: 'Eve' })])
    const db = create(stage)
    await db.preload()
    const { createLiveQueryCollection, gt } = stage.library
    const query = createLiveQueryCollection({ query: (q) => q.from({ u: db.collections.users }).where(({ u }) => gt(u.id, '0')).orderBy(({ u }) => u.name, 'desc').limit(2), ...start })
    await query.preload()
    const first = query.toArray.map(({ name }) => name)
    await shown(stage, db, insert('4', { id: '4', name: 'Zoe' }), remove('3'))
    return [first, query.toArray.map(({ name }) => name)]
  }, [['Eve', 'Bob'], ['Zoe', 'Bob']])
  same('join and aggregate, and follow', async (stage) => {
    stage.server.append(stage.path, [insert('1', ada), insert('2', bob), message('1', 'hi')])
    const db = create(stage)
    await db.preload()
    const { createLiveQueryCollection, eq, count } = stage.library
    const joined = createLiveQueryCollection({
      query: (q) => q.from({ m: db.collections.messages }).innerJoin({ u: db.collections.users }, ({ m, u }) => eq(m.id, u.id)).select(({ m, u }) => ({ text: m.text, name: u.name })),
      ...start,
    })
    const counted = createLiveQueryCollection({ query: (q) => q.from({ u: db.collections.users }).groupBy(({ u }) => u.name).select(({ u }) => ({ name: u.name, total: count(u.id) })), ...start })
    await Promise.all([joined.preload(), counted.preload()])
    const seen = (): unknown => [
      joined.toArray.map(({ text, name }) => `${name}: ${text}`).sort(),
      counted.toArray.map(({ name, total }) => `${name}: ${String(total)}`).sort(),
    ]
    const first = seen()
    await shown(stage, db, message('2', 'ho'), insert('3', { id: '3', name: 'Ada' }))
    return [first, seen()]
  }, [
    [['Ada: hi'], ['Ada: 1', 'Bob: 1']],
    [['Ada: hi', 'Bob: ho'], ['Ada: 2', 'Bob: 1']],
  ])
  same('have one row with findOne', async (stage) => {
    const db = await live(stage)
    const { createLiveQueryCollection, eq } = stage.library
    const query = createLiveQueryCollection({ query: (q) => q.from({ u: db.collections.users }).where(({ u }) => eq(u.id, '1')).findOne(), ...start })
    await query.preload()
    return rows(query)
  }, [ada])
  same('may be asked once', async (stage) => {
    const db = await live(stage)
    return rows({ toArray: await stage.library.queryOnce((q) => q.from({ u: db.collections.users })) })
  }, [ada])
  same('that are mounted after close() show the rows that there were', async (stage) => {
    const db = await live(stage)
    db.close()
    const query = stage.library.createLiveQueryCollection({ query: (q) => q.from({ u: db.collections.users }), ...start })
    return [await within(500, query.preload()), rows(query)]
  }, ['settled', [ada]])
})

same('two StreamDBs of one stream have the same rows', async (stage) => {
  const [one, other] = [await live(stage), create(stage)]
  await other.preload()
  await one.stream.append(JSON.stringify(insert('2', bob, { txid: 't' })))
  await Promise.all([one.utils.awaitTxId('t'), other.utils.awaitTxId('t')])
  return [rows(one.collections.users), rows(other.collections.users)]
}, [[ada, bob], [ada, bob]])
