import * as db from '@tanstack/db'
import { operators, Query, type InitialQueryBuilder } from '@tanstack/db'
import { describe, expect, test, vi } from 'vitest'
import { SidestreamError } from '../../src/shared/errors.ts'
import { encodeQuery, UncrossableQueryError, type QueryData } from '../../src/shared/query-data.ts'
import { queryKey, type Query as WorkerQuery } from '../../src/shared/query.ts'
import { RowDiff } from '../../src/shared/row-diff.ts'
import { ExactSum } from '../../src/worker/queries/exact-sum.ts'
import type { NamedQueries } from '../../src/worker/queries/named.ts'
import { planGroups } from '../../src/worker/queries/plan-groups.ts'
import { planStar } from '../../src/worker/queries/plan-star.ts'
import { planWindow, planWindows } from '../../src/worker/queries/plan-window.ts'
import { QueryRunner, type ResultChanges } from '../../src/worker/queries/runner.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { irOf, World, type Build } from '../property/worker-queries/world.ts'

const ROWS = [
  ['people', '1', { id: '1', name: 'Ada', n: 2, at: new Date(5), team: 'x', tags: ['a', 'b'], on: true, none: null }],
  ['people', '2', { id: '2', name: 'bob', n: 1, at: new Date(9), team: 'y', tags: [], on: false, none: 1 }],
  ['people', '3', { id: '3', name: 'Cleo', n: null, at: null, team: 'x', tags: ['b'], on: null, none: null }],
  ['teams', 'x', { id: 'x', title: 'The Xs' }],
  ['teams', 'z', { id: 'z', title: 'The Zs' }],
] as const

const peopleOf = (q: InitialQueryBuilder, sources: any): any => q.from({ p: sources.people })
const selecting = (value: (p: any) => any): Build => (q, sources) => peopleOf(q, sources).select(({ p }: any) => ({ id: p.id, value: value(p) }))
const aggregating = (value: (p: any) => any): Build => (q, sources) => peopleOf(q, sources).groupBy(({ p }: any) => p.team).select(({ p }: any) => ({ team: p.team, value: value(p) }))

/** One query for each operator of TanStack DB. */
const BY_OPERATOR: Readonly<Record<(typeof operators)[number], Build>> = {
  eq: selecting((p) => db.eq(p.name, 'Ada')),
  gt: selecting((p) => db.gt(p.at, new Date(6))),
  gte: selecting((p) => db.gte(p.n, 1)),
  lt: selecting((p) => db.lt(p.n, p.id)),
  lte: selecting((p) => db.lte(p.n, 1)),
  in: selecting((p) => db.inArray('b', p.tags)),
  like: selecting((p) => db.like(p.name, '%b%')),
  ilike: selecting((p) => db.ilike(p.name, 'A%')),
  and: selecting((p) => db.and(p.on, db.gt(p.n, 0))),
  or: selecting((p) => db.or(p.on, db.isNull(p.n))),
  not: selecting((p) => db.not(p.on)),
  isNull: selecting((p) => db.isNull(p.none)),
  isUndefined: selecting((p) => db.isUndefined(p.missing)),
  upper: selecting((p) => db.upper(p.name)),
  lower: selecting((p) => db.lower(p.name)),
  length: selecting((p) => db.length(p.tags)),
  concat: selecting((p) => db.concat(p.name, '/', p.team)),
  add: selecting((p) => db.add(p.n, 0.5)),
  subtract: selecting((p) => db.subtract(p.n, 1)),
  multiply: selecting((p) => db.multiply(p.n, p.n)),
  divide: selecting((p) => db.divide(p.n, 0)),
  coalesce: selecting((p) => db.coalesce(p.n, p.none, -1)),
  caseWhen: selecting((p) => db.caseWhen(db.eq(p.team, 'x'), 'X', p.on, { on: p.n } as never, null)),
  count: aggregating((p) => db.count(p.n)),
  avg: aggregating((p) => db.avg(p.n)),
  sum: aggregating((p) => db.add(db.sum(p.n), 1)),
  min: aggregating((p) => db.min(p.name)),
  max: aggregating((p) => db.max(p.at)),
}

