// @vitest-environment-options {"own":"unit/worker-queries"}
import { createLiveQueryCollection, eq, type Collection, type InitialQueryBuilder } from '@tanstack/db'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createStreamDB, type NamedQuery } from '../../src/main/index.ts'
import { MemoryStream } from '../property/subsets/memory-stream.ts'
import { Gate } from '../../src/shared/gate.ts'
import { versionOf } from '../../src/shared/named-queries.ts'
import { airportEvents, flightEvent as flight, namedQueries as queries, querySchema as schema } from '../support/query-schema.ts'
import { emptyMedium, type MemoryMedium } from '../../src/worker/store/memory-store.ts'
import { queryWorker, type QueryWorkerOptions } from '../support/query-workers.ts'

const LONG = { timeout: 20_000 }
vi.setConfig({ testTimeout: 30_000 })

let stream: MemoryStream
const open: Array<{ close(): void }> = []
beforeEach(() => {
  stream = new MemoryStream('http://memory/s')
  stream.append(airportEvents())
  stream.append(Array.from({ length: 30 }, (_, n) => flight(n)))
})
afterEach(() => {
  for (const db of open.splice(0)) db.close()
})

const worker = (options: Partial<QueryWorkerOptions> = {}) => queryWorker({ fetch: stream.fetch, named: queries, ...options })

function tab(from: ReturnType<typeof worker>, given: { queries?: typeof queries } = { queries }) {
  const db = createStreamDB({ streamOptions: { url: stream.url, contentType: 'application/json' }, state: schema, worker: from.worker, ...given })
  open.push(db)
  return db
}

const plain = (rows: Iterable<object>): unknown[] => [...rows].map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith('$'))))
const byCity = (rows: Iterable<object>): unknown[] => (plain(rows) as Array<{ city: string }>).sort((a, b) => (a.city < b.city ? -1 : 1))

test('a named query with a join and groups runs in the worker, and the tab holds its result only', async () => {
  const db = tab(worker())
  const delays = db.query('delays', { over: 20 })
  await delays.preload()
  expect(byCity(delays.values())).toEqual([
    { city: 'Lisbon', flights: 3, total: 72 },
    { city: 'Oslo', flights: 3, total: 75 },
    { city: 'San Francisco', flights: 3, total: 78 },
  ])
  expect(db.collections.flights.size).toBe(0)
  stream.append([flight(3, 100), flight(21, 0), flight(24, 0), flight(27, 0)])
  await vi.waitFor(() => {
    expect(byCity(delays.values())[0]).toEqual({ city: 'Lisbon', flights: 1, total: 100 })
  }, LONG)
  stream.append([flight(3, 0)])
  await vi.waitFor(() => {
    expect(byCity(delays.values()).length).toBe(2)
  }, LONG)
  expect(db.status.getSnapshot().fallbacks).toEqual({})
  await vi.waitFor(() => {
    expect(db.status.getSnapshot().queries).toMatchObject({ [delays.id]: { rows: 2, tabs: 1 } })
  }, LONG)
})

test('a result without rows is ready, and gets the rows that come', async () => {
  const db = tab(worker())
  const first = db.query('delays', { over: 20 })
  await first.preload()
  const none = db.query('delays', { over: 1000 })
  await none.preload()
  expect(none.size).toBe(0)
  stream.append([flight(5, 2000)])
  await vi.waitFor(() => {
    expect(none.size).toBe(1)
  }, LONG)
})

test('an inline query crosses as data, keeps its order, and can be queried further in the tab', async () => {
  const db = tab(worker())
  const top = db.liveQuery((q) => q.from({ f: db.collections.flights }).orderBy(({ f }) => f.delay, 'desc').limit(4))
  await top.preload()
  const ids = () => [...top.values()].map(({ id }) => id)
  expect(ids()).toEqual(['f29', 'f28', 'f27', 'f26'])
  expect([...top.keys()]).toEqual(['f29', 'f28', 'f27', 'f26'])
  const named = createLiveQueryCollection((q) => q.from({ t: top }).join({ a: db.collections.airports }, ({ t, a }) => eq(t.from, a.code), 'inner').select(({ t, a }) => ({ id: t.id, city: a.city })))
  await named.preload()
  expect(plain(named.values()).length).toBe(4)
  stream.append([flight(5, 1000)])
  await vi.waitFor(() => {
    expect(ids()).toEqual(['f5', 'f29', 'f28', 'f27'])
  }, LONG)
  stream.append([flight(5, 28.5)])
  await vi.waitFor(() => {
    expect(ids()).toEqual(['f29', 'f5', 'f28', 'f27'])
  }, LONG)
  await vi.waitFor(() => {
    expect(named.size).toBe(4)
    expect(named.toArray.some(({ id }) => id === 'f5')).toBe(true)
  }, LONG)
  expect(db.collections.flights.size).toBe(0)
})

