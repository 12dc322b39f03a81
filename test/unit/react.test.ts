// @vitest-environment happy-dom
import { useLiveQuery } from '@tanstack/react-db'
import { act, createElement, StrictMode, useSyncExternalStore, type ReactNode } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createStreamDB, gt, type CreateStreamDBOptions, type StreamDB } from '../../src/main/index.ts'
import { itemEvents, schema } from '../support/schema.ts'
import { startStreamServer, type StreamServer } from '../support/stream-server.ts'

type Db = StreamDB<typeof schema>

let server: StreamServer
let path: string
let url: string
let tests = 0
let root: Root
let page: HTMLElement
const opened: Db[] = []

beforeAll(async () => {
  ;(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true
  server = await startStreamServer()
  // happy-dom prints every request that fails, also those that are meant to.
  const { error } = console
  vi.spyOn(console, 'error').mockImplementation((...args: unknown[]) => {
    if (!/socket hang up|ECONN/.test(String(args[0]))) error(...args)
  })
})
afterAll(async () => {
  vi.restoreAllMocks()
  await server.close()
})
beforeEach(() => {
  tests += 1
  path = `/react${String(tests)}`
  url = server.createStream(path)
  page = document.createElement('main')
  root = createRoot(page)
})
afterEach(async () => {
  await act(async () => {
    root.unmount()
  })
  for (const db of opened.splice(0)) db.close()
  await server.heal()
})

/** A StreamDB of the test's stream, with the engine in the page. */
function open(options: Partial<CreateStreamDBOptions<typeof schema>> = {}): Db {
  const db = createStreamDB({ streamOptions: { url, contentType: 'application/json' }, state: schema, ...options }) as Db
  opened.push(db)
  return db
}

const render = (node: ReactNode): Promise<void> => act(async () => root.render(createElement(StrictMode, null, node)))

/** Until the page says so; React is let work on whatever comes meanwhile. */
async function until(holds: () => boolean): Promise<void> {
  const seen = new Promise<void>((resolve) => {
    const look = (): void => {
      if (!holds()) return
      observer.disconnect()
      resolve()
    }
    const observer = new MutationObserver(look)
    observer.observe(page, { childList: true, characterData: true, subtree: true, attributes: true })
    look()
  })
  await act(() => seen)
}
/** Until the status says so. */
function connectionBecomes(db: Db, connection: string): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (db.status.getSnapshot().connection !== connection) return
      stop()
      resolve()
    }
    const stop = db.status.subscribe(look)
    look()
  })
}
const text = (): string => page.textContent

function Items({ db, above }: { db: Db; above: number }): ReactNode {
  const { data, isReady } = useLiveQuery((q) => q.from({ i: db.collections.items }).where(({ i }) => gt(i.n, above)).orderBy(({ i }) => i.n), [db, above])
  return isReady ? data.map(({ id, n }) => createElement('li', { key: id }, `${id}=${String(n)};`)) : 'loading'
}

function Status({ db }: { db: Db }): ReactNode {
  const { connection, rows, upToDate } = useSyncExternalStore(db.status.subscribe, db.status.getSnapshot)
  return `${connection} ${String(rows)} ${upToDate ? 'up to date' : 'behind'}`
}