/** What else a query can have. */
const BY_CLAUSE: Readonly<Record<string, Build>> = {
  'constants that JSON does not have': selecting((p) => [db.eq(p.n, NaN), db.coalesce(undefined, p.n), db.gt(p.n, 1n), db.lt(p.at, new Date(NaN)), db.gt(p.n, -Infinity)].reduce((all, one) => db.or(all, one))),
  'an inner join': (q, { people, teams }) => q.from({ p: people! }).innerJoin({ t: teams! }, ({ p, t }: any) => db.eq(p.team, t.id)),
  'a left join': (q, { people, teams }) => q.from({ p: people! }).leftJoin({ t: teams! }, ({ p, t }: any) => db.eq(p.team, t.id)),
  'a right join': (q, { people, teams }) => q.from({ p: people! }).rightJoin({ t: teams! }, ({ p, t }: any) => db.eq(t.id, p.team)),
  'a full join': (q, { people, teams }) => q.from({ p: people! }).fullJoin({ t: teams! }, ({ p, t }: any) => db.eq(p.team, t.id)),
  'a self join': (q, { people }) => q.from({ p: people! }).innerJoin({ o: people! }, ({ p, o }: any) => db.eq(p.team, o.team)).where(({ p, o }: any) => db.not(db.eq(p.id, o.id))),
  'a subquery': (q, { people }) => q.from({ s: new Query().from({ p: people! }).where(({ p }: any) => db.gt(p.n, 0)) }).orderBy(({ s }: any) => s.n),
  'a subquery for first rows, joined': (q, { people, teams }) => q.from({ s: new Query().from({ p: people! }).where(({ p }: any) => db.gt(p.n, 0)).orderBy(({ p }: any) => p.n, 'desc').limit(1) }).innerJoin({ t: teams! }, ({ s, t }: any) => db.eq(s.team, t.id)).orderBy(({ s }: any) => s.n),
  'a source that two subqueries share': (q, { people }) => {
    const all = new Query().from({ p: people! })
    return q.from({ s: all.orderBy(({ p }: any) => p.n).limit(2) }).innerJoin({ o: all.where(({ p }: any) => db.gt(p.n, 1)) }, ({ s, o }: any) => db.eq(o.team, s.team)) as never
  },
  'groups of first rows': (q, { people }) => q.from({ s: new Query().from({ p: people! }).orderBy(({ p }: any) => p.n, 'desc').limit(2) }).groupBy(({ s }: any) => s.team).select(({ s }: any) => ({ team: s.team, n: db.count(s.id) })),
  'a union of collections': (q, { people, teams }) => q.unionAll({ p: people!, t: teams! }),
  'a union of queries': (q, { people, teams }) => q.unionAll(new Query().from({ p: people! }).select(({ p }: any) => ({ id: p.id })), new Query().from({ t: teams! }).select(({ t }: any) => ({ id: t.id }))),
  'a spread': (q, { people }) => q.from({ p: people! }).select(({ p }: any) => ({ ...p, more: p.n })),
  distinct: (q, { people }) => q.from({ p: people! }).select(({ p }: any) => ({ team: p.team })).distinct(),
  having: (q, { people }) => q.from({ p: people! }).groupBy(({ p }: any) => p.team).select(({ p }: any) => ({ team: p.team, n: db.count(p.id) })).having(({ p }: any) => db.gt(db.count(p.id), 1)),
  'one group': (q, { people }) => q.from({ p: people! }).select(({ p }: any) => ({ n: db.count(p.id), avg: db.avg(p.n) })),
  findOne: (q, { people }) => q.from({ p: people! }).orderBy(({ p }: any) => p.n, 'desc').findOne(),
  'an order with options': (q, { people }) => q.from({ p: people! }).orderBy(({ p }: any) => p.name, { direction: 'desc', nulls: 'last', stringSort: 'locale', locale: 'de', localeOptions: { sensitivity: 'base' } }),
  'a window': (q, { people }) => q.from({ p: people! }).orderBy(({ p }: any) => p.name, { stringSort: 'lexical' }).limit(1).offset(1),
  'child collections, as lists': (q, { people, teams }) => q.from({ t: teams! }).select(({ t }: any) => ({ id: t.id, people: new Query().from({ p: people! }).where(({ p }: any) => db.eq(p.team, t.id)) })) as never,
  'child rows in order': (q, { people, teams }) => q.from({ t: teams! }).orderBy(({ t }: any) => t.title, 'desc').select(({ t }: any) => ({ id: t.id, names: db.toArray(new Query().from({ p: people! }).where(({ p }: any) => db.eq(p.team, t.id)).orderBy(({ p }: any) => p.name, 'desc').select(({ p }: any) => p.name)) })),
  'one child row': (q, { people, teams }) => q.from({ t: teams! }).select(({ t }: any) => ({ id: t.id, first: db.materialize(new Query().from({ p: people! }).where(({ p }: any) => db.eq(p.team, t.id)).orderBy(({ p }: any) => p.name).findOne()) })),
}

describe.each([['operators', BY_OPERATOR], ['clauses', BY_CLAUSE]] as const)('%s', (_, builds) => {
  test.each(Object.entries(builds))('%s has in the worker the result that it has in a tab', (_name, build) => {
    vi.spyOn(console, 'warn').mockReturnValue()
    const world = new World(['people', 'teams'])
    world.write(ROWS.slice(1) as never)
    const [expected, actual] = [world.expected(build), world.actual(build)]
    world.settle()
    expect(actual.show()).toEqual(expected.show())
    world.write([ROWS[0] as never, ['people', '2', null], ['teams', 'z', null], ['teams', 'y', { id: 'y', title: 'The Ys' }]])
    world.settle()
    expect(actual.show()).toEqual(expected.show())
    expect(Object.keys(expected.show().rows).length).toBeGreaterThan(0)
  })
})

test('no operator is left out', () => {
  expect(Object.keys(BY_OPERATOR).sort()).toEqual([...operators].sort())
})