test('two tabs share one run, which ends after the last of them has let it go', async () => {
  const shared = worker()
  const [one, two] = [tab(shared), tab(shared)]
  const [first, second] = [one.query('delays', { over: 20 }), two.query('delays', { over: 20 })]
  expect(one.query('delays', { over: 20 })).toBe(first)
  expect(one.query('delays', { over: 21 })).not.toBe(first)
  await first.preload()
  await second.preload()
  expect(byCity(second.values())).toEqual(byCity(first.values()))
  expect(shared.opened).toEqual(['delays'])
  stream.append([flight(0, 50)])
  for (const each of [first, second]) {
    await vi.waitFor(() => {
      expect(byCity(each.values())[0]).toEqual({ city: 'Lisbon', flights: 4, total: 122 })
    }, LONG)
  }
  await vi.waitFor(() => {
    expect(one.status.getSnapshot().queries[first.id]?.tabs).toBe(2)
  }, LONG)
  await first.cleanup()
  stream.append([flight(0, 51)])
  await vi.waitFor(() => {
    expect(byCity(second.values())[0]).toEqual({ city: 'Lisbon', flights: 4, total: 123 })
  }, LONG)
  expect(shared.closed).toEqual([])
  await second.cleanup()
  await vi.waitFor(() => {
    expect(shared.closed).toEqual(['delays'])
  }, LONG)
})

test('the status follows the tabs that share a query, also while no row changes', async () => {
  const shared = worker()
  const [one, two] = [tab(shared), tab(shared)]
  const [first, second] = [one.query('delays', { over: 20 }), two.query('delays', { over: 20 })]
  const counts = () => [one, two].map(({ status }) => Object.values(status.getSnapshot().queries).map(({ tabs }) => tabs))
  const told = (expected: number[][]) =>
    vi.waitFor(() => {
      expect(counts()).toEqual(expected)
    }, LONG)
  await first.preload()
  await told([[1], []])
  await second.preload()
  await told([[2], [2]])
  await first.cleanup()
  await told([[], [1]])
  await second.cleanup()
  await told([[], []])
})

test('equal queries of one tab are one, and each of their collections has the rows', async () => {
  const shared = worker()
  const db = tab(shared)
  const make = () => db.liveQuery((q) => q.from({ f: db.collections.flights }).orderBy(({ f }) => f.delay, 'desc').limit(2))
  const [one, two, single] = [make(), make(), db.liveQuery((q) => q.from({ a: db.collections.airports }).orderBy(({ a }) => a.code).findOne())]
  await Promise.all([one.preload(), single.preload()])
  await two.preload()
  const ids = (of: typeof one) => [...of.values()].map(({ id }) => id)
  expect([ids(one), ids(two), shared.opened]).toEqual([['f29', 'f28'], ['f29', 'f28'], ['inline', 'inline']])
  // As adapters look for it.
  expect([[...single.keys()], ...[single, one].map(({ config }) => (config as { singleResult?: true }).singleResult)]).toEqual([['LIS'], true, undefined])
  await one.cleanup()
  stream.append([flight(3, 100)])
  await vi.waitFor(() => {
    expect(ids(two)).toEqual(['f3', 'f29'])
  }, LONG)
  expect(one.size).toBe(0)
  await one.preload()
  expect(ids(one)).toEqual(['f3', 'f29'])
})

