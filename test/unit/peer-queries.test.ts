import { expect, test, vi } from 'vitest'
import type { NamedQueries } from '../../src/shared/named-queries.ts'
import type { RowData } from '../../src/shared/row.ts'
import type { ResultChanges } from '../../src/worker/queries/result.ts'
import { fromPeer, type Peer } from '../../src/worker/queries/peer-queries.ts'
import { QueryRunner } from '../../src/worker/queries/runner.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { pinnedVersions, shortVersion } from '../support/pinned-db.ts'

/** TanStack DB as an application has it: of the versions that adapters pin, and a second copy of our own. */
type Db = Peer & Pick<typeof import('@tanstack/db'), 'eq' | 'gt' | 'count' | 'sum' | 'toArray'>
const copies: Array<readonly [string, () => Promise<Db>]> = pinnedVersions().map((pinned) => [shortVersion(pinned), () => import(/* @vite-ignore */ pinned.entry) as Promise<Db>])

const ROWS: Readonly<Record<string, ReadonlyMap<string, RowData>>> = {
  flights: new Map(['LIS', 'OSL', 'LIS'].map((from, index) => [`f${String(index)}`, { id: `f${String(index)}`, from, delay: index * 10 }])),
  airports: new Map([['LIS', 'Lisbon'] as const, ['OSL', 'Oslo'] as const].map(([code, city]) => [code, { code, city }])),
}

function resultOf(named: NamedQueries, peer: Peer | undefined, name: string): ResultChanges {
  const clock = new ManualClock()
  const runner = new QueryRunner({
    clock,
    collections: [{ name: 'flights', primaryKey: 'id' }, { name: 'airports', primaryKey: 'code' }],
    rows: (collection) => ROWS[collection]!,
    named: fromPeer(named, peer),
  })
  const onChanges = vi.fn<(changes: ResultChanges, isComplete: boolean) => void>()
  runner.open({ kind: 'named', name, params: { over: -1 } }, onChanges)
  clock.advance(1000)
  runner.close()
  return onChanges.mock.lastCall![0]
}

test.each(copies)('named queries are built with the application’s TanStack DB, here %s', async (_, load) => {
  const db = await load()
  const { eq, gt, count, sum } = db
  const named = {
    delays: (q: any, { flights, airports }: any, { over }: { over: number }) =>
      q
        .from({ f: flights })
        .join({ a: airports }, ({ f, a }: any) => eq(f['from'], a['code']), 'inner')
        .where(({ f }: any) => gt(f['delay'], over))
        .groupBy(({ a }: any) => a['city'])
        .select(({ f, a }: any) => ({ city: a['city'], flights: count(f['id']), total: sum(f['delay']) }))
        .orderBy(({ $selected }: any) => $selected['total'], 'desc'),
    late: (q: any, { flights }: any) => q.from({ late: q.from({ f: flights }).fn.where(({ f }: any) => f.delay > 5) }).fn.select(({ late }: any) => ({ id: late.id, isLate: true })),
  }
  expect([...resultOf(named, db, 'delays').values()].sort((a, b) => (a!.order! < b!.order! ? -1 : 1)).map((row) => row!.value)).toEqual([
    { city: 'Lisbon', flights: 2, total: 20 },
    { city: 'Oslo', flights: 1, total: 10 },
  ])
  expect([...resultOf(named, db, 'late').values()].map((row) => row!.value)).toEqual([{ id: 'f1', isLate: true }, { id: 'f2', isLate: true }])
})

test.each(copies)('functions of child queries are kept, here with %s', async (_, load) => {
  const { createCollection, Query, eq, toArray } = await load()
  const named = {
    late: (q: any, { flights, airports }: any) =>
      q.from({ a: airports }).select(({ a }: any) => ({ code: a['code'], late: toArray(new Query().from({ f: flights }).where(({ f }: any) => eq(f['from'], a['code'])).fn.where(({ f }: any) => f.delay > 10) as never) })),
  }
  expect([...resultOf(named, { createCollection, Query }, 'late').values()].map((row) => row!.value)).toEqual([
    { code: 'LIS', late: [{ id: 'f2', from: 'LIS', delay: 20 }] },
    { code: 'OSL', late: [] },
  ])
})