describe('our own code for parts of a query', () => {
  const STAR: Build = (q, { people, teams }) => q.from({ p: people! }).leftJoin({ t: teams! }, ({ p, t }: any) => db.eq(t.id, p.team)).where(({ p, t }: any) => db.and(db.gt(p.n, 0), db.not(db.isUndefined(t.id))))
  const FIRST: Build = (q, { people }) => q.from({ p: people! }).orderBy(({ p }: any) => p.n).limit(2)
  const { sources } = new World(['people', 'teams'])

  test('is used for groups, for joins of a star, and for first rows', () => {
    expect(planGroups(irOf(BY_OPERATOR.sum, sources))).toMatchObject({ alias: 'p', aggregates: [{}] })
    expect(planGroups(irOf(BY_CLAUSE['one group']!, sources))).toMatchObject({ keys: [], aggregates: [{}, {}] })
    expect(planStar(irOf(STAR, sources))).toMatchObject({ joins: [{ isLeft: true }], before: [{}], after: [{}] })
    expect(planWindow(irOf(FIRST, sources))).toMatchObject({ rows: 2, withTies: false })
    expect(planWindow(irOf(BY_CLAUSE['findOne']!, sources))).toMatchObject({ rows: 1 })
  })

  test('is used for first rows that a query reads from', () => {
    const inner = (sources: any): any => FIRST(new Query() as never, sources)
    const JOINED: Build = (q, sources) => q.from({ s: inner(sources) }).innerJoin({ t: sources['teams']! }, ({ s, t }: any) => db.eq(t.id, s.team))
    expect(planWindows(irOf(JOINED, sources))).toMatchObject([{ rows: 2 }])
    expect(planWindows(irOf(FIRST, sources))).toMatchObject([{ rows: 2 }])
    expect(planWindows(irOf((q, given) => q.from({ s: inner(given) }).innerJoin({ o: inner(given) }, ({ s, o }: any) => db.eq(o.id, s.id)), sources))).toHaveLength(2)
  })

  test('is not used where a query has more', () => {
    expect(planGroups(irOf(FIRST, sources))).toBeNull()
    expect(planStar(irOf(BY_CLAUSE['a right join']!, sources))).toBeNull()
    expect(planStar(irOf(BY_CLAUSE['a subquery']!, sources))).toBeNull()
    expect(planWindow(irOf(BY_CLAUSE['an order with options']!, sources))).toBeNull()
    expect(planWindow(irOf((q, { people, teams }) => q.from({ p: people! }).innerJoin({ t: teams! }, ({ p, t }: any) => db.eq(t.id, p.team)).orderBy(({ p }: any) => p.n).limit(2), sources))).toBeNull()
  })

  test('finds the next rows when all that it knew beyond the window are gone', () => {
    const { runner, rows, set, rest } = setup({ count: 6000 })
    for (const [key, row] of rows) rows.set(key, { ...row, n: Number(key) % 97 })
    const shown = new Map<string, string>()
    runner.open(inline(dataOf((q, { people }) => q.from({ p: people! }).orderBy(({ p }: any) => p.n, 'desc').limit(3))), (changes) => {
      for (const [key, row] of changes) if (row) shown.set(key, row.order!)
      else shown.delete(key)
    })
    const inOrder = (): string[] => [...shown].sort(([, one], [, other]) => (one < other ? -1 : 1)).map(([key]) => key)
    const first = (): string[] => [...rows].sort(([a, one], [b, other]) => Number(other['n']) - Number(one['n']) || (a < b ? -1 : 1)).slice(0, 3).map(([key]) => key)
    for (const share of [0, 0.2, 0.3, 0.9, 1]) {
      for (const [key, { n }] of [...rows]) if (Number(n) >= 97 - 97 * share || share === 1) set(key, share === 0.3 ? { id: key, n: -1 } : null)
      rest()
      expect(inOrder()).toEqual(first())
      for (const key of ['1', 'new']) set(key, { id: key, n: 5 })
      rest()
      expect(inOrder()).toEqual(first())
    }
    expect(inOrder()).toHaveLength(2)
  })

  test.each<[string, Build, unknown]>([
    ['a least value among numbers and texts', aggregating((p) => db.min(p.n)), 'text'],
    ['a group of a date', (q, { people }) => q.from({ p: people! }).groupBy(({ p }: any) => p.n).select(({ p }: any) => ({ n: p.n, count: db.count(p.id) })), new Date(3)],
  ])('gives way to TanStack DB’s when rows come that it cannot handle: %s', (_name, build, n) => {
    const world = new World(['people', 'teams'])
    world.write([['people', '1', { id: '1', n: 1, team: 'x' }], ['people', '2', { id: '2', n: 2, team: 'x' }]])
    const actual = world.actual(build)
    world.settle()
    world.write([['people', '3', { id: '3', n, team: 'x' }], ['people', '1', null]])
    world.settle()
    const expected = world.expected(build)
    expect(actual.show()).toEqual(expected.show())
    world.write([['people', '2', { id: '2', n: 5, team: 'x' }]])
    world.settle()
    expect(actual.show()).toEqual(expected.show())
  })
})

test('a sum that was too large for a number is right again when it is not', () => {
  for (const large of [1.5e308, -1.5e308]) {
    const world = new World(['people', 'teams'])
    const build = aggregating((p) => db.sum(p.n))
    world.write([['people', '1', { id: '1', n: 1, team: 'x' }], ['people', '2', { id: '2', n: large, team: 'x' }], ['people', '3', { id: '3', n: large, team: 'x' }]])
    const [expected, actual] = [world.expected(build), world.actual(build)]
    world.settle()
    expect(actual.show()).toEqual(expected.show())
    world.write([['people', '2', null], ['people', '3', null]])
    world.settle()
    expect(actual.show().rows).toEqual({ x: { team: 'x', value: 1 } })
  }
})