describe('the window of a result', () => {
  const named = { ...queries, latest: ((q, { flights }, { most }: { most: number }) => q.from({ f: flights }).orderBy(({ f }) => f.delay, 'desc').limit(most)) as NamedQuery<typeof schema> }
  const top = (db: ReturnType<typeof tab>, count = 3) => db.liveQuery((q) => q.from({ f: db.collections.flights }).orderBy(({ f }) => f.delay, 'desc').limit(count))
  const ids = (of: { values(): Iterable<object> }): string[] => [...of.values()].map((row) => (row as { id: string }).id)
  const moved = async (collection: ReturnType<typeof top>, window: { offset?: number; limit?: number }): Promise<string[]> => {
    await collection.utils.setWindow(window)
    return ids(collection)
  }

  test('moves in the worker, with the run that there is', async () => {
    const shared = worker()
    const db = tab(shared)
    const result = top(db)
    expect(result.utils.getWindow()).toEqual({ offset: 0, limit: 3 })
    await result.preload()
    const moving = result.utils.setWindow({ offset: 1, limit: 4 })
    expect(moving).toBeInstanceOf(Promise)
    expect([ids(result), result.utils.getWindow()]).toEqual([['f29', 'f28', 'f27'], { offset: 0, limit: 3 }])
    await moving
    expect([ids(result), result.utils.getWindow()]).toEqual([['f28', 'f27', 'f26', 'f25'], { offset: 1, limit: 4 }])
    expect(result.utils.setWindow({ offset: 1 })).toBe(true)
    stream.append([flight(3, 27.5)])
    await vi.waitFor(() => {
      expect(ids(result)).toEqual(['f28', 'f3', 'f27', 'f26'])
    }, LONG)
    expect(await moved(result, { offset: 29, limit: 4 })).toEqual(['f0'])
    expect(await moved(result, { offset: 28, limit: Infinity })).toEqual(['f1', 'f0'])
    expect(await moved(result, { offset: 0, limit: 3 })).toEqual(['f29', 'f28', 'f3'])
    expect([shared.opened, shared.moved.length, shared.closed]).toEqual([['inline'], 4, []])
    expect(db.collections.flights.size).toBe(0)
  })

  test('is where it was moved to before the collection is used, and when it is used again', async () => {
    const result = top(tab(worker()))
    expect(result.utils.setWindow({ offset: 1 })).toBe(true)
    expect(result.utils.getWindow()).toEqual({ offset: 1, limit: 3 })
    const ready = result.preload()
    const moving = result.utils.setWindow({ limit: 2 })
    await ready
    await moving
    expect(ids(result)).toEqual(['f28', 'f27'])
    await result.cleanup()
    await result.preload()
    expect(ids(result)).toEqual(['f28', 'f27'])
  })

  test('of a named query moves too', async () => {
    const shared = worker({ named })
    const db = tab(shared, { queries: named })
    const result = (db.query as unknown as (name: string, params: unknown) => ReturnType<typeof top>)('latest', { most: 2 })
    expect(result.utils.getWindow()).toEqual({ offset: 0, limit: 2 })
    await result.preload()
    expect(await moved(result, { limit: 3 })).toEqual(['f29', 'f28', 'f27'])
    expect(await moved(result, { limit: 2 })).toEqual(['f29', 'f28'])
    expect(shared.opened).toEqual(['latest'])
  })

  test('is each tab’s own, and each collection’s', async () => {
    const shared = worker()
    const [one, two] = [tab(shared), tab(shared)]
    const [first, second, other] = [top(one), top(one), top(two)]
    await Promise.all([first.preload(), second.preload(), other.preload()])
    expect(shared.opened).toEqual(['inline'])
    expect(await moved(first, { offset: 3 })).toEqual(['f26', 'f25', 'f24'])
    for (const each of [second, other]) expect(ids(each)).toEqual(['f29', 'f28', 'f27'])
    expect(await moved(second, { offset: 3 })).toEqual(['f26', 'f25', 'f24'])
    expect(await moved(other, { offset: 4 })).toEqual(['f25', 'f24', 'f23'])
    stream.append([flight(1, 25.5)])
    for (const each of [first, second]) {
      await vi.waitFor(() => {
        expect(ids(each)).toEqual(['f26', 'f1', 'f25'])
      }, LONG)
    }
    await vi.waitFor(() => {
      expect(ids(other)).toEqual(['f1', 'f25', 'f24'])
    }, LONG)
  })

  // A window that moves in the tab is TanStack DB's own, and that of 0.8 skips rows, as the guide says.
  const inTheTab: [string, boolean][] = process.env['SIDESTREAM_TANSTACK_DB'] === '0.8' ? [] : [['has no query engine', true], ['has one, but the query cannot cross', false]]
  test.each(inTheTab)('moves in the tab when the worker %s', async (_, isStock) => {
    const db = tab(worker({ isStock }))
    const result = db.liveQuery((q) => {
      const all = q.from({ f: db.collections.flights })
      return (isStock ? all : all.fn.where(() => true)).orderBy(({ f }) => f.delay, 'desc').limit(3)
    })
    expect(result.utils.setWindow({ offset: 1 })).toBe(true)
    await result.preload()
    expect(ids(result)).toEqual(['f28', 'f27', 'f26'])
    expect(await moved(result, { offset: 0, limit: 2 })).toEqual(['f29', 'f28'])
    expect(await moved(result, { limit: 3 })).toEqual(['f29', 'f28', 'f27'])
    stream.append([flight(1, 30)])
    await vi.waitFor(() => {
      expect(ids(result)).toEqual(['f1', 'f29', 'f28'])
    }, LONG)
    expect(Object.keys(db.status.getSnapshot().fallbacks)).toEqual([result.id])
  })

  test('is none where there is no order, or where the page does not know the query', () => {
    const db = tab(worker())
    const [unordered, unknown] = [db.liveQuery((q) => q.from({ f: db.collections.flights })), db.query('broken', { why: 'no' })]
    for (const each of [unordered, unknown]) {
      expect(each.utils.getWindow()).toBeUndefined()
      expect(() => each.utils.setWindow({ limit: 3 })).toThrow(expect.objectContaining({ code: 'INVALID_QUERY' }))
    }
    const single = db.liveQuery((q) => q.from({ f: db.collections.flights }).orderBy(({ f }) => f.delay).findOne())
    expect([single.utils.getWindow(), single.utils.setWindow({ offset: 2 })]).toEqual([{ offset: 0, limit: 1 }, true])
  })

  test('has numbers that a window can have', async () => {
    const db = tab(worker())
    const result = top(db)
    await result.preload()
    for (const window of [{ offset: -1 }, { offset: 0, limit: 1.5 }]) expect(() => result.utils.setWindow(window)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(await moved(result, { offset: 1, limit: 1 })).toEqual(['f28'])
    const unused = top(db)
    unused.utils.setWindow({ offset: -1 })
    await expect(unused.preload()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('that has not moved when the StreamDB closes does not move', async () => {
    const db = tab(worker())
    const result = top(db)
    await result.preload()
    const moving = result.utils.setWindow({ offset: 1 })
    db.close()
    await expect(moving).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

test('a result shows what the tab has written, before the stream has it', async () => {
  const db = tab(worker())
  const top = db.liveQuery((q) => q.from({ f: db.collections.flights }).orderBy(({ f }) => f.delay, 'desc').limit(1))
  await top.preload()
  await db.write([schema.flights.insert({ value: { id: 'new', from: 'OSL', delay: 99 } })])
  await vi.waitFor(() => {
    expect([...top.keys()]).toEqual(['new'])
  }, LONG)
})

test('a collection that is used again shows the present rows, and no others', async () => {
  const db = tab(worker())
  const delays = db.query('delays', { over: 20 })
  await delays.preload()
  await delays.cleanup()
  stream.append([flight(21, 0), flight(24, 0), flight(27, 0)])
  await delays.preload()
  await vi.waitFor(() => {
    expect(byCity(delays.values())).toEqual([
      { city: 'Oslo', flights: 3, total: 75 },
      { city: 'San Francisco', flights: 3, total: 78 },
    ])
  }, LONG)
})

describe('a query that the worker does not run', () => {
  test('runs in the tab when it cannot cross, with the same rows in the same order', async () => {
    const db = tab(worker())
    const odd = db.liveQuery((q) => q.from({ f: db.collections.flights }).fn.where(({ f }) => f.delay > 26).orderBy(({ f }) => f.delay, 'desc'))
    await odd.preload()
    expect([...odd.values()].map(({ id }) => id)).toEqual(['f29', 'f28', 'f27'])
    expect(db.status.getSnapshot().fallbacks[odd.id]).toContain('fn.where()')
    stream.append([flight(3, 301), flight(28, 1)])
    await vi.waitFor(() => {
      expect([...odd.values()].map(({ id }) => id)).toEqual(['f3', 'f29', 'f27'])
    }, LONG)
    await odd.cleanup()
    expect(db.status.getSnapshot().fallbacks).toEqual({})
  })

  test('runs in the tab when the worker has no query engine', async () => {
    const db = tab(worker({ isStock: true }))
    const delays = db.query('delays', { over: 20 })
    const top = db.liveQuery((q) => q.from({ f: db.collections.flights }).orderBy(({ f }) => f.delay, 'desc').limit(2))
    await Promise.all([delays.preload(), top.preload()])
    expect(byCity(delays.values())[0]).toEqual({ city: 'Lisbon', flights: 3, total: 72 })
    expect([...top.values()].map(({ id }) => id)).toEqual(['f29', 'f28'])
    expect(Object.keys(db.status.getSnapshot().fallbacks)).toEqual(expect.arrayContaining([delays.id, top.id]))
    stream.append([flight(29, 0)])
    await vi.waitFor(() => {
      expect([...top.values()].map(({ id }) => id)).toEqual(['f28', 'f27'])
    }, LONG)
  })

  test('fails when the page does not have it either', async () => {
    const db = tab(worker({ isStock: true }), {})
    const delays = db.query('delays', { over: 20 })
    await expect(delays.preload()).rejects.toMatchObject({ code: 'NO_QUERY_ENGINE' })
    expect(delays.status).toBe('error')
  })

  test('fails when its function throws, in the worker and in the tab', async () => {
    const db = tab(worker())
    await expect(db.query('broken', { why: 'no such luck' }).preload()).rejects.toMatchObject({ code: 'INVALID_QUERY' })
    // TanStack DB 0.8 does not tell a live query's owner of an error in it.
    if (process.env['SIDESTREAM_TANSTACK_DB'] === '0.8') return
    const late = db.liveQuery((q) => q.from({ f: db.collections.flights }).fn.where(({ f }) => {
      if (f.id === 'f9') throw new Error('no such row')
      return true
    }))
    vi.spyOn(console, 'error').mockReturnValueOnce()
    await expect(late.preload()).rejects.toMatchObject({ code: 'INVALID_QUERY', message: expect.stringContaining('no such row') as string })
  })
})

test.each<[string, (f: { id: string }) => unknown]>([
  ['a function', ({ id }) => ({ id, open: () => id })],
  ['a symbol', ({ id }) => ({ id, mark: Symbol(id) })],
])('a named query whose rows have %s runs in the tab, and all else goes on', async (_, make) => {
  const medium = emptyMedium()
  const named = {
    ...queries,
    uncloneable: ((q, { flights }) => q.from({ f: flights }).fn.select(({ f }) => make(f as { id: string }) as object)) as NamedQuery<typeof schema>,
  }
  const db = tab(worker({ named, medium }), { queries: named })
  const delays = db.query('delays', { over: 20 })
  await delays.preload()
  const result = (db.query as unknown as (name: string) => typeof delays)('uncloneable')
  await result.preload()
  expect(result.size).toBe(30)
  expect(db.status.getSnapshot().fallbacks[result.id]).toContain('a row of the result cannot leave it')
  stream.append([flight(5, 100)])
  await vi.waitFor(() => {
    expect(byCity(delays.values())[2]).toEqual({ city: 'San Francisco', flights: 4, total: 178 })
    expect(medium.meta?.complete).toBe(true)
  }, LONG)
  expect(db.status.getSnapshot()).toMatchObject({ storage: 'indexeddb', lastError: null })
})

test('a named query with findOne() is a single row to hooks, as far as the page has its function', async () => {
  const latest = { ...queries, latest: (q: InitialQueryBuilder, { flights }: { flights: Collection<{ id: string; delay: number }> }) => q.from({ f: flights }).orderBy(({ f }) => f.delay, 'desc').findOne() }
  const db = createStreamDB({ streamOptions: { url: stream.url, contentType: 'application/json' }, state: schema, worker: worker({ named: latest as never }).worker, queries: latest as never as typeof queries })
  open.push(db)
  const one = db.query('latest' as 'delays', undefined as never)
  expect((one as unknown as { config: { singleResult?: true } }).config.singleResult).toBe(true)
  await one.preload()
  expect(plain(one.values())).toMatchObject([{ id: 'f29' }])
  expect((db.query('delays', { over: 1 }) as unknown as { config: { singleResult?: true } }).config.singleResult).toBe(undefined)
})

test.each<[string, unknown, unknown]>([
  ['NaN', { over: NaN }, { over: null }],
  ['undefined', { over: 20, more: undefined }, { over: 20 }],
  ['a date', { over: 20, at: new Date(0) }, { over: 20, at: '1970-01-01T00:00:00.000Z' }],
])('parameters with %s are refused, and those that JSON makes of them are not', async (_, wrong, right) => {
  const db = tab(worker())
  const query = (params: unknown) => db.query('delays', params as { over: number })
  await expect(query(wrong).preload()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await query(right).preload()
  expect(query(right)).toBe(query(right))
})

test('parameters that have no JSON are refused too', async () => {
  const db = tab(worker())
  const circular: unknown[] = []
  circular.push(circular)
  for (const over of [1n, circular, () => 1]) await expect(db.query('delays', { over } as never).preload()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('parameters are those of the call, also when the application or a function changes them later', async () => {
  const named = {
    ...queries,
    most: ((q, { flights }, params: { most: number }) => {
      params.most += 1
      return q.from({ f: flights }).orderBy(({ f }) => f.delay).limit(params.most)
    }) as NamedQuery<typeof schema>,
  }
  for (const isStock of [false, true]) {
    const db = tab(worker({ named, isStock }), { queries: named })
    const query = (db.query as unknown as (name: string, params: unknown) => ReturnType<typeof db.liveQuery>)
    const params = { most: 1 }
    const result = query('most', params)
    params.most = 5
    expect([result.utils.getWindow(), result.utils.getWindow()]).toEqual([{ offset: 0, limit: 2 }, { offset: 0, limit: 2 }])
    await result.preload()
    expect(result.size).toBe(2)
    expect(query('most', { most: 1 })).toBe(result)
    if (isStock) continue
    await db.clearCache()
    await vi.waitFor(() => {
      expect(result.size).toBe(0)
    }, LONG)
    db.reconnect()
    await vi.waitFor(() => {
      expect(result.size).toBeGreaterThan(0)
    }, LONG)
    expect(result.size).toBe(2)
  }
})

test('a user who signs out sees no rows of a result, and new ones after reconnect()', async () => {
  const db = tab(worker())
  const delays = db.query('delays', { over: 20 })
  await delays.preload()
  await db.clearCache()
  await vi.waitFor(() => {
    expect(delays.size).toBe(0)
  }, LONG)
  db.reconnect()
  await vi.waitFor(() => {
    expect(delays.size).toBe(3)
  }, LONG)
})

describe('the last result of a query', () => {
  const visit = async (medium: MemoryMedium): Promise<void> => {
    const db = tab(worker({ medium }))
    const delays = db.query('delays', { over: 20 })
    await delays.preload()
    await vi.waitFor(() => {
      expect(medium.working?.flatMap(({ rows }) => rows).length).toBe(3)
    }, LONG)
    db.close()
    await vi.waitFor(() => {
      expect(medium.meta?.complete).toBe(true)
    }, LONG)
  }

  test('is shown on the next visit, before the query has run, and is put right then', async () => {
    const medium = emptyMedium()
    await visit(medium)
    // Stands for a result of the last visit that is not the present one.
    medium.working = medium.working!.map((subset) => ({ ...subset, rows: subset.rows.filter((row) => row['city'] !== 'Oslo').map((row) => ({ ...row, total: 1 })) }))
    const db = tab(worker({ medium }))
    const delays = db.query('delays', { over: 20 })
    const shown: unknown[][] = []
    delays.subscribeChanges(() => shown.push(byCity(delays.values())))
    await delays.preload()
    await vi.waitFor(() => {
      expect(byCity(delays.values())).toEqual([
        { city: 'Lisbon', flights: 3, total: 72 },
        { city: 'Oslo', flights: 3, total: 75 },
        { city: 'San Francisco', flights: 3, total: 78 },
      ])
    }, LONG)
    expect(shown[0]).toEqual([
      { city: 'Lisbon', flights: 3, total: 1 },
      { city: 'San Francisco', flights: 3, total: 1 },
    ])
  })

  test('is shown to a tab that asks while the stored rows are on their way, and is stale until it is known', async () => {
    const medium = emptyMedium()
    await visit(medium)
    medium.working = medium.working!.map((subset) => ({ ...subset, rows: subset.rows.map((row) => ({ ...row, total: 1 })) }))
    const gate = new Gate<void>()
    const db = tab(worker({ medium, read: gate.promise }))
    const airports = db.liveQuery((q) => q.from({ a: db.collections.airports }))
    airports.startSyncImmediate()
    await vi.waitFor(() => {
      expect(db.collections.airports.size).toBe(3)
    }, LONG)
    const delays = db.query('delays', { over: 20 })
    await delays.preload()
    expect(byCity(delays.values())[0]).toEqual({ city: 'Lisbon', flights: 3, total: 1 })
    await vi.waitFor(() => {
      expect(db.status.getSnapshot().stale).toBe(true)
    }, LONG)
    gate.resolve()
    await vi.waitFor(() => {
      expect(byCity(delays.values())[0]).toEqual({ city: 'Lisbon', flights: 3, total: 72 })
      expect(db.status.getSnapshot()).toMatchObject({ stale: false, upToDate: true })
    }, LONG)
  })

  test('is not shown when its function is another one', async () => {
    const medium = emptyMedium()
    await visit(medium)
    medium.working = medium.working!.map((subset) => ({ ...subset, rows: [] }))
    const db = tab(worker({ medium, named: { ...queries, delays: (q, collections, params: { over: number }) => queries.delays(q, collections as never, params) } }))
    const delays = db.query('delays', { over: 20 })
    await delays.preload()
    expect(delays.size).toBe(3)
  })

  test('is taken away when there is nothing in the present one, also while the server is away', async () => {
    const medium = emptyMedium()
    await visit(medium)
    const last = medium.working!
    stream.append(Array.from({ length: 30 }, (_, n) => flight(n, 0)))
    const between = tab(worker({ medium }))
    await between.query('delays', { over: 20 }).preload()
    await vi.waitFor(() => {
      expect(medium.working?.flatMap(({ rows }) => rows)).toEqual([])
    }, LONG)
    between.close()
    // The worker was killed before it had stored the result again.
    medium.working = last
    const db = tab(worker({ medium, fetch: () => Promise.reject(new TypeError('offline')) }))
    const delays = db.query('delays', { over: 20 })
    const shown: number[] = []
    delays.subscribeChanges(() => shown.push(delays.size))
    await delays.preload()
    await vi.waitFor(() => {
      expect(delays.size).toBe(0)
    }, LONG)
    expect(shown[0]).toBe(3)
    expect(db.status.getSnapshot()).toMatchObject({ upToDate: false, stale: true })
  })

  describe('of a user who signs out while the cache is being read', () => {
    /** @returns the page of a next visit, which shows the last result while the cache is being read, until `read` */
    const whileReading = async (isOther: boolean) => {
      const medium = emptyMedium()
      await visit(medium)
      const gate = new Gate<void>()
      const other = new MemoryStream(stream.url)
      other.append([...airportEvents(), flight(99, 500)])
      const db = tab(worker({ medium, read: gate.promise, ...(isOther && { fetch: other.fetch }) }))
      const delays = db.query('delays', { over: 20 })
      await delays.preload()
      expect(delays.size).toBe(3)
      return { db, delays, read: () => { gate.resolve() } }
    }

    test('is gone at once', async () => {
      const { db, delays, read } = await whileReading(false)
      await db.clearCache()
      await vi.waitFor(() => {
        expect(delays.size).toBe(0)
      })
      read()
    })

    test('does not come back with reconnect(), nor do other rows', async () => {
      const { db, delays, read } = await whileReading(true)
      const flights = createLiveQueryCollection({ query: (q) => q.from({ f: db.collections.flights }), startSync: true })
      const seen = new Set<unknown>()
      flights.subscribeChanges((changes) => {
        for (const { key } of changes) seen.add(key)
      })
      await db.clearCache()
      db.reconnect()
      // The worker has heard of it.
      await db.inspect()
      read()
      await vi.waitFor(() => {
        expect(byCity(delays.values())).toEqual([{ city: 'Lisbon', flights: 1, total: 500 }])
      }, LONG)
      await flights.preload()
      expect([...seen]).toEqual(['f99'])
    })
  })

  test('has another version when two functions have changed names', () => {
    const [all, none] = [((q, { flights }) => q.from({ f: flights })) as NamedQuery<typeof schema>, ((q, { flights }) => q.from({ f: flights }).where(() => false)) as NamedQuery<typeof schema>]
    expect(versionOf({ one: all, other: none })).not.toBe(versionOf({ other: all, one: none }))
  })
})