describe('React on a StreamDB', () => {
  test('shows rows as they are, and as they come, change and go', async () => {
    server.append(path, [...itemEvents(3), schema.users.insert({ value: { id: '1', name: 'Ada' } })])
    const db = open()
    await render(createElement(Items, { db, above: 0 }))
    await until(() => text() === 'i000001=1;i000002=2;')
    server.append(path, [schema.items.upsert({ value: { id: 'x', n: 9 } }), schema.items.update({ value: { id: 'i000001', n: 5 } })])
    await until(() => text() === 'i000002=2;i000001=5;x=9;')
    server.append(path, [schema.items.delete({ key: 'i000002' })])
    await until(() => text() === 'i000001=5;x=9;')
    await render(createElement(Items, { db, above: 5 }))
    await until(() => text() === 'x=9;')
  })

  test('says that it is loading until the stream has been read', async () => {
    server.append(path, itemEvents(2))
    const hold = server.faults.hold({ match: { method: 'GET', path } })
    await render(createElement(Items, { db: open(), above: 0 }))
    await act(() => hold.struck)
    expect(text()).toBe('loading')
    hold.release()
    await until(() => text() === 'i000001=1;')
  })

  test('is ready, and shows nothing, on an empty stream', async () => {
    await render(createElement(Items, { db: open(), above: 0 }))
    await until(() => text() === '')
  })

  test('survives events that make no sense, and goes on', async () => {
    server.append(path, itemEvents(2))
    const invalid: string[] = []
    const db = open({ onInvalid: ({ code }) => invalid.push(code) })
    await render(createElement(Items, { db, above: 0 }))
    await until(() => text() === 'i000001=1;')
    server.append(path, [null, 7, { headers: {} }, { type: 'item', key: 'p', value: 'primitive', headers: { operation: 'insert' } }, { type: 'item', key: 'r', value: { n: 'no number' }, headers: { operation: 'insert' } }])
    server.append(path, [{ headers: { control: 'reset' } }, ...itemEvents(1, 7)])
    await until(() => text() === 'i000007=7;')
    expect(invalid).toEqual(['MALFORMED', 'MALFORMED', 'MALFORMED', 'NOT_A_ROW', 'REFUSED'])
    expect(db.status.getSnapshot().quarantined.count).toBe(5)
  })

  test('shows the status through useSyncExternalStore', async () => {
    server.append(path, itemEvents(2))
    const db = open()
    await render(createElement(Status, { db }))
    expect(text()).toBe('idle 0 behind')
    await act(() => db.preload())
    await until(() => text() === 'live 2 up to date')
    await act(() => server.goOffline())
    await until(() => text() === 'offline 2 behind')
    await act(() => server.goOnline())
    await act(async () => db.reconnect())
    await until(() => text() === 'live 2 up to date')
    await act(async () => db.close())
    expect(text()).toBe('closed 2 behind')
  })

  test('shows an optimistic change at once, and keeps it when the stream confirms it', async () => {
    const db = createStreamDB({
      streamOptions: { url, contentType: 'application/json' },
      state: schema,
      actions: ({ db: inner, stream }) => ({
        add: {
          onMutate: (item: { id: string; n: number }) => void inner.collections.items.insert(item),
          mutationFn: async (item: { id: string; n: number }) => {
            await stream.append(JSON.stringify(schema.items.insert({ value: item, headers: { txid: item.id } })))
            await inner.utils.awaitTxId(item.id)
          },
        },
      }),
    })
    opened.push(db)
    await render(createElement(Items, { db, above: 0 }))
    await until(() => text() === '')
    const hold = server.faults.hold({ match: { method: 'POST', path } })
    const transaction = db.actions.add({ id: 'own', n: 1 })
    await until(() => text() === 'own=1;')
    expect(server.events(path)).toEqual([])
    hold.release()
    await act(() => transaction.isPersisted.promise)
    expect(text()).toBe('own=1;')
    expect(server.events(path).length).toBe(1)
    expect(db.collections.items.get('own')).toMatchObject({ _seq: 0 })
  })

  test('takes an optimistic change back that the server refuses', async () => {
    const db = createStreamDB({
      streamOptions: { url, contentType: 'application/json' },
      state: schema,
      actions: ({ db: inner, stream }) => ({
        add: {
          onMutate: (id: string) => void inner.collections.items.insert({ id, n: 1 }),
          mutationFn: async (id: string) => stream.append(JSON.stringify(schema.items.insert({ value: { id, n: 1 } }))),
        },
      }),
    })
    opened.push(db)
    await render(createElement(Items, { db, above: 0 }))
    await until(() => text() === '')
    server.faults.respond(403, { match: { method: 'POST', path } })
    const transaction = db.actions.add('own')
    const outcome = transaction.isPersisted.promise.catch((error: unknown) => error)
    await until(() => text() === 'own=1;')
    await until(() => text() === '')
    expect(await outcome).toMatchObject({ code: 'NEEDS_AUTH' })
  })

  test('goes on with what it shows when one of the application’s listeners throws', async () => {
    server.append(path, itemEvents(2))
    const db = open()
    db.status.subscribe(() => {
      throw new Error('a listener failed')
    })
    await render(createElement(Items, { db, above: 0 }))
    await until(() => text() === 'i000001=1;')
    server.append(path, itemEvents(1, 2))
    await until(() => text() === 'i000001=1;i000002=2;')
    expect(db.offset).toBe(server.tailOffset(path))
  })
})