test.each(['a.b', 'constructor', 'prototype'])('a field of groups may be named %s', (name) => {
  const world = new World(['people', 'teams'])
  const build: Build = (q, { people }) => q.from({ p: people! }).groupBy(({ p }: any) => p.team).select(({ p }: any) => ({ team: p.team, [name]: db.count(p.id) }))
  world.write(ROWS as never)
  const [expected, actual] = [world.expected(build), world.actual(build)]
  world.settle()
  expect(actual.show()).toEqual(expected.show())
})

const world = new World(['people', 'teams'])
const dataOf = (build: Build): QueryData => JSON.parse(JSON.stringify(encodeQuery(irOf(build, world.sources), (collection) => Object.entries(world.sources).find(([, other]) => other === collection)?.[0]))) as QueryData
const ALL = dataOf((q, { people }) => q.from({ p: people! }))
const TEAMS = dataOf((q, { people }) => q.from({ p: people! }).groupBy(({ p }: any) => p.team).select(({ p }: any) => ({ team: p.team, n: db.sum(p.n) })))

/** A clock that goes on by 1 ms whenever it is read. */
class WorkingClock extends ManualClock {
  reads = 0
  override now(): number {
    this.reads += 1
    return super.now() + this.reads
  }
}

interface Setup {
  readonly clock: ManualClock
  readonly rows: Map<string, Record<string, unknown>>
  readonly runner: QueryRunner
  set(key: string, row: Record<string, unknown> | null): void
  /** Lets time pass in steps of 1 ms until nothing waits; answers how long that took. */
  rest(): number
}

function setup({ count = 0, named = {}, clock = new ManualClock() }: { count?: number; named?: NamedQueries; clock?: ManualClock } = {}): Setup {
  const rows = new Map(Array.from({ length: count }, (_, index) => [String(index), { id: String(index), team: `t${String(index % 5)}`, n: 1 } as Record<string, unknown>]))
  const runner = new QueryRunner({ clock, collections: [{ name: 'people', primaryKey: 'id' }, { name: 'teams', primaryKey: 'id' }], rows: (name) => (name === 'people' ? rows : new Map()), named })
  return {
    clock,
    rows,
    runner,
    set: (key, row) => {
      const diff = new RowDiff()
      if (row) rows.set(key, row)
      else rows.delete(key)
      diff.set('people', key, row)
      runner.changed(diff)
    },
    rest: () => {
      let ms = 0
      for (; clock.pending > 0; ms += 1) clock.advance(1)
      return ms
    },
  }
}

/** Of the key of a group. */
const lastPart = (key: string): string => key.replace(/^.*"(t\d)".*$/, '$1')

const inline = (ir: unknown): WorkerQuery => ({ kind: 'inline', ir: ir as QueryData })

describe('a first load', () => {
  test('is done in slices: the stream has its turns between them, and the result is told once', () => {
    const { clock, runner } = setup({ count: 20_000, clock: new WorkingClock() })
    const told: Array<[number, boolean]> = []
    const run = runner.open(inline(ALL), (changes, isComplete) => told.push([changes.size, isComplete]))
    let slices = 0
    for (; clock.pending > 0; slices += 1) clock.advance(0)
    expect(slices).toBeGreaterThan(10)
    expect(told).toEqual([[20_000, true]])
    expect(run.isComplete).toBe(true)
    expect(run.cost).toMatchObject({ rows: 20_000, runs: 1 })
  })

  test('of a join with many rows looks at the clock often, and so do changes of the collection that was loaded first', () => {
    let joined = 0
    const looks: number[] = []
    /** A joined row takes a microsecond. */
    class JoiningClock extends ManualClock {
      override now(): number {
        looks.push(joined)
        return super.now() + joined / 1000
      }
    }
    const clock = new JoiningClock()
    const rowsOf = (version: number): Map<string, Record<string, unknown>> => new Map(Array.from({ length: 600 }, (_, index) => [String(index), { id: String(index), team: 't', version }]))
    const [people, teams] = [rowsOf(0), rowsOf(0)]
    const build = (q: InitialQueryBuilder, sources: any): any => q.from({ p: sources.people }).innerJoin({ t: sources.teams }, ({ p, t }: any) => db.eq(p.team, t.team)).fn.where(() => {
      joined += 1
      return false
    })
    const runner = new QueryRunner({ clock, collections: [{ name: 'people', primaryKey: 'id' }, { name: 'teams', primaryKey: 'id' }], rows: (name) => (name === 'people' ? people : teams), named: { build } })
    const longest = (): number => looks.reduce((most, look, index) => Math.max(most, look - (looks[index - 1] ?? 0)), 0)
    const run = runner.open({ kind: 'named', name: 'build', params: null }, () => undefined)
    while (clock.pending > 0) clock.advance(1)
    expect([run.isComplete, joined]).toEqual([true, 360_000])
    expect(longest()).toBeLessThanOrEqual(64 * 600)
    for (const collection of ['people', 'teams']) {
      const diff = new RowDiff()
      for (const [key, row] of rowsOf(1)) {
        ;(collection === 'people' ? people : teams).set(key, row)
        diff.set(collection, key, row)
      }
      runner.changed(diff)
      while (clock.pending > 0) clock.advance(1)
    }
    expect(joined).toBeGreaterThan(1_000_000)
    // A change takes a joined row away, and adds one.
    expect(longest()).toBeLessThanOrEqual(2 * 64 * 600)
  })

  test('has the rows that come, change and go between its slices', () => {
    const { clock, runner, rows, set } = setup({ count: 20_000, clock: new WorkingClock() })
    const result = new Map<string, unknown>()
    runner.open(inline(ALL), (changes) => {
      for (const [key, row] of changes) if (row) result.set(key, row.value)
      else result.delete(key)
    })
    for (let step = 0; step < 40; step += 1) {
      clock.advance(0)
      set(String(step * 113), null)
      set(String(step * 97), { id: String(step * 97), n: step })
      set(`new ${String(step)}`, { id: `new ${String(step)}` })
      set(`new ${String(step - 1)}`, null)
    }
    // All that came before the end of the load.
    expect(result.size).toBe(0)
    while (clock.pending > 0) clock.advance(50)
    expect(new Map([...result].sort())).toEqual(new Map([...rows].sort()))
  })

  test('of nothing is told too', () => {
    const { runner, rest } = setup()
    const told: ResultChanges[] = []
    runner.open(inline(ALL), (changes) => told.push(changes))
    rest()
    expect(told).toEqual([new Map()])
  })
})

