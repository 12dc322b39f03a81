import { deepEquals } from '@tanstack/db'
import type { RowData } from '../../shared/row.ts'
import type { ResultDeltas } from './deltas.ts'

/** A row of a query's result: its key, its value, and its place in the order (null when the query has no order). */
export interface ResultRow {
  readonly key: string
  readonly value: RowData
  /** Places are compared as strings, by `<`. */
  readonly order: string | null
}

/** Key → the row from now on; null when it is gone. */
export type ResultChanges = ReadonlyMap<string, ResultRow | null>

interface Net {
  added: number
  removed: number
  value: unknown
  order: string | undefined
}

/** The result of a query, as it was told last, and what has changed since. */
export class Result {
  readonly #isOrdered: boolean
  /** By the keys of TanStack DB. */
  readonly #rows = new Map<unknown, ResultRow>()
  readonly #changes = new Map<unknown, Net>()
  readonly #orders = new Map<unknown, string>()
  readonly #orderChanges = new Map<unknown, Net>()

  constructor(isOrdered: boolean) {
    this.#isOrdered = isOrdered
  }

  get size(): number {
    return this.#rows.size
  }

  readonly takeRows = (deltas: ResultDeltas): void => {
    net(this.#changes, deltas)
  }

  readonly takeOrders = (deltas: ResultDeltas): void => {
    net(this.#orderChanges, deltas)
  }

  /** What is taken from now on is a whole result. */
  beginAnew(): void {
    this.#changes.clear()
    this.#orderChanges.clear()
    this.#orders.clear()
    for (const [key, { value }] of this.#rows) this.#changes.set(key, { added: 0, removed: 1, value, order: undefined })
  }

  /** What has changed since the last call. */
  flush(): ResultChanges {
    const told = new Map<string, ResultRow | null>()
    for (const [key, { added, removed, order }] of this.#orderChanges) {
      if (added < removed || (added === removed && !this.#orders.has(key))) this.#orders.delete(key)
      else if (order !== undefined) this.#orders.set(key, order)
      const row = this.#changes.has(key) ? undefined : this.#rows.get(key)
      const place = this.#orders.get(key) ?? null
      if (row && this.#isOrdered && place !== null && row.order !== place) this.#set(told, key, { ...row, order: place })
    }
    for (const [key, { added, removed, value, order = this.#orders.get(key) }] of this.#changes) {
      const before = this.#rows.get(key)
      if (added < removed || (added === removed && !before)) {
        if (before) {
          this.#rows.delete(key)
          told.set(before.key, null)
        }
        continue
      }
      const row: ResultRow = { key: before?.key ?? nameOf(key), value: withoutVirtual(value as RowData), order: this.#isOrdered ? (order ?? null) : null }
      if (before?.order !== row.order || !deepEquals(before.value, row.value)) this.#set(told, key, row)
    }
    this.#changes.clear()
    this.#orderChanges.clear()
    return told
  }

  #set(told: Map<string, ResultRow | null>, key: unknown, row: ResultRow): void {
    this.#rows.set(key, row)
    told.set(row.key, row)
  }
}

/** Operators may tell a row several times, added before removed. */
function net(changes: Map<unknown, Net>, deltas: ResultDeltas): void {
  for (const [[key, [value, order]], multiplicity] of deltas) {
    let change = changes.get(key)
    if (!change) changes.set(key, (change = { added: 0, removed: 0, value, order }))
    if (multiplicity < 0) {
      change.removed -= multiplicity
    } else if (multiplicity > 0) {
      change.added += multiplicity
      change.value = value
      if (order !== undefined) change.order = order
    }
  }
}

/** A key of TanStack DB as a string; keys that are not equal stay different. */
const nameOf = (key: unknown): string => (typeof key === 'string' ? (key.startsWith(TAG) ? `${TAG}s:${key}` : key) : `${TAG}${typeof key}:${String(key)}`)
const TAG = '\u0000'

/** What TanStack DB adds to rows of results. The collection that takes them adds its own. */
const VIRTUAL = ['$synced', '$hasPendingWrites', '$origin', '$key', '$collectionId']

function withoutVirtual(row: RowData): RowData {
  if (!VIRTUAL.some((name) => name in row)) return row
  return Object.fromEntries(Object.entries(row).filter(([name]) => !VIRTUAL.includes(name)))
}
