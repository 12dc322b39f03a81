import type { RowData } from '../../../shared/row.ts'
import type { Predicate } from './expression.ts'
import { movesBetween, NO_MOVES, type Candidates, type Members, type Moves } from './members.ts'
import { areOrdered, endOf, kindOf, placeOf, type Entry, type Order } from './order.ts'

/** How many rows beyond the prefix are known: that many rows can leave it before a pass over all rows is needed. */
const SPARE_ROWS = 200

/**
 * The members of a subset that is a prefix: the first rows for which a predicate holds, with all rows that tie with the last one.
 *
 * Some more rows beyond the prefix are known, in order and without a gap up to a horizon: when rows leave the prefix, the next
 * ones are known. When the values have no order among themselves, all matching rows are in the subset.
 */
export class PrefixMembers implements Members {
  readonly #matches: Predicate
  readonly #order: Order
  readonly #rows: number
  #keys = new Set<string>()
  /** Sorted. */
  #known: Entry[] = []
  /** Key → value of the order's term, for the known rows. */
  #values = new Map<string, unknown>()
  /** All matching rows with a value before this one are known; null when all matching rows are known. */
  #horizon: { readonly value: unknown } | null = null
  #kinds = new Set<string>()
  readonly #noted = new Set<string>()
  #edge: unknown = null
  /** The prefix is all known rows up to the edge. */
  #hasEdge = false

  /** @param rows how many rows the prefix has without the ties at its end; at least 1 */
  constructor(matches: Predicate, order: Order, rows: number) {
    this.#matches = matches
    this.#order = order
    this.#rows = rows
  }

  get keys(): ReadonlySet<string> {
    return this.#keys
  }

  get edge(): unknown {
    return this.#edge
  }

  get whole(): boolean {
    return this.#horizon === null && this.#keys.size === this.#known.length
  }