describe('a window', () => {
  const FIRST = (q: InitialQueryBuilder, { people }: any): any => q.from({ p: people }).orderBy(({ p }: any) => p.n).limit(3)
  const GROUPS: Build = (q, { people }) => q.from({ p: people! }).groupBy(({ p }: any) => p.team).select(({ p }: any) => ({ team: p.team, n: db.sum(p.n) })).orderBy(({ $selected }: any) => $selected.team).limit(2)
  const CHILDREN: Build = (q, { people, teams }) => FIRST(q, { people }).select(({ p }: any) => ({ id: p.id, n: p.n, teams: db.toArray(new Query().from({ t: teams! }).where(({ t }: any) => db.eq(t.id, p.team))) }))
  const SLOW: Build = (q, { people }) => FIRST(q, { people }).fn.where(() => true)

  test.each([['first rows', FIRST], ['groups', GROUPS], ['rows with child rows', CHILDREN], ['rows that a function lets through', SLOW]] as const)('of %s moves, and is told as what changes', (_name, build) => {
    const { runner, rows, set, rest } = setup({ count: 40, named: { it: build } })
    for (const [key, row] of rows) rows.set(key, { ...row, n: Number(key), team: `t${String(Number(key) % 7)}` })
    const shown = new Map<string, string>()
    const told: number[] = []
    const run = runner.open({ kind: 'named', name: 'it', params: null, window: { offset: 1, limit: 2 } }, (changes) => {
      told.push(changes.size)
      for (const [key, row] of changes) if (row) shown.set(key, row.order!)
      else shown.delete(key)
    })
    const inOrder = (): string[] => [...shown].sort(([, one], [, other]) => (one < other ? -1 : 1)).map(([key]) => key)
    const all = (): string[] => (build === GROUPS ? Array.from({ length: 7 }, (_, n) => `t${String(n)}`) : [...rows.keys()].sort((a, b) => Number(rows.get(a)!['n']) - Number(rows.get(b)!['n'])))
    rest()
    expect(inOrder().map(lastPart)).toEqual(all().slice(1, 3))
    for (const [offset, limit] of [[1, 4], [3, 2], [0, 1], [5, 0], [2, 50], [38, 10], [0, null], [1, 3]] as const) {
      run.move({ kind: 'named', name: 'it', params: null, window: { offset, limit } })
      rest()
      expect(inOrder().map(lastPart)).toEqual(all().slice(offset, limit === null ? undefined : offset + limit))
    }
    set('2', { id: '2', n: -5, team: 't0' })
    rest()
    expect(inOrder().map(lastPart)).toEqual(all().slice(1, 4))
    const before = told.length
    run.move({ kind: 'named', name: 'it', params: null, window: { offset: 1, limit: 3 } })
    rest()
    expect(told.slice(before)).toEqual([0])
    run.move({ kind: 'named', name: 'it', params: null })
    rest()
    expect(inOrder().map(lastPart)).toEqual(all().slice(0, build === GROUPS ? 2 : 3))
  })

  test('moves while the rows are being loaded, and far beyond the rows that are known', () => {
    const { clock, runner, rest, rows } = setup({ count: 8000, clock: new WorkingClock() })
    for (const [key, row] of rows) rows.set(key, { ...row, n: Number(key) })
    const data = (limit: number, offset: number): WorkerQuery => inline(dataOf((q, { people }) => q.from({ p: people! }).orderBy(({ p }: any) => p.n).limit(limit).offset(offset)))
    const shown = new Set<string>()
    const run = runner.open(data(2, 0), (changes) => {
      for (const [key, row] of changes) if (row) shown.add(key)
      else shown.delete(key)
    })
    for (let slices = 0; slices < 20; slices += 1) clock.advance(0)
    expect(run.isComplete).toBe(false)
    run.move(data(3, 1))
    rest()
    expect([...shown].sort()).toEqual(['1', '2', '3'])
    run.move(data(2, 7000))
    rest()
    expect([...shown].sort()).toEqual(['7000', '7001'])
  })

  test('is that of an ordered query only', () => {
    const { runner, rest } = setup({ count: 3, named: { all: (q, { people }) => q.from({ p: people! }) } })
    expect(() => runner.open({ kind: 'named', name: 'all', params: null, window: { offset: 0, limit: 1 } }, () => undefined)).toThrow(SidestreamError)
    const run = runner.open({ kind: 'named', name: 'all', params: null }, () => undefined)
    rest()
    expect(() => {
      run.move({ kind: 'named', name: 'all', params: null, window: { offset: 0, limit: 1 } })
    }).toThrow(SidestreamError)
  })
})

