import type { LoadSubsetOptions } from '@tanstack/db'
import type { Random } from './world.ts'

type Row = Readonly<Record<string, unknown>>

/** What a query asks its collection for, and which of all rows those are. */
export interface SimQuery {
  readonly demand: LoadSubsetOptions
  readonly answer: (rows: ReadonlyArray<Row>) => ReadonlyArray<Row>
}

const ref = (name: string): unknown => ({ type: 'ref', path: [name] })
const call = (name: string, ...args: unknown[]): unknown => ({ type: 'func', name, args })
const constant = (value: unknown): unknown => ({ type: 'val', value })

const numberOf = (row: Row): number => row['n'] as number

/** A random query over rows with a number `n`, which no two have in common, and an `id`. */
export function anyQuery(random: Random): SimQuery {
  const limit = random.below(300)
  const ids = [random.below(12), random.below(12), random.below(12)].map((id) => `k${String(id)}`)
  const [where, matches] = random.pick<readonly [unknown, (row: Row) => boolean]>([
    [undefined, () => true],
    [call('gt', ref('n'), constant(limit)), (row) => numberOf(row) > limit],
    [call('in', ref('id'), constant(ids)), (row) => ids.includes(row['id'] as string)],
    [call('and', call('lt', ref('n'), constant(limit)), call('eq', ref('id'), constant(ids[0]))), (row) => numberOf(row) < limit && row['id'] === ids[0]],
  ])
  const all = (rows: ReadonlyArray<Row>): ReadonlyArray<Row> => rows.filter(matches)
  if (random.chance(0.4)) return { demand: { where } as LoadSubsetOptions, answer: all }
  const direction = random.pick(['asc', 'desc'] as const)
  const rows = 1 + random.below(6)
  const offset = random.below(3)
  const orderBy = [{ expression: ref('n'), compareOptions: { direction, nulls: 'first', stringSort: 'locale' } }]
  const compare = (a: Row, b: Row): number => (direction === 'asc' ? 1 : -1) * (numberOf(a) - numberOf(b))
  return {
    demand: { where, orderBy, limit: rows, offset } as LoadSubsetOptions,
    answer: (given) => [...all(given)].sort(compare).slice(0, offset + rows),
  }
}