describe('the hooks of a StreamDB', () => {
  test('are called in order: before the batch, for each event, and after the rows are there', async () => {
    server.append(path, itemEvents(2))
    const calls: string[] = []
    const rows = (): number => db.collections.items.size
    const db: Db = open({
      onBeforeBatch: ({ items }) => calls.push(`before ${String(items.length)}, ${String(rows())} rows`),
      onEvent: ({ key, headers }) => calls.push(`${headers.operation} ${key}, ${String(rows())} rows`),
      onBatch: ({ offset, upToDate }) => calls.push(`after ${offset === server.tailOffset(path) ? 'the end' : 'something'}${upToDate ? ', up to date' : ''}, ${String(rows())} rows`),
    })
    await db.preload()
    expect(calls).toEqual(['before 2, 0 rows', 'insert i000000, 0 rows', 'insert i000001, 0 rows', 'after the end, up to date, 2 rows'])
    calls.length = 0
    server.append(path, [null, schema.items.delete({ key: 'i000000', headers: { txid: 't' } }), { headers: { control: 'snapshot-start' } }])
    await db.utils.awaitTxId('t')
    expect(calls).toEqual(['before 3, 2 rows', 'delete i000000, 2 rows', 'after the end, up to date, 1 rows'])
  })

  test('hear of the end of a batch when all of its rows are there, however many', async () => {
    server.append(path, itemEvents(5000))
    const sizes: number[] = []
    const db: Db = open({ onBatch: ({ items }) => sizes.push(items.length, db.collections.items.size) })
    await db.preload()
    await connectionBecomes(db, 'live')
    expect(sizes).toEqual([5000, 5000])
  })

  test('see each event once, also when the connection was lost in between', async () => {
    server.append(path, itemEvents(3))
    const seen: string[] = []
    const db = open({ onEvent: ({ key }) => seen.push(key) })
    await db.preload()
    await server.goOffline()
    server.append(path, itemEvents(3, 3))
    await server.goOnline()
    server.append(path, [schema.users.insert({ value: { id: '1', name: 'Ada' }, headers: { txid: 't' } })])
    db.reconnect()
    await db.utils.awaitTxId('t')
    expect(seen).toEqual(['i000000', 'i000001', 'i000002', 'i000003', 'i000004', 'i000005', '1'])
  })

  test('stop nothing when they throw, and are reported', async () => {
    server.append(path, itemEvents(2))
    const fail = (name: string) => (): never => {
      throw new Error(`${name} failed`)
    }
    const db = open({ onBeforeBatch: fail('onBeforeBatch'), onEvent: fail('onEvent'), onBatch: fail('onBatch') })
    await db.preload()
    expect(db.collections.items.size).toBe(2)
    server.append(path, [schema.items.delete({ key: 'i000000', headers: { txid: 't' } })])
    await db.utils.awaitTxId('t')
    expect(db.collections.items.size).toBe(1)
  })
})

describe('reading to the present end only', () => {
  test('shows what there is, and does not follow', async () => {
    server.append(path, itemEvents(3))
    const db = open({ live: false, cache: false })
    await db.preload()
    expect(db.collections.items.size).toBe(3)
    await connectionBecomes(db, 'live')
    expect(db.status.getSnapshot()).toMatchObject({ upToDate: true, lastError: null, failedAttempts: 0, offset: server.tailOffset(path) })
  })

  test('of a stream that was closed shows all of it, and says that it has ended', async () => {
    server.append(path, itemEvents(3))
    server.closeStream(path)
    const db = open({ cache: false })
    await db.preload()
    await connectionBecomes(db, 'ended')
    expect(db.collections.items.size).toBe(3)
    expect(db.status.getSnapshot()).toMatchObject({ upToDate: true, lastError: null, failedAttempts: 0 })
  })
})
