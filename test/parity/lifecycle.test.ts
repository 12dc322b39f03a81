// @vitest-environment-options {"own":"parity/lifecycle"}
// The README's "Creating a Database" and "Lifecycle Methods".
import { DurableStream } from '@durable-streams/client'
import { describe } from 'vitest'
import { differs, outcomeOf, rows, same, within, type Library, type Stage } from './harness.ts'
import { insert, schemaOf } from './schema.ts'

const ada = { id: '1', name: 'Ada' }
const bob = { id: '2', name: 'Bob' }

const create = ({ library, url, keep }: Stage) =>
  keep(library.createStreamDB({ streamOptions: { url, contentType: 'application/json' }, state: schemaOf(library) }))

describe('createStreamDB', () => {
  same('is synchronous and asks the server for nothing', (stage) => {
    const db = create(stage)
    return [stage.server.log.count({ path: stage.path }), db.offset, db.collections.users.size, typeof (db as unknown as { then?: unknown }).then]
  }, [0, '-1', 0, 'undefined'])
  same('needs a stream or its options', ({ library }) => outcomeOf(() => library.createStreamDB({ state: schemaOf(library) })), {
    error: 'createStreamDB requires stream or streamOptions',
    isError: true,
  })
  same('names collections by stream and name', (stage) => {
    const { collections } = create(stage)
    return [Object.keys(collections), collections.users.id === `stream-db:${stage.url}:users`, stage.library.getStreamDBCollectionId(stage.url, 'users') === collections.users.id]
  }, [['users', 'messages'], true, true])
  same('has the documented members', (stage) => {
    const db = create(stage)
    return [['collections', 'stream', 'offset', 'preload', 'close', 'utils'].every((name) => name in db), 'actions' in db, db.stream.url === stage.url, db.stream.contentType]
  }, [true, false, true, 'application/json'])
  same('has collections and actions that cannot be replaced', async ({ library, url, keep }) => {
    const db = keep(library.createStreamDB({ streamOptions: { url }, state: schemaOf(library), actions: () => ({ a: { onMutate: () => undefined, mutationFn: async () => undefined } }) })) as unknown as Record<string, unknown>
    return [Object.getPrototypeOf(db) === null, ...(['collections', 'actions', 'preload'] as const).map((name) => Reflect.set(db, name, db[name]))]
  }, [true, false, false, true])
  same('takes a URL object', async ({ library, url, keep, server, path }) => {
    server.append(path, [insert('1', ada)])
    const db = keep(library.createStreamDB({ streamOptions: { url: new URL(url) }, state: schemaOf(library) }))
    await db.preload()
    return [rows(db.collections.users), db.collections.users.id === `stream-db:${url}:users`]
  }, [[ada], true])
  same('reads and writes through a stream that it is given', async ({ library, url, keep, server, path }) => {
    server.append(path, [insert('1', ada)])
    const stream = new DurableStream({ url, contentType: 'application/json' })
    const db = keep(library.createStreamDB({ stream: stream as never, state: schemaOf(library) }))
    await db.preload()
    await db.stream.append(JSON.stringify(insert('2', bob, { txid: 't' })))
    await db.utils.awaitTxId('t')
    return [db.stream as unknown === stream, rows(db.collections.users)]
  }, [true, [ada, bob]])
})

describe('preload', () => {
  same('shows what is in the stream', async (stage) => {
    stage.server.append(stage.path, [insert('1', ada), { type: 'message', key: 'm', value: { id: 'm', text: 'hi' }, headers: { operation: 'insert' } }])
    const db = create(stage)
    await db.preload()
    return [rows(db.collections.users), rows(db.collections.messages), db.collections.users.isReady(), db.offset === stage.server.tailOffset(stage.path)]
  }, [[ada], [{ id: 'm', text: 'hi' }], true, true])
  same('settles for an empty stream', async (stage) => {
    const db = create(stage)
    return [await outcomeOf(() => db.preload()), rows(db.collections.users), db.collections.users.isReady()]
  }, ['settled', [], true])
  same('may be called again and at the same time', async (stage) => {
    stage.server.append(stage.path, [insert('1', ada)])
    const db = create(stage)
    await Promise.all([db.preload(), db.preload()])
    await db.preload()
    return rows(db.collections.users)
  }, [ada])
  same('goes on with what follows', async (stage) => {
    const db = create(stage)
    await db.preload()
    stage.server.append(stage.path, [insert('1', ada, { txid: 't' })])
    await db.utils.awaitTxId('t')
    return [rows(db.collections.users), db.offset === stage.server.tailOffset(stage.path)]
  }, [[ada], true])
  same('reads a stream that is closed', async (stage) => {
    stage.server.append(stage.path, [insert('1', ada)])
    stage.server.closeStream(stage.path)
    const db = create(stage)
    await db.preload()
    return rows(db.collections.users)
  }, [ada])
  same('serves live queries', async (stage) => {
    stage.server.append(stage.path, [insert('1', ada), insert('2', bob)])
    const db = create(stage)
    const { createLiveQueryCollection, eq } = stage.library
    const query = createLiveQueryCollection({ query: (q) => q.from({ u: db.collections.users }).where(({ u }) => eq(u.name, 'Bob')), startSync: true })
    await db.preload()
    await query.preload()
    return rows(query)
  }, [bob])
  differs('a collection used without `preload()`', 'starts', async (stage) => {
    stage.server.append(stage.path, [insert('1', ada)])
    const db = create(stage)
    return [await within(500, db.collections.users.preload()), rows(db.collections.users)]
  }, { peer: ['pending', []], sidestream: ['settled', [ada]] })
  same('waits for what is in the stream by now, also when a query has started it', async (stage) => {
    const db = create(stage)
    const query = stage.library.createLiveQueryCollection({ query: (q) => q.from({ u: db.collections.users }), startSync: true })
    // The peer's query shows nothing before preload().
    if (stage.side === 'sidestream') await query.preload()
    stage.server.append(stage.path, [insert('1', ada)])
    await db.preload()
    return rows(db.collections.users)
  }, [ada])
  same('so it does while the rows that a query has asked for are on their way', async (stage) => {
    const { library, url, keep, server, path, side } = stage
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => { release = resolve })
    let isAnswered = (): void => undefined
    const answered = new Promise<void>((resolve) => { isAnswered = resolve })
    server.append(path, [insert('1', ada)])
    // The server has answered, and the answer is on its way.
    const own: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      isAnswered()
      await released
      return response
    }
    const db = keep(library.createStreamDB({ streamOptions: { url, contentType: 'application/json', fetch: own }, state: schemaOf(library) }))
    const query = library.createLiveQueryCollection({ query: (q) => q.from({ u: db.collections.users }) })
    const shown = query.preload()
    // The peer asks for nothing before preload().
    if (side === 'sidestream') await answered
    server.append(path, [insert('2', bob)])
    const preloaded = db.preload()
    setTimeout(release, 50)
    await Promise.all([preloaded, shown])
    return rows(db.collections.users)
  }, [ada, bob])
  same('so it does with live: false', async (stage) => {
    const { library, url, keep } = stage
    const db = keep(library.createStreamDB({ streamOptions: { url }, state: schemaOf(library), live: false }))
    const query = library.createLiveQueryCollection({ query: (q) => q.from({ u: db.collections.users }), startSync: true })
    if (stage.side === 'sidestream') await query.preload()
    stage.server.append(stage.path, [insert('1', ada)])
    await db.preload()
    return rows(db.collections.users)
  }, [ada])
  same('asks for nothing where it is called again', async (stage) => {
    const db = create(stage)
    await db.preload()
    const before = stage.server.log.count({ path: stage.path, method: 'HEAD' })
    await Promise.all([db.preload(), db.preload()])
    return stage.server.log.count({ path: stage.path, method: 'HEAD' }) - before
  }, 0)
})

