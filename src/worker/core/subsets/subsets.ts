import type { InspectedSubset, Inspection } from '../../../shared/inspection.ts'
import type { RowDiff } from '../../../shared/row-diff.ts'
import type { RowData } from '../../../shared/row.ts'
import { subsetKey, type Subset } from '../../../shared/subset.ts'
import type { VisibleState } from '../materialize.ts'
import { compilePredicate, compileValue, equalityOf, type Equality } from './expression.ts'
import { FilterMembers } from './filter.ts'
import { IndexedRows } from './indexed-rows.ts'
import type { Candidates, Members, Moves } from './members.ts'
import { orderOf } from './order.ts'
import { PrefixMembers } from './prefix.ts'

/** A subset that a tab holds: its members follow the rows. */
export interface HeldSubset {
  readonly subset: Subset
  readonly members: Members
}

/** A tab's view: it holds subsets, and hears how rows move in and out of them. */
export interface Holder {
  /** @param rows the collection's present rows */
  moved(held: HeldSubset, moves: Moves, rows: ReadonlyMap<string, RowData>): void
}

/** Held subsets as they are stored; see `StoredSubset`. */
export type WorkingSubsets = ReadonlyArray<{
  readonly key: string
  readonly collection: string
  readonly rows: ReadonlyArray<RowData>
  readonly edge: unknown
  readonly whole: boolean
}>

/** A held subset with its holders: equal subsets are one. */
interface SharedSubset extends HeldSubset {
  readonly key: string
  readonly equality: Equality | null
  readonly candidates: Candidates
  readonly holders: Map<Holder, number>
}

/** Subsets by the value of a field that their rows must have. */
interface Route {
  readonly valueOf: (row: RowData) => unknown
  readonly byValue: Map<unknown, Set<SharedSubset>>
}

export interface SubsetsOptions {
  /** Runs a task some time later. */
  readonly later: (task: () => void) => void
  /** A tab holds other subsets, or rows of held subsets have moved. */
  readonly onMoved: () => void
}

/** The most subsets that a panel is told of. */
const MOST_INSPECTED = 200

/** The most rows of the working set; see {@link Subsets.working}. */
const WORKING_ROWS = 5000

interface CollectionSubsets {
  readonly indexed: IndexedRows
  readonly entries: Map<string, SharedSubset>
  /** Subsets that any row can be in, because their condition asks for no value of a field. */
  readonly open: Set<SharedSubset>
  readonly routes: Map<string, Route>
  /** Rows that have changed since the last {@link settle}, as they were then. */
  readonly changed: Map<string, RowData | null>
}

/**
 * The subsets that an engine's tabs hold, over the rows of the state. Equal subsets are one. Changes are noted when they happen,
 * once a row, and take effect in {@link settle}: each change is then compared with the subsets that its row, before or after the
 * change, may be in.
 */
export class Subsets {
  readonly #collections = new Map<string, CollectionSubsets>()
  readonly #options: SubsetsOptions

  constructor(options: SubsetsOptions) {
    this.#options = options
  }

  /**
   * Holds a subset for a tab, whose rows are {@link Members.keys}. Each call needs one {@link release}.
   * @throws the error of TanStack DB's compiler, for functions that it does not know
   */
  hold(subset: Subset, holder: Holder, state: VisibleState): HeldSubset {
    this.settle()
    const collection = this.#collectionOf(subset.collection, state)
    const key = subsetKey(subset)
    let entry = collection.entries.get(key)
    if (!entry) {
      entry = entryOf(key, subset, collection)
      entry.members.fill(entry.candidates)
      collection.entries.set(key, entry)
      route(collection, entry, (set) => set.add(entry!))
    }
    entry.holders.set(holder, (entry.holders.get(holder) ?? 0) + 1)
    this.#options.onMoved()
    return entry
  }

  release(held: HeldSubset, holder: Holder): void {
    const entry = held as SharedSubset
    const { key, holders, subset } = entry
    const count = (holders.get(holder) ?? 0) - 1
    if (count > 0) holders.set(holder, count)
    else holders.delete(holder)
    const collection = this.#collections.get(subset.collection)
    if (holders.size > 0 || collection?.entries.get(key) !== entry) return
    collection.entries.delete(key)
    route(collection, entry, (set) => set.delete(entry))
  }

  /** Whether {@link note} takes notes of a collection's rows. */
  isNoting(collection: string): boolean {
    const own = this.#collections.get(collection)
    return own !== undefined && (own.entries.size > 0 || own.indexed.hasIndexes)
  }

  /** A row is about to change. @param before the row as it is; null when there is none */
  note(collection: string, key: string, before: RowData | null): void {
    const own = this.#collections.get(collection)
    if (own && this.isNoting(collection) && !own.changed.has(key)) own.changed.set(key, before)
  }

