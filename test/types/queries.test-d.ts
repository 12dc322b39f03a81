import { describe, expectTypeOf, test } from 'vitest'
import { count, createLiveQueryCollection, createStateSchema, createStreamDB, defineQueries, eq, gt, type StreamDB } from 'sidestream'
import { exposeStreamDB } from 'sidestream/worker-with-queries'
import { user } from './peer-schema.ts'

const schema = createStateSchema({ users: { schema: user, type: 'user', primaryKey: 'id' } })
const streamOptions = { url: 'https://example.com/s', contentType: 'application/json' }

const queries = defineQueries(schema, {
  named: (q, { users }, { name }: { name: string }) => q.from({ u: users }).where(({ u }) => eq(u.name, name)).select(({ u }) => ({ id: u.id, name: u.name })),
  byName: { query: (q, { users }) => q.from({ u: users }).groupBy(({ u }) => u.name).select(({ u }) => ({ name: u.name, people: count(u.id) })), every: 500 },
  first: (q, { users }) => q.from({ u: users }).orderBy(({ u }) => u.id).findOne(),
})
const db = createStreamDB({ streamOptions, state: schema, queries })

describe('a named query', () => {
  test('has the rows of its function', () => {
    expectTypeOf(db.query('named', { name: 'Ada' }).toArray[0]!).toExtend<{ id: string; name: string }>()
    expectTypeOf(db.query('byName').toArray[0]!).toExtend<{ name: string; people: number }>()
    // @ts-expect-error it has no such field
    void db.query('byName').toArray[0]!.age
  })

  test('has the parameters of its function', () => {
    // @ts-expect-error the parameters are missing
    db.query('named')
    // @ts-expect-error a parameter has another type
    db.query('named', { name: 1 })
    // @ts-expect-error it has no parameters
    db.query('byName', {})
    // @ts-expect-error there is no such query
    db.query('nobody')
  })

  test('that finds one is a collection of one row', () => {
    expectTypeOf(db.query('first').singleResult).toEqualTypeOf<true>()
  })

  test('reads the collections of its schema', () => {
    // @ts-expect-error there is no such collection
    defineQueries(schema, { wrong: (q, { people }) => q.from({ p: people }) })
    // @ts-expect-error there is no such collection in the worker's schema
    exposeStreamDB({ state: schema, queries: { wrong: (q, { people }) => q.from({ p: people }) } })
    exposeStreamDB({ state: schema, queries })
  })

  test('is known by its type alone', () => {
    const remote = createStreamDB({ streamOptions, state: schema, queries: {} as typeof queries })
    expectTypeOf(remote.query('named', { name: 'Ada' })).toEqualTypeOf(db.query('named', { name: 'Ada' }))
  })
})

test('a query of the page has the rows of its query, and can be queried', () => {
  const adults = db.liveQuery((q) => q.from({ u: db.collections.users }).where(({ u }) => gt(u.age, 17)).select(({ u }) => ({ id: u.id, age: u.age })))
  expectTypeOf(adults.toArray[0]!).toExtend<{ id: string; age?: number | undefined }>()
  const ids = createLiveQueryCollection((q) => q.from({ a: adults }).select(({ a }) => ({ id: a.id })))
  expectTypeOf(ids.toArray[0]!).toExtend<{ id: string }>()
  expectTypeOf(db.liveQuery((q) => q.from({ u: db.collections.users }).findOne()).singleResult).toEqualTypeOf<true>()
})

test('a StreamDB with queries is one without', () => {
  const plain: StreamDB<typeof schema> = db
  void plain
})