describe('close', () => {
  same('rejects what waits', async (stage) => {
    const request = stage.server.faults.hang({ match: { path: stage.path } })
    const db = create(stage)
    const waiting = [outcomeOf(() => db.preload()), outcomeOf(() => db.utils.awaitTxId('never'))]
    await request.struck
    db.close()
    return (await Promise.all(waiting)).map((outcome) => (outcome as { isError?: boolean }).isError)
  }, [true, true])
  same('says why to a transaction that waits', async (stage) => {
    const db = create(stage)
    await db.preload()
    const waiting = outcomeOf(() => db.utils.awaitTxId('never'))
    db.close()
    return waiting
  }, { error: 'StreamDB closed', isError: true })
  same('keeps the rows, takes no more, and may be called again', async (stage) => {
    stage.server.append(stage.path, [insert('1', ada)])
    const db = create(stage)
    await db.preload()
    db.close()
    db.close()
    const other = stage.keep(create(stage))
    stage.server.append(stage.path, [insert('2', bob)])
    await other.preload()
    return [rows(db.collections.users), rows(other.collections.users)]
  }, [[ada], [ada, bob]])
  differs('`preload()` that `close()` meets', 'rejects', async (stage) => {
    const db = create(stage)
    const waiting = within(1000, db.preload())
    db.close()
    return waiting
  }, { peer: 'settled', sidestream: { error: 'StreamDB closed', isError: true } })
  same('may be called in a hook', async (stage) => {
    const { library, url, keep } = stage
    stage.server.append(stage.path, [insert('1', ada), insert('2', bob)])
    const keys: string[] = []
    const db = keep(library.createStreamDB({
      streamOptions: { url, contentType: 'application/json' },
      state: schemaOf(library),
      onEvent: ({ key }) => {
        keys.push(key)
        db.close()
      },
    }))
    return [await within(1000, db.preload()), keys]
  }, [{ error: 'StreamDB closed', isError: true }, ['1', '2']])
  differs('what is called after `close()`', 'rejects', async (stage) => {
    const db = create(stage)
    await db.preload()
    db.close()
    return [await outcomeOf(() => db.preload()), await outcomeOf(() => db.utils.awaitTxId('t', 20)), await outcomeOf(() => db.stream.append(JSON.stringify(insert('1', ada))))]
  }, {
    peer: ['settled', { error: 'Timeout waiting for txid: t', isError: true }, 'settled'],
    sidestream: [{ error: 'StreamDB closed', isError: true }, { error: 'StreamDB closed', isError: true }, { error: 'StreamDB closed', isError: true }],
  })
})

describe('options', () => {
  const made = (library: Library, url: string, options: object): unknown =>
    outcomeOf(() => {
      library.createStreamDB({ streamOptions: { url }, state: schemaOf(library), ...options }).close()
      return 'made'
    })

  differs('an option that is unknown or impossible', 'is refused', ({ library, url }) => made(library, url, { onEvents: () => undefined }), {
    peer: 'made',
    sidestream: { error: 'there is no option `onEvents`; did you mean `onEvent`?', isError: true },
  })

  differs('an option that is unknown or impossible', 'is refused as a value', ({ library, url }) => made(library, url, { live: 'bogus' }), {
    peer: 'made',
    sidestream: { error: "`live` has to be true, false, 'long-poll', 'sse'; it is 'bogus'", isError: true },
  })
})