  /** Lets the noted changes take effect. */
  settle(): void {
    let moved = false
    for (const collection of this.#collections.values()) moved = settle(collection) || moved
    if (moved) this.#options.onMoved()
  }

  /**
   * The working set: the held subsets with their rows, {@link WORKING_ROWS} rows at most, newest subsets first; null when empty.
   */
  working(): WorkingSubsets | null {
    this.settle()
    const working: Array<WorkingSubsets[number]> = []
    let left = WORKING_ROWS
    for (const { indexed, entries } of this.#collections.values()) {
      for (const { key, subset, members } of [...entries.values()].reverse()) {
        if (members.keys.size > left) continue
        left -= members.keys.size
        const rows = [...members.keys].flatMap((row): RowData[] => [indexed.rows.get(row)].filter((found) => found !== undefined))
        working.push({ key, collection: subset.collection, rows, edge: members.edge, whole: members.whole })
      }
    }
    return working.length > 0 ? working : null
  }

  inspect(): Pick<Inspection, 'subsets' | 'indexes'> {
    const collections = [...this.#collections]
    const held = collections.flatMap(([, { entries }]) => [...entries.values()])
    return {
      subsets: held.slice(0, MOST_INSPECTED).map(inspected),
      indexes: collections.flatMap(([collection, { indexed }]) => indexed.inspect().map((index) => ({ collection, ...index }))),
    }
  }

  /** The state was replaced, or rows have changed without a note: goes through all rows again. */
  refill(state: VisibleState): void {
    for (const [name, collection] of this.#collections) {
      collection.changed.clear()
      collection.indexed.replace(rowsOf(state, name))
      for (const entry of collection.entries.values()) tell(entry, entry.members.fill(entry.candidates), collection)
    }
  }

  /** Rows were added without a note, while the cache fills the state. */
  added(diff: RowDiff): void {
    for (const [name, rows] of diff.entries()) {
      const collection = this.#collections.get(name)
      if (!collection || collection.entries.size === 0) continue
      for (const key of rows.keys()) if (!collection.changed.has(key)) collection.changed.set(key, null)
    }
  }

  #collectionOf(name: string, state: VisibleState): CollectionSubsets {
    let collection = this.#collections.get(name)
    if (!collection) {
      const own: CollectionSubsets = {
        indexed: new IndexedRows(rowsOf(state, name), () => {
          this.#options.later(() => {
            settle(own)
            own.indexed.build()
          })
        }),
        entries: new Map(),
        open: new Set(),
        routes: new Map(),
        changed: new Map(),
      }
      collection = own
      this.#collections.set(name, own)
    }
    return collection
  }
}

function inspected({ subset: { collection, where, first }, members, holders }: SharedSubset): InspectedSubset {
  const limit = first && { expression: first.order.expression, direction: first.order.direction, rows: first.rows }
  return { collection, where, first: limit, rows: members.keys.size, tabs: holders.size }
}

const NO_ROWS: ReadonlyMap<string, RowData> = new Map()

const rowsOf = (state: VisibleState, collection: string): ReadonlyMap<string, RowData> => state.rows.get(collection) ?? NO_ROWS

function entryOf(key: string, subset: Subset, { indexed }: CollectionSubsets): SharedSubset {
  const { where, first } = subset
  const equality = equalityOf(where)
  const matches = compilePredicate(where)
  return {
    key,
    subset,
    equality,
    members: first ? new PrefixMembers(matches, orderOf(first.order), first.rows) : new FilterMembers(matches),
    candidates: {
      all: () => indexed.equal(equality),
      // A condition that an index answers leaves few rows: sorting these takes less time than walking through all rows.
      inOrder: () => (first && equality === null ? indexed.inOrder(first.order) : null),
      get: (row) => indexed.rows.get(row),
    },
    holders: new Map(),
  }
}

/** @returns whether any row of a subset has moved or changed */
function settle(collection: CollectionSubsets): boolean {
  const { changed, indexed, entries, open } = collection
  if (changed.size === 0) return false
  const touched = new Set<SharedSubset>(open)
  for (const [key, before] of changed) {
    const after = indexed.rows.get(key) ?? null
    if (indexed.hasIndexes) indexed.change(key, before, after)
    for (const entry of open) entry.members.note(key, after)
    for (const { valueOf, byValue } of collection.routes.values()) {
      const was = before && byValue.get(valueOf(before))
      const is = after && byValue.get(valueOf(after))
      if (was) for (const entry of was) note(entry, key, after, touched)
      if (is && is !== was) for (const entry of is) if (!was?.has(entry)) note(entry, key, after, touched)
    }
  }
  changed.clear()
  let moved = false
  for (const entry of touched) if (entries.get(entry.key) === entry) moved = tell(entry, entry.members.settle(entry.candidates), collection) || moved
  return moved
}

function note(entry: SharedSubset, key: string, after: RowData | null, touched: Set<SharedSubset>): void {
  entry.members.note(key, after)
  touched.add(entry)
}

function tell(entry: SharedSubset, moves: Moves, { indexed }: CollectionSubsets): boolean {
  if (moves.entered.length + moves.left.length + moves.changed.length === 0) return false
  for (const holder of [...entry.holders.keys()]) holder.moved(entry, moves, indexed.rows)
  return true
}

function route({ open, routes }: CollectionSubsets, { equality }: SharedSubset, change: (set: Set<SharedSubset>) => void): void {
  if (!equality) {
    change(open)
    return
  }
  const path = JSON.stringify(equality.path)
  let own = routes.get(path)
  if (!own) routes.set(path, (own = { valueOf: compileValue({ type: 'ref', path: equality.path }), byValue: new Map() }))
  for (const value of equality.values) {
    let set = own.byValue.get(value)
    if (!set) own.byValue.set(value, (set = new Set()))
    change(set)
    if (set.size === 0) own.byValue.delete(value)
  }
  if (own.byValue.size === 0) routes.delete(path)
}
