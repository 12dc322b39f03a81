import type { RowData } from '../../shared/row.ts'
import { Unfit } from './aggregates.ts'
import type { RowDeltas } from './deltas.ts'
import { allOf, evaluatorOf, type Evaluate } from './evaluator.ts'
import type { StarPlan } from './plan-star.ts'

type Sources = Record<string, RowData>
type Take = (row: Sources, times: number) => void

/** The value by which rows are joined → the rows that have it, by their keys. */
class ByValue {
  readonly #rows = new Map<unknown, Map<string, RowData>>()

  of(value: unknown): ReadonlyMap<string, RowData> {
    return this.#rows.get(value) ?? NONE
  }

  change(value: unknown, key: string, row: RowData, times: number): void {
    let rows = this.#rows.get(value)
    if (times > 0) {
      if (!rows) this.#rows.set(value, (rows = new Map<string, RowData>()))
      rows.set(key, row)
    } else if (rows?.delete(key) && rows.size === 0) {
      this.#rows.delete(value)
    }
  }
}

const NONE: ReadonlyMap<string, RowData> = new Map()

/** A join of a star at work. */
interface Arm {
  readonly alias: string
  readonly collection: string
  readonly isLeft: boolean
  readonly own: Evaluate
  readonly other: Evaluate
  /** The joined rows. */
  readonly others: ByValue
  /** The first collection’s rows, by the value that they name here. */
  readonly owners: ByValue
}

/** A star at work: tells each joined row that comes or goes. A row costs some look-ups; nothing is hashed. */
export class Star {
  readonly #alias: string
  readonly #collection: string
  readonly #arms: ReadonlyArray<Arm>
  readonly #before: (row: Sources) => boolean
  readonly #after: (row: Sources) => boolean
  readonly #take: Take

  constructor({ first, joins, before, after }: StarPlan, nameOf: (collection: object) => string, take: Take) {
    this.#alias = first.alias
    this.#collection = nameOf(first.collection)
    this.#arms = joins.map(({ source, isLeft, own, other }) => ({
      alias: source.alias,
      collection: nameOf(source.collection),
      isLeft,
      own: evaluatorOf(own),
      other: evaluatorOf(other),
      others: new ByValue(),
      owners: new ByValue(),
    }))
    this.#before = allOf(before)
    this.#after = allOf(after)
    this.#take = take
  }

  /** @throws Unfit */
  give(collection: string, deltas: RowDeltas): void {
    // A collection may have several parts. Each takes the changes in turn, and joins them with what the others have by then.
    if (collection === this.#collection) for (const [[key, row], times] of deltas) this.#giveOwn(key, row, times)
    for (const arm of this.#arms) if (collection === arm.collection) for (const [[key, row], times] of deltas) this.#giveOther(arm, key, row, times)
  }

  #giveOwn(key: string, row: RowData, times: number): void {
    const own = { [this.#alias]: row }
    if (!this.#before(own)) return
    for (const arm of this.#arms) arm.owners.change(keyOf(arm.own(own)), key, row, times)
    this.#tell(own, times)
  }

  #giveOther(arm: Arm, key: string, row: RowData, times: number): void {
    const value = keyOf(arm.other({ [arm.alias]: row }))
    if (value === null) return
    const owners = arm.owners.of(value)
    if (!arm.isLeft || owners.size === 0) {
      if (times > 0) arm.others.change(value, key, row, times)
      for (const owner of owners.values()) this.#tell({ [this.#alias]: owner }, times, { arm, row })
      if (times < 0) arm.others.change(value, key, row, times)
      return
    }
    // In a left join an owner without other rows is told alone. So it is taken back as it was told, and told anew.
    for (const owner of owners.values()) this.#tell({ [this.#alias]: owner }, -1)
    arm.others.change(value, key, row, times)
    for (const owner of owners.values()) this.#tell({ [this.#alias]: owner }, 1)
  }

  /** Tells a row of the first collection with all rows that it is joined with. @param only the one row to take for this arm */
  #tell(own: Sources, times: number, only: { readonly arm: Arm; readonly row: RowData } | null = null): void {
    const next = (row: Sources, index: number): void => {
      const arm = this.#arms[index]
      if (!arm) {
        if (this.#after(row)) this.#take(row, times)
        return
      }
      if (arm === only?.arm) {
        next({ ...row, [arm.alias]: only.row }, index + 1)
        return
      }
      const value = keyOf(arm.own(own))
      const others = value === null ? NONE : arm.others.of(value)
      if (others.size === 0 && arm.isLeft) next(row, index + 1)
      for (const other of others.values()) next({ ...row, [arm.alias]: other }, index + 1)
    }
    next(own, 0)
  }
}

/** A value by which rows are joined; null joins nothing. @throws Unfit for an object: TanStack DB has ways of its own to call two objects equal */
function keyOf(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) throw new Unfit()
  return value ?? null
}