describe('the pace', () => {
  test('a first load gets its part of the time while changes come without end', () => {
    const clock = new WorkingClock()
    const slow = (q: InitialQueryBuilder, { people }: any, { n }: { n: number }): any => q.from({ p: people }).fn.where(() => clock.now() > n)
    const { runner, set } = setup({ count: 100, clock, named: { slow } })
    for (const n of [-1, -2, -3, -4]) runner.open({ kind: 'named', name: 'slow', params: { n } }, () => undefined)
    const change = (n: number): void => {
      for (let key = 0; key < 100; key += 1) set(String(key), { id: String(key), n })
      clock.advance(1)
    }
    for (let n = 0; n < 500; n += 1) change(n)
    const run = runner.open(inline(ALL), () => undefined)
    for (let n = 500; n < 1000 && !run.isComplete; n += 1) change(n)
    expect(run.isComplete).toBe(true)
  })

  test('a change is worked on at once after a rest, then at most every 100 ms, and many changes of a row are one', () => {
    const { clock, runner, set, rest } = setup({ count: 3 })
    const told: ResultChanges[] = []
    const run = runner.open(inline(TEAMS), (changes) => told.push(changes))
    rest()
    clock.advance(1000)
    const changed = told.length
    set('0', { id: '0', team: 't0', n: 5 })
    expect(told.length).toBe(changed)
    clock.advance(0)
    expect(told.length).toBe(changed + 1)
    for (let n = 0; n < 50; n += 1) set('1', { id: '1', team: 't1', n })
    clock.advance(99)
    expect(told.length).toBe(changed + 1)
    clock.advance(1)
    expect(told.length).toBe(changed + 2)
    expect([...told.at(-1)!.values()]).toMatchObject([{ value: { team: 't1', n: 49 } }])
    expect(run.cost.runs).toBe(3)
    expect(clock.pending).toBe(0)
  })

  test('a named query has a pace of its own', () => {
    const { clock, runner, set, rest } = setup({ count: 1, named: { slow: { query: (q, { people }) => q.from({ p: people! }), every: 5000 } } })
    const told: ResultChanges[] = []
    runner.open({ kind: 'named', name: 'slow', params: null }, (changes) => told.push(changes))
    rest()
    set('0', { id: '0', n: 2 })
    clock.advance(4999)
    expect(told.length).toBe(1)
    clock.advance(1)
    expect(told.length).toBe(2)
  })

  test.each([Infinity, 1e12])('a pace of %s ms is one that a timer can wait', (every) => {
    const waits: number[] = []
    class Clock extends ManualClock {
      override after(ms: number, task: () => void): () => void {
        waits.push(ms)
        return super.after(ms, task)
      }
    }
    const { clock, runner, set } = setup({ count: 1, clock: new Clock(), named: { rare: { query: (q, { people }) => q.from({ p: people! }), every } } })
    const [told, other] = [vi.fn(), vi.fn()]
    runner.open({ kind: 'named', name: 'rare', params: null }, told)
    runner.open(inline(ALL), other)
    clock.advance(0)
    set('0', { id: '0', n: 2 })
    clock.advance(1000)
    expect([told.mock.calls.length, other.mock.calls.length]).toEqual([1, 2])
    // Browsers take a longer wait for none.
    expect(Math.max(...waits)).toBeLessThanOrEqual(2 ** 31 - 1)
  })

  test('an expensive query runs less often, so that the stream has half of the time', () => {
    const { clock, runner, set } = setup({ count: 3000, clock: new WorkingClock() })
    const run = runner.open(inline(ALL), () => undefined)
    const turn = (): number => {
      const begin = clock.now()
      for (let key = 0; key < 3000; key += 1) set(String(key), { id: String(key), n: begin })
      let idle = 0
      for (; clock.pending > 0; idle += 1) clock.advance(1)
      return idle
    }
    while (clock.pending > 0) clock.advance(1)
    for (let times = 0; times < 5; times += 1) turn()
    expect(run.cost.runMs).toBeGreaterThan(0)
    expect(turn()).toBeGreaterThanOrEqual(Math.min(99, Math.floor(run.cost.runMs / 2)))
  })

  test('a very expensive query still tells its result: changes that wait longer make the next run longer', () => {
    const clock = new WorkingClock()
    const { runner, set } = setup({ count: 400, clock, named: { slow: (q, { people }) => q.from({ p: people! }).fn.where(() => clock.now() > 0) } })
    const run = runner.open({ kind: 'named', name: 'slow', params: null }, () => undefined)
    const turn = (n: number): number => {
      for (let key = 0; key < 400; key += 1) set(String(key), { id: String(key), n })
      let idle = 0
      for (; clock.pending > 0; idle += 1) clock.advance(1)
      return idle
    }
    while (clock.pending > 0) clock.advance(1)
    for (let times = 0; times < 3; times += 1) turn(times)
    expect(run.cost.runMs).toBeGreaterThan(600)
    expect(turn(3)).toBeLessThan(300)
  })

  test('a change that the query does not see is not told', () => {
    const { runner, set, rest } = setup({ count: 3 })
    const told = vi.fn()
    runner.open(inline(TEAMS), told)
    rest()
    told.mockClear()
    set('0', { id: '0', team: 't0', n: 1, more: 'of what nobody asks for' })
    rest()
    expect(told).not.toHaveBeenCalled()
  })
})

