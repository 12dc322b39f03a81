import type { LoadSubsetOptions } from '@tanstack/db'
import { Gate } from '../shared/gate.ts'
import { conjunctsOf, type Expression, type OrderTerm, type ServedSubset, type Subset, type SubsetChange } from '../shared/subset.ts'
import { compareValues } from './compare-values.ts'
import { subsetOf, UncrossableError } from './subset-of.ts'

/** Equal subsets, and prefixes of one order, which are held as one subset: the largest of them. */
interface Group {
  readonly id: number
  readonly key: string
  readonly collection: string
  readonly where: Expression | null
  readonly order: OrderTerm | null
  /** Holder → how many rows it asked for; `Infinity` without an order. */
  readonly holders: Map<LoadSubsetOptions, number>
  /** The most rows that a holder asked for; 0 when there is no holder. */
  rows: number
  /** The `rows` that the engine was told last; 0 when it does not hold the subset. */
  told: number
  /** How many of these rows are in the tab. */
  served: number
  edge: unknown
  whole: boolean
  readonly waiting: Set<{ readonly rows: number; readonly gate: Gate<void> }>
}

export interface HeldSubsetsOptions {
  /** Sends changes to the engine. */
  send(changes: ReadonlyArray<SubsetChange>): void
  /** @param reasons collection → why the tab holds all of it */
  onFallback(reasons: ReadonlyMap<string, string>): void
  /** The tab has signed out: it has no rows, and none will come before `reconnect()`. */
  hasNoRows(): boolean
}

/**
 * The subsets that a tab's queries hold of collections that are not eager, across changes of engines. TanStack DB's requests that
 * are equal, or prefixes of one order, are one subset of the engine. A request for rows that are in the tab is answered at once.
 */
export class HeldSubsets {
  readonly #options: HeldSubsetsOptions
  readonly #groups = new Map<string, Group>()
  readonly #byId = new Map<number, Group>()
  readonly #byHolder = new Map<LoadSubsetOptions, Group>()
  readonly #fallbacks = new Map<LoadSubsetOptions, readonly [collection: string, reason: string]>()
  /** Groups whose changes the engine has not been told. */
  readonly #untold = new Set<Group>()
  #nextId = 0
  #isScheduled = false

  constructor(options: HeldSubsetsOptions) {
    this.#options = options
  }

  /**
   * All held subsets, for the hello to a new engine, which serves them again. Changes after this call are sent as usual.
   */
  all(): ReadonlyArray<SubsetChange> {
    for (const group of this.#groups.values()) tell(group)
    return [...this.#groups.values()].filter(({ rows }) => rows > 0).map(changeOf)
  }

  /** TanStack DB's `LoadSubsetFn`: true when the rows are in the tab already, or none will come. */
  load(collection: string, options: LoadSubsetOptions): true | Promise<void> {
    if (options.limit === 0) return true
    const group = this.#groupOf(collection, options)
    const rows = group.holders.get(options)!
    if (rows <= group.served || this.#isCovered(group) || this.#options.hasNoRows()) return true
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

  /** The collection starts again: none of its subsets is held any more. */
  drop(collection: string): void {
    for (const group of this.#groups.values()) {
      if (group.collection !== collection) continue
      for (const options of group.holders.keys()) this.unload(options)
      // Its rows are gone with the collection, so a later request makes another group.
      this.#end(group)
    }
  }

  /** The engine has served subsets. @param applied resolves when the batch's rows can be seen */
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

  /** All rows of the collection are in the tab, and stay. */
  onWhole(collection: string): void {
    for (const group of this.#groups.values()) {
      if (group.collection !== collection) continue
      for (const { gate } of group.waiting) gate.resolve()
      group.waiting.clear()
      this.drop(collection)
    }
  }

  /** The tab has signed out: the subsets stay held, and nothing is waited for. */
  onNoRows(): void {
    for (const { waiting } of this.#groups.values()) {
      for (const { gate } of waiting) gate.resolve()
      waiting.clear()
    }
  }

  /** No engine will serve the waiting requests. */
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
      // Without a holder no query waits for the rows.
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

  /** A subset that is released and held again in one task has not changed, and is not sent. */
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
   * Whether the rows of a tie are all in a prefix that the tab has. TanStack DB asks for the rows that tie with a prefix's last
   * row each time that the prefix moves, and shows nothing until it has them: if each request waited for the engine, a query
   * would show nothing while rows keep moving.
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

/** Notes that the engine is being told how many rows are wanted. */
function tell(group: Group): void {
  group.told = group.rows
  group.served = Math.min(group.served, group.rows)
}

function changeOf({ id, collection, where, order, rows }: Group): SubsetChange {
  if (rows === 0) return { id, subset: null }
  return { id, subset: { collection, where, first: order ? { order, rows } : null } }
}

/** Whether a condition asks for one value of an order's term, and that value does not come after `edge`. */
function isUpTo(condition: Expression, { expression, ...term }: OrderTerm, edge: unknown): boolean {
  if (condition.type !== 'func' || condition.name !== 'eq') return false
  const [own, constant] = condition.args
  if (constant?.type !== 'val' || JSON.stringify(own) !== JSON.stringify(expression)) return false
  const order = compareValues(constant.value, edge, term)
  return order !== null && order <= 0
}
