import type { LoadSubsetOptions } from '@tanstack/db'
import { Gate } from '../shared/gate.ts'
import { conjunctsOf, type Expression, type OrderTerm, type ServedSubset, type Subset, type SubsetChange } from '../shared/subset.ts'
import { compareValues } from './compare-values.ts'
import { subsetOf, UncrossableError } from './subset-of.ts'

/** Equal subsets, and prefixes of one order, are held as one: as the largest of them. */
interface Group {
  readonly id: number
  readonly key: string
  readonly collection: string
  readonly where: Expression | null
  readonly order: OrderTerm | null
  /** Rows that each holder asked for; endless where there is no order. */
  readonly holders: Map<LoadSubsetOptions, number>
  /** The most that a holder asked for; 0 when it is let go of. */
  rows: number
  /** What the engine was told of that; 0 when it knows of no such subset. */
  told: number
  /** How many of what it was told are here. */
  served: number
  edge: unknown
  whole: boolean
  readonly waiting: Set<{ readonly rows: number; readonly gate: Gate<void> }>
}

export interface HeldSubsetsOptions {
  /** Tells the engine. */
  send(changes: ReadonlyArray<SubsetChange>): void
  /** Why a collection is held whole that need not be, by its name. */
  onFallback(reasons: ReadonlyMap<string, string>): void
}

/**
 * What a tab's queries hold of collections that are not eager, over all engines that it has: TanStack DB's demands, of which
 * equal ones, and prefixes of one order, are one to the engine. What is held already is there at once.
 */
export class HeldSubsets {
  readonly #options: HeldSubsetsOptions
  readonly #groups = new Map<string, Group>()
  readonly #byId = new Map<number, Group>()
  readonly #byHolder = new Map<LoadSubsetOptions, Group>()
  readonly #fallbacks = new Map<LoadSubsetOptions, readonly [collection: string, reason: string]>()
  /** Changes that the engine has not been told. */
  readonly #untold = new Set<Group>()
  #nextId = 0
  #isScheduled = false

  constructor(options: HeldSubsetsOptions) {
    this.#options = options
  }