describe('closing', () => {
  test('a closed query is told nothing, and the others go on', () => {
    const { runner, set, rest } = setup({ count: 3 })
    const [one, other] = [vi.fn(), vi.fn()]
    const run = runner.open(inline(ALL), one)
    runner.open(inline(TEAMS), other)
    rest()
    run.close()
    run.close()
    set('0', { id: '0', team: 't0', n: 7 })
    rest()
    expect([one.mock.calls.length, other.mock.calls.length]).toEqual([1, 2])
  })

  test('a query may be closed by what it tells', () => {
    const { runner, set, rest, clock } = setup({ count: 3 })
    const told = vi.fn(() => {
      run.close()
    })
    const run = runner.open(inline(ALL), told)
    rest()
    set('0', { id: '0' })
    rest()
    expect(told).toHaveBeenCalledTimes(1)
    expect(clock.pending).toBe(0)
  })

  test('a closed runner has no tasks', () => {
    const { runner, clock, set } = setup({ count: 3 })
    runner.open(inline(ALL), () => undefined)
    runner.close()
    set('0', { id: '0' })
    expect(clock.pending).toBe(0)
  })
})

test('a state that was replaced is told as what is different', () => {
  const { runner, rows, rest } = setup({ count: 4 })
  const told: ResultChanges[] = []
  runner.open(inline(ALL), (changes) => told.push(changes))
  rest()
  rows.delete('0')
  rows.set('1', { id: '1', n: 9 })
  rows.set('2', { ...rows.get('2') })
  rows.set('new', { id: 'new' })
  // A change that the query has not seen yet is one of the former state.
  const late = new RowDiff()
  late.set('people', 'late', { id: 'late' })
  runner.changed(late)
  runner.replaced()
  rest()
  expect([...told[1]!].map(([key, row]) => [key, row?.value])).toEqual([['1', { id: '1', n: 9 }], ['new', { id: 'new' }], ['0', undefined]])
})

describe('queries that cannot run', () => {
  const codeOf = (open: () => unknown): unknown => {
    try {
      open()
    } catch (error) {
      return error instanceof SidestreamError ? error.code : error
    }
    return 'none'
  }

  const named: NamedQueries = {
    throws: () => {
      throw new Error('no such parameter')
    },
    nothing: () => undefined as never,
    foreign: (q) => q.from({ p: world.sources['people']! }),
    ungrouped: (q, { people }) => q.from({ p: people! }).limit(3),
  }

  test.each(['unknown', 'toString', ...Object.keys(named)])('the named query %s is refused', (name) => {
    const { runner } = setup({ named })
    expect(codeOf(() => runner.open({ kind: 'named', name, params: null }, () => undefined))).toBe('INVALID_QUERY')
  })

  const ref = { type: 'ref', path: ['p', 'n'], alias: 'p' }
  const deep = (levels: number): unknown => (levels === 0 ? ref : { type: 'func', name: 'not', args: [deep(levels - 1)] })
  const nested = (levels: number): unknown => (levels === 0 ? ALL : { from: { alias: 'p', query: nested(levels - 1) } })
  const HOSTILE: Readonly<Record<string, unknown>> = {
    nothing: null,
    'a text': 'from',
    'no source': {},
    'an unknown collection': { from: { alias: 'p', collection: 'secrets' } },
    'a collection that every object has': { from: { alias: 'p', collection: 'constructor' } },
    'an alias that changes prototypes': { from: { alias: '__proto__', collection: 'people' } },
    'a field that changes prototypes': { ...ALL, select: { type: 'fields', fields: [['__proto__', ref]] } },
    'a number as alias': { from: { alias: 1, collection: 'people' } },
    'an empty union': { from: { sources: [] } },
    'an unknown function': { ...ALL, where: [{ expression: { type: 'func', name: 'eval', args: [] } }] },
    'a function without its arguments': { ...ALL, where: [{ expression: { type: 'func', name: 'eq', args: 'all' } }] },
    'an unknown aggregate': { ...ALL, select: { type: 'fields', fields: [['n', { type: 'agg', name: 'product', args: [ref] }]] } },
    'an unknown expression': { ...ALL, where: [{ expression: { type: 'script' } }] },
    'an expression without end': { ...ALL, where: [{ expression: deep(5000) }] },
    'queries without end': nested(5000),
    'too many conditions': { ...ALL, where: Array.from({ length: 20_000 }, () => ({ expression: ref })) },
    'a constant that is no number': { ...ALL, where: [{ expression: { type: 'val', value: { bigint: 'many' } } }] },
    'an unknown join': { ...ALL, joins: [{ source: { alias: 't', collection: 'teams' }, type: 'any', on: ref }] },
    'an unknown direction': { ...ALL, orderBy: [{ expression: ref, direction: 'up', nulls: 'first' }] },
    'a locale that is an object': { ...ALL, orderBy: [{ expression: ref, direction: 'asc', nulls: 'first', stringSort: 'locale', locale: {} }] },
    'options that are no JSON': { ...ALL, orderBy: [{ expression: ref, direction: 'asc', nulls: 'first', stringSort: 'locale', localeOptions: '{' }] },
    'a negative limit': { ...ALL, limit: -1 },
    'a limit without an order': { ...ALL, limit: 1 },
    'the same name twice': { from: { sources: [{ alias: 'p', collection: 'people' }, { alias: 'p', collection: 'teams' }] } },
    'having without groups': { ...ALL, having: [{ expression: ref }] },
    'an include without a query': { ...ALL, select: { type: 'include', parent: ref, child: ref, field: 'f', as: 'array' } },
    'a select of pairs that are none': { ...ALL, select: { type: 'fields', fields: [['n']] } },
    'cases without a list': { ...ALL, select: { type: 'cases', branches: {} } },
  }

  test.each(Object.entries(HOSTILE))('%s is refused with a code', (_name, ir) => {
    const { runner, clock } = setup()
    expect(codeOf(() => runner.open(inline(ir), () => undefined))).toBe('INVALID_QUERY')
    expect(clock.pending).toBe(0)
  })

  test('a query that throws on a row is told as failed, and the others go on', () => {
    const { runner, set, rest } = setup({
      count: 1,
      named: { fails: (q, { people }) => q.from({ p: people! }).fn.where(({ p }) => {
        if ((p as { n: number }).n === 0) throw new Error('n is 0')
        return true
      }) },
    })
    const [told, failed, other] = [vi.fn(), vi.fn<(error: SidestreamError) => void>(), vi.fn()]
    runner.open({ kind: 'named', name: 'fails', params: null }, told, failed)
    runner.open(inline(ALL), other)
    rest()
    set('1', { id: '1', n: 0 })
    set('2', { id: '2', n: 1 })
    rest()
    set('3', { id: '3', n: 1 })
    rest()
    expect(told).toHaveBeenCalledTimes(1)
    expect(failed.mock.calls.map(([{ code }]) => code)).toEqual(['INVALID_QUERY'])
    expect(other).toHaveBeenCalledTimes(3)
  })
})

