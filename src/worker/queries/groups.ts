import { serializeValue } from '@tanstack/db-ivm'
import type { RowData } from '../../shared/row.ts'
import { Unfit, type Accumulator } from './aggregates.ts'
import type { ResultDeltas, RowDeltas } from './deltas.ts'
import { evaluatorOf, type Evaluate } from './evaluator.ts'
import { aggregateField, keyField, type GroupPlan } from './plan-groups.ts'
import { TupleMap } from './tuple-map.ts'

interface Group {
  readonly key: unknown
  readonly values: ReadonlyArray<unknown>
  readonly accumulators: ReadonlyArray<Accumulator>
  rows: number
  /** Its row, as the query over the groups has it. */
  given: RowData | null
}

/** The groups of a query, kept up to date by each row that comes or goes. */
export class Groups {
  readonly #alias: string | null
  readonly #keys: ReadonlyArray<Evaluate>
  readonly #aggregates: ReadonlyArray<{ readonly of: Evaluate; readonly make: () => Accumulator }>
  readonly #groups = new Map<unknown, Group>()
  /** The keys of groups, by the values that they are made of: making a key takes longer than all else here. Null when there is no `groupBy()`, so one group. */
  readonly #groupKeys: TupleMap<string> | null
  readonly #changed = new Set<Group>()

  constructor({ alias, keys, aggregates }: GroupPlan) {
    this.#alias = alias
    this.#keys = keys.map((expression) => evaluatorOf(expression))
    this.#groupKeys = keys.length > 0 ? new TupleMap() : null
    this.#aggregates = aggregates.map(({ of, make }) => ({ of: evaluatorOf(of), make }))
  }

  /** @throws Unfit */
  readonly take = (deltas: ResultDeltas): void => {
    for (const [[, [value]], times] of deltas) this.add((this.#alias === null ? value : { [this.#alias]: value }) as Record<string, unknown>, times)
  }

  /**
   * @param row has a field for each source
   * @throws Unfit
   */
  readonly add = (row: Readonly<Record<string, unknown>>, times: number): void => {
    const group = this.#groupOf(row)
    group.rows += times
    for (let index = 0; index < this.#aggregates.length; index += 1) group.accumulators[index]!.add(this.#aggregates[index]!.of(row), times)
    this.#changed.add(group)
  }

  /** The rows of the next groups that have changed; none when there are no more. */
  changes(most: number): RowDeltas {
    const deltas: RowDeltas = []
    for (const group of this.#changed) {
      if (deltas.length >= most) break
      this.#changed.delete(group)
      const { key, values, given } = group
      if (given) deltas.push([[key as string, given], -1])
      if (group.rows <= 0) {
        this.#groups.delete(key)
        this.#groupKeys?.delete(values)
      }
      group.given = group.rows > 0 ? this.#rowOf(group) : null
      if (group.given) deltas.push([[key as string, group.given], 1])
    }
    return deltas
  }

  #groupOf(row: Readonly<Record<string, unknown>>): Group {
    const [first] = this.#keys
    if (first && this.#keys.length === 1) {
      const value = plain(first(row))
      return this.#groups.get(keyOf(value)) ?? this.#make(keyOf(value), [value])
    }
    const values = this.#keys.map((key) => plain(key(row)))
    const key = this.#keyOf(values)
    return this.#groups.get(key) ?? this.#make(key, values)
  }

  #keyOf(values: ReadonlyArray<unknown>): string {
    const keys = this.#groupKeys
    if (!keys) return 'single_group'
    let key = keys.get(values)
    if (key === undefined) keys.set(values, (key = serializeValue(values)))
    return key
  }

  #make(key: unknown, values: ReadonlyArray<unknown>): Group {
    const group: Group = { key, values, accumulators: this.#aggregates.map(({ make }) => make()), rows: 0, given: null }
    this.#groups.set(key, group)
    return group
  }

  #rowOf({ values, accumulators, rows }: Group): RowData {
    const row: Record<string, unknown> = {}
    for (const [index, value] of values.entries()) row[keyField(index)] = value
    for (const [index, accumulator] of accumulators.entries()) row[aggregateField(index)] = accumulator.result(rows)
    return row
  }
}

/**
 * Keys are those of TanStack DB, because rows that tie in an order are in the order of their keys. It has no order for other keys
 * than strings and numbers, and may lose a row of a group without a value.
 */
const keyOf = (value: unknown): unknown => (typeof value === 'string' || typeof value === 'number' ? value : `\u0000${serializeValue([value])}`)

/** @throws Unfit for an object: TanStack DB has ways of its own to call two objects equal */
function plain(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) throw new Unfit()
  return Object.is(value, -0) ? 0 : value
}