  note(key: string, row: RowData | null): void {
    const known = this.#values.has(key)
    if (known) this.#forget(key)
    if (row !== null && this.#matches(row)) {
      const value = this.#order.valueOf(row)
      const kind = kindOf(value)
      if (kind !== null) this.#kinds.add(kind)
      if (this.#horizon === null || this.#order.compareValues(value, this.#horizon.value) < 0) this.#insert({ value, key })
      else if (!known) return
    } else if (!known) {
      return
    }
    this.#noted.add(key)
  }

  settle(candidates: Candidates): Moves {
    const isAnew = this.#horizon !== null && (this.#known.length < this.#rows || !areOrdered(this.#kinds))
    if (isAnew) this.#look(candidates)
    else if (this.#noted.size === 0) return NO_MOVES
    const moves = (isAnew ? null : this.#move()) ?? this.#show((key) => this.#noted.has(key))
    this.#noted.clear()
    return moves
  }

  fill(candidates: Candidates): Moves {
    this.#kinds = new Set()
    this.#look(candidates)
    this.#noted.clear()
    return this.#show(() => true)
  }

  /**
   * Moves the prefix after the noted changes. The cost depends on the changed rows and on the rows that the prefix's end passes,
   * not on the prefix's length. @returns null when the prefix has no end by value
   */
  #move(): Moves | null {
    const known = this.#known
    const last = known[Math.min(this.#rows, known.length) - 1]
    if (!last || !this.#hasEdge || !areOrdered(this.#kinds)) return null
    const { compareValues } = this.#order
    const keys = this.#keys
    const [entered, left, changed]: [string[], string[], string[]] = [[], [], []]
    const place = (key: string, isIn: boolean): void => {
      if (isIn === keys.has(key)) return
      if (isIn) keys.add(key)
      else keys.delete(key)
      ;(isIn ? entered : left).push(key)
    }
    for (const key of this.#noted) {
      const isIn = this.#values.has(key) && compareValues(this.#values.get(key), last.value) <= 0
      if (isIn && keys.has(key)) changed.push(key)
      else place(key, isIn)
    }
    const [before, end] = [endOf(known, this.#edge, compareValues), endOf(known, last.value, compareValues)]
    for (let index = before; index < end; index += 1) place(known[index]!.key, true)
    for (let index = end; index < before; index += 1) place(known[index]!.key, false)
    this.#edge = last.value ?? null
    this.#trim(end)
    return { entered, left, changed }
  }

  /** Makes the prefix again from the known rows. */
  #show(isChanged: (key: string) => boolean): Moves {
    const before = this.#keys
    const known = this.#known
    let end = Math.min(this.#rows, known.length)
    if (!areOrdered(this.#kinds)) end = known.length
    const edge = known[end - 1]?.value
    this.#edge = edge ?? null
    if (end > 0) end = endOf(known, edge, this.#order.compareValues)
    this.#keys = new Set()
    for (let index = 0; index < end; index += 1) this.#keys.add(known[index]!.key)
    this.#hasEdge = areOrdered(this.#kinds) && known.length > 0
    if (this.#hasEdge) this.#trim(end)
    return movesBetween(before, this.#keys, isChanged)
  }

  /** Forgets rows that are far beyond the prefix. @param end of the prefix */
  #trim(end: number): void {
    if (this.#known.length > end + 4 * SPARE_ROWS) this.#end(this.#known[end + SPARE_ROWS]!.value)
  }

  #look(candidates: Candidates): void {
    this.#known = []
    this.#values = new Map()
    this.#horizon = null
    const inOrder = candidates.inOrder()
    if (inOrder) this.#lookInOrder(inOrder, candidates)
    else this.#lookAtAll(candidates)
    for (const { key, value } of this.#known) this.#values.set(key, value)
  }

  #lookInOrder(entries: Iterable<Entry>, candidates: Candidates): void {
    const enough = this.#rows + SPARE_ROWS
    for (const entry of entries) {
      if (this.#known.length >= enough && this.#order.compareValues(entry.value, this.#known.at(-1)!.value) !== 0) {
        this.#horizon = { value: entry.value }
        break
      }
      const row = candidates.get(entry.key)
      if (row && this.#matches(row)) this.#known.push(entry)
    }
    // An index that is read from its end gives rows of equal value in descending order of key; the prefix has them ascending.
    this.#known.sort(this.#order.compare)
    for (const { value } of this.#known) {
      const kind = kindOf(value)
      if (kind !== null) this.#kinds.add(kind)
    }
  }

  #lookAtAll(candidates: Candidates): void {
    const { compare, compareValues, valueOf } = this.#order
    const most = this.#rows + SPARE_ROWS
    let known: Entry[] = []
    /** `known` is sorted, and rows beyond `horizon` are left out. */
    let isFull = false
    let horizon: { value: unknown } | null = null
    for (const [key, row] of candidates.all()) {
      if (!this.#matches(row)) continue
      const value = valueOf(row)
      const kind = kindOf(value)
      if (kind !== null) this.#kinds.add(kind)
      if (!isFull) {
        known.push({ value, key })
        if (known.length < 2 * most) continue
        isFull = true
        known.sort(compare)
        horizon = { value: known[most]!.value }
        known.length = most
        continue
      }
      if (compareValues(value, horizon!.value) >= 0) continue
      const entry = { value, key }
      known.splice(placeOf(known, entry, compare), 0, entry)
      if (known.length >= 2 * most) {
        horizon = { value: known[most]!.value }
        known.length = most
      }
    }
    if (!isFull) known.sort(compare)
    if (!areOrdered(this.#kinds)) {
      known = []
      horizon = null
      for (const [key, row] of candidates.all()) if (this.#matches(row)) known.push({ value: valueOf(row), key })
      known.sort(compare)
    } else if (horizon && compareValues(known[this.#rows - 1]!.value, horizon.value) >= 0) {
      // More rows tie at the prefix's end than are known: find them all.
      const { value: edge } = known[this.#rows - 1]!
      known = []
      horizon = null
      for (const [key, row] of candidates.all()) {
        if (!this.#matches(row)) continue
        const value = valueOf(row)
        if (compareValues(value, edge) <= 0) known.push({ value, key })
        else if (horizon === null || compareValues(value, horizon.value) < 0) horizon = { value }
      }
      known.sort(compare)
    }
    this.#known = known
    this.#horizon = horizon
    if (horizon) this.#end(horizon.value)
  }

  /** Forgets the rows that do not come before `value`: perhaps not all rows with that value are known. */
  #end(value: unknown): void {
    this.#horizon = { value }
    let length = this.#known.length
    while (length > 0 && this.#order.compareValues(this.#known[length - 1]!.value, value) >= 0) length -= 1
    for (const { key } of this.#known.splice(length)) this.#values.delete(key)
  }

  #insert(entry: Entry): void {
    this.#known.splice(placeOf(this.#known, entry, this.#order.compare), 0, entry)
    this.#values.set(entry.key, entry.value)
  }

  #forget(key: string): void {
    const entry = { key, value: this.#values.get(key) }
    this.#values.delete(key)
    this.#known.splice(placeOf(this.#known, entry, this.#order.compare), 1)
  }
}