  /**
   * All that is held, for an engine that knows of none; it is going to serve it anew. Changes that are on their way to it
   * follow all the same, if it was not told of them here.
   */
  all(): ReadonlyArray<SubsetChange> {
    for (const group of this.#groups.values()) tell(group)
    return [...this.#groups.values()].filter(({ rows }) => rows > 0).map(changeOf)
  }

  /** TanStack DB's `LoadSubsetFn`: true when the rows are here already. */
  load(collection: string, options: LoadSubsetOptions): true | Promise<void> {
    if (options.limit === 0) return true
    const group = this.#groupOf(collection, options)
    const rows = group.holders.get(options)!
    if (rows <= group.served || this.#isCovered(group)) return true
    const gate = new Gate<void>()
    group.waiting.add({ rows, gate })
    return gate.promise
  }

  /** TanStack DB's `UnloadSubsetFn`. */
  unload(options: LoadSubsetOptions): void {
    const group = this.#byHolder.get(options)
    if (!group) return
    this.#byHolder.delete(options)
    if (this.#fallbacks.delete(options)) this.#tellFallbacks()
    group.holders.delete(options)
    this.#resize(group)
  }

  /** The collection starts anew: nobody holds anything of it. */
  drop(collection: string): void {
    for (const group of this.#groups.values()) {
      if (group.collection !== collection) continue
      for (const options of group.holders.keys()) this.unload(options)
      // Its rows are gone with the collection: who asks again asks for another one.
      this.#end(group)
    }
  }

  /** @param applied settles when the batch's rows can be seen */
  onServed(served: ReadonlyArray<ServedSubset>, applied: Promise<unknown>): void {
    for (const { id, rows, edge, whole } of served) {
      const group = this.#byId.get(id)
      if (!group) continue
      group.served = Math.min(rows ?? Infinity, group.told)
      group.edge = edge
      group.whole = whole
      for (const waiter of group.waiting) {
        if (waiter.rows > group.served) continue
        group.waiting.delete(waiter)
        applied.then(() => { waiter.gate.resolve() }, waiter.gate.reject)
      }
    }
  }

  /** The whole collection is here, and stays. */
  onWhole(collection: string): void {
    for (const group of this.#groups.values()) {
      if (group.collection !== collection) continue
      for (const { gate } of group.waiting) gate.resolve()
      group.waiting.clear()
      this.drop(collection)
    }
  }

  /** No engine is going to serve anything. */
  rejectAll(error: Error): void {
    for (const { waiting } of this.#groups.values()) {
      for (const { gate } of waiting) gate.reject(error)
      waiting.clear()
    }
  }

  #groupOf(collection: string, options: LoadSubsetOptions): Group {
    const { where, first } = this.#subsetOf(collection, options)
    const key = JSON.stringify([collection, where, first?.order])
    let group = this.#groups.get(key)
    if (!group) {
      this.#nextId += 1
      group = {
        id: this.#nextId,
        key,
        collection,
        where,
        order: first?.order ?? null,
        holders: new Map(),
        rows: 0,
        told: 0,
        served: 0,
        edge: null,
        whole: false,
        waiting: new Set(),
      }
      this.#groups.set(key, group)
      this.#byId.set(group.id, group)
    }
    group.holders.set(options, first?.rows ?? Infinity)
    this.#byHolder.set(options, group)
    this.#resize(group)
    return group
  }

  #subsetOf(collection: string, options: LoadSubsetOptions): Subset {
    try {
      return subsetOf(collection, options)
    } catch (error) {
      if (!(error instanceof UncrossableError)) throw error
      this.#fallbacks.set(options, [collection, error.message])
      this.#tellFallbacks()
      return { collection, where: null, first: null }
    }
  }

  #resize(group: Group): void {
    const rows = Math.max(0, ...group.holders.values())
    if (rows === group.rows) return
    group.rows = rows
    if (rows === 0) {
      // Nobody waits for what nobody holds.
      for (const { gate } of group.waiting) gate.resolve()
      group.waiting.clear()
    }
    this.#untold.add(group)
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      this.#tell()
    })
  }

  /** What is let go of in one task and held again in it has not changed, and is never told. */
  #tell(): void {
    const changed = [...this.#untold].filter(({ rows, told }) => rows !== told)
    for (const group of this.#untold) {
      tell(group)
      if (group.rows === 0) this.#end(group)
    }
    this.#untold.clear()
    if (changed.length > 0) this.#options.send(changed.map(changeOf))
  }

  #end(group: Group): void {
    if (this.#groups.get(group.key) === group) this.#groups.delete(group.key)
    this.#byId.delete(group.id)
  }

  /**
   * Whether rows that tie in an order are all in a prefix of it that is here. TanStack DB asks for those at a prefix's end
   * each time that it moves, and shows nothing until it knows: waiting for the engine, it would not get to while rows keep
   * moving.
   */
  #isCovered({ collection, where, order }: Group): boolean {
    if (order !== null || where === null) return false
    const asked = conjunctsOf(where).map((conjunct) => [JSON.stringify(conjunct), conjunct] as const)
    for (const prefix of this.#groups.values()) {
      if (prefix.collection !== collection || prefix.order === null || prefix.rows === 0 || prefix.served === 0) continue
      const given = conjunctsOf(prefix.where).map((conjunct) => JSON.stringify(conjunct))
      if (!given.every((text) => asked.some(([own]) => own === text))) continue
      if (prefix.whole || asked.some(([text, conjunct]) => !given.includes(text) && isUpTo(conjunct, prefix.order!, prefix.edge))) return true
    }
    return false
  }

  #tellFallbacks(): void {
    this.#options.onFallback(new Map(this.#fallbacks.values()))
  }
}

/** The engine is told how many rows are wanted now. */
function tell(group: Group): void {
  group.told = group.rows
  group.served = Math.min(group.served, group.rows)
}

function changeOf({ id, collection, where, order, rows }: Group): SubsetChange {
  if (rows === 0) return { id, subset: null }
  return { id, subset: { collection, where, first: order ? { order, rows } : null } }
}

/** Whether a condition demands a certain value of an order's term, and one that does not come after `edge`. */
function isUpTo(condition: Expression, { expression, ...term }: OrderTerm, edge: unknown): boolean {
  if (condition.type !== 'func' || condition.name !== 'eq') return false
  const [own, constant] = condition.args
  if (constant?.type !== 'val' || JSON.stringify(own) !== JSON.stringify(expression)) return false
  const order = compareValues(constant.value, edge, term)
  return order !== null && order <= 0
}
