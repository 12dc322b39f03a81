import { compileExpression } from '@tanstack/db'
import { serializeValue } from '@tanstack/db-ivm'
import type { RowData } from '../../shared/row.ts'
import { Unfit, type Accumulator } from './aggregates.ts'
import type { ResultDeltas, RowDeltas } from './deltas.ts'
import { aggregateField, keyField, type GroupPlan } from './plan-groups.ts'

interface Group {
  readonly key: unknown
  readonly values: ReadonlyArray<unknown>
  readonly accumulators: ReadonlyArray<Accumulator>
  rows: number
  /** Its row, as it was given last. */
  given: RowData | null
}

type Evaluate = (row: Record<string, unknown>) => unknown

/** The groups of a query, kept up to date by each row that comes or goes. */
export class Groups {
  readonly #alias: string | null
  readonly #keys: ReadonlyArray<Evaluate>
  readonly #aggregates: ReadonlyArray<{ readonly of: Evaluate; readonly make: () => Accumulator }>
  readonly #groups = new Map<unknown, Group>()
  readonly #changed = new Set<Group>()

  constructor({ alias, keys, aggregates }: GroupPlan) {
    this.#alias = alias
    this.#keys = keys.map((expression) => compileExpression(expression) as Evaluate)
    this.#aggregates = aggregates.map(({ of, make }) => ({ of: compileExpression(of) as Evaluate, make }))
  }

  /** @throws Unfit */
  readonly take = (deltas: ResultDeltas): void => {
    for (const [[, [value]], times] of deltas) {
      const row = (this.#alias === null ? value : { [this.#alias]: value }) as Record<string, unknown>
      const group = this.#groupOf(this.#keys.map((key) => plain(key(row))))
      group.rows += times
      for (const [index, { of }] of this.#aggregates.entries()) group.accumulators[index]!.add(of(row), times)
      this.#changed.add(group)
    }
  }

  /** The rows of the groups that have changed. */
  changes(): RowDeltas {
    const deltas: RowDeltas = []
    for (const group of this.#changed) {
      const { key, given } = group
      if (given) deltas.push([[key as string, given], -1])
      if (group.rows <= 0) this.#groups.delete(key)
      group.given = group.rows > 0 ? this.#rowOf(group) : null
      if (group.given) deltas.push([[key as string, group.given], 1])
    }
    this.#changed.clear()
    return deltas
  }

  #groupOf(values: ReadonlyArray<unknown>): Group {
    const key = keyOf(values)
    let group = this.#groups.get(key)
    if (!group) this.#groups.set(key, (group = { key, values, accumulators: this.#aggregates.map(({ make }) => make()), rows: 0, given: null }))
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
function keyOf(values: ReadonlyArray<unknown>): unknown {
  if (values.length === 0) return 'single_group'
  const [value] = values
  return values.length === 1 && (typeof value === 'string' || typeof value === 'number') ? value : serializeValue(values)
}

/** Objects are equal to TanStack DB in ways of its own. */
function plain(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) throw new Unfit()
  return Object.is(value, -0) ? 0 : value
}