describe('a query as data', () => {
  const refused = (build: Build): string => {
    try {
      dataOf(build)
    } catch (error) {
      expect(error).toBeInstanceOf(UncrossableQueryError)
      return (error as Error).message
    }
    return 'crosses'
  }

  test.each<[string, Build]>([
    ['fn.select()', (q, { people }) => q.from({ p: people! }).fn.select(({ p }: any) => p)],
    ['fn.where()', (q, { people }) => q.from({ p: people! }).fn.where(() => true)],
    ['fn.having()', (q, { people }) => q.from({ p: people! }).fn.having(() => true)],
    ['no collection of this StreamDB', (q) => q.from({ p: new World(['others']).sources['others']! })],
    ['a comparator of its own', (q, { people }) => q.from({ p: people! }).orderBy(({ p }: any) => p.n, { stringSort: 'custom', compare: () => 0 } as never)],
    ['the field $synced', (q, { people }) => q.from({ p: people! }).where(({ p }: any) => db.eq(p.$synced, true))],
    ['a constant that is an object', (q, { people }) => q.from({ p: people! }).where(({ p }: any) => db.eq(p.n, { a: 1 } as never))],
    ['a constant that is a function', (q, { people }) => q.from({ p: people! }).where(({ p }: any) => db.eq(p.n, (() => 1) as never))],
    ['fn.where()', (q, { people }) => q.from({ s: new Query().from({ p: people! }).fn.where(() => true) })],
  ])('does not cross with %s', (what, build) => {
    expect(refused(build)).toContain(what)
  })

  test('is equal for queries that are built alike', () => {
    const build: Build = (q, { people, teams }) => q.from({ p: people! }).innerJoin({ t: teams! }, ({ p, t }: any) => db.eq(p.team, t.id)).select(({ p, t }: any) => ({ ...p, title: t.title }))
    expect(queryKey(inline(dataOf(build)))).toBe(queryKey(inline(dataOf(build))))
    expect(queryKey(inline(dataOf(build)))).not.toBe(queryKey(inline(ALL)))
  })

  test('has a key that does not depend on the order of parameters', () => {
    const key = (params: WorkerQuery & { kind: 'named' }): string => queryKey(params)
    const of = (params: never): string => key({ kind: 'named', name: 'q', params })
    expect(of({ a: 1, b: { c: [1, 2], d: null } } as never)).toBe(of({ b: { d: null, c: [1, 2] }, a: 1 } as never))
    expect(of({ a: [1, 2] } as never)).not.toBe(of({ a: [2, 1] } as never))
    expect(of({ a: '1' } as never)).not.toBe(of({ a: 1 } as never))
    expect(of([['a', 1]] as never)).not.toBe(of({ a: 1 } as never))
  })
})

test('a sum has no trace of what was taken away', () => {
  const sum = new ExactSum()
  const numbers = Array.from({ length: 2000 }, (_, index) => (index % 7) * 0.1 * 10 ** ((index % 31) - 15))
  for (const number of numbers) sum.add(number, 1)
  for (const number of numbers) sum.add(number, -1)
  expect(sum.value).toBe(0)
  sum.add(0.1, 3)
  expect(sum.value).toBe(0.30000000000000004)
  sum.add(Number.MAX_SAFE_INTEGER, 2)
  sum.add(Number.MAX_SAFE_INTEGER, -2)
  expect(sum.value).toBe(0.30000000000000004)
  sum.add(Infinity, 1)
  expect(sum.value).toBe(Infinity)
  sum.add(-Infinity, 1)
  expect(sum.value).toBeNaN()
  sum.add(-Infinity, -1)
  sum.add(Infinity, -1)
  sum.add(0.1, -3)
  expect(sum.value).toBe(0)
})
