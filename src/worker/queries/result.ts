import { deepEquals } from '@tanstack/db'
import { describe } from '../../shared/errors.ts'
import type { RowData } from '../../shared/row.ts'
import { invalidQuery } from './decode-query.ts'
import type { ResultDeltas } from './deltas.ts'
import { STRIDE, type IsOver } from './source.ts'

/** A row of a query's result: its key, its value, and its place in the order (null when the query has no order). */
export interface ResultRow {
  readonly key: string
  readonly value: RowData
  /** Places are compared as strings, by `<`. */
  readonly order: string | null
}

/** Key → the row from now on; null when it is gone. */
export type ResultChanges = ReadonlyMap<string, ResultRow | null>

/** What a row was, or is from now on, and how often it was added less how often it was taken away. */
interface Version {
  readonly value: unknown
  readonly order: string | undefined
  times: number
}

/** Versions of rows by key. The operators tell the versions of a row in any order, also such as they take back in the same run. */
type Versions = Map<unknown, Version[]>

/** The result of a query as it was told last, and what the operators have told since. */
export class Result {
  readonly #isOrdered: boolean
  readonly #hasFunctions: boolean
  /** By the keys of TanStack DB. */
  readonly #rows = new Map<unknown, ResultRow>()
  readonly #orders = new Map<unknown, string>()
  readonly #versions: Versions = new Map()
  readonly #orderVersions: Versions = new Map()
  /** The changes that the next {@link flush} returns. */
  #told = new Map<string, ResultRow | null>()

  /** @param hasFunctions functions of the application make the rows: any value may be in them */
  constructor(isOrdered: boolean, hasFunctions: boolean) {
    this.#isOrdered = isOrdered
    this.#hasFunctions = hasFunctions
  }

  get size(): number {
    return this.#rows.size
  }

  readonly takeRows = (deltas: ResultDeltas): void => {
    for (const [[key, [value, order]], times] of deltas) add(this.#versions, key, value, order, times)
  }

  readonly takeOrders = (deltas: ResultDeltas): void => {
    for (const [[key, [, order]], times] of deltas) add(this.#orderVersions, key, null, order, times)
  }

  /** What is taken from now on is a whole result, and not changes of the former one. */
  beginAnew(): void {
    this.#versions.clear()
    this.#orderVersions.clear()
    this.#orders.clear()
    for (const [key, { value, order }] of this.#rows) add(this.#versions, key, value, order ?? undefined, -1)
  }

  /**
   * What has changed since the last call.
   * @returns null when the slice was over before all was known
   * @throws SidestreamError with `INVALID_QUERY`, when a row cannot leave the worker
   */
  flush(isOver: IsOver): ResultChanges | null {
    const told = this.#told
    let steps = 0
    for (const [key, versions] of this.#orderVersions) {
      if (++steps % STRIDE === 0 && isOver()) return null
      this.#orderVersions.delete(key)
      const now = lastOf(versions)
      if (now === undefined) continue
      if (now?.order === undefined) this.#orders.delete(key)
      else this.#orders.set(key, now.order)
      const row = this.#rows.get(key)
      if (row && now?.order !== undefined) this.#set(told, key, row.value, now.order)
    }
    for (const [key, versions] of this.#versions) {
      if (++steps % STRIDE === 0 && isOver()) return null
      this.#versions.delete(key)
      const now = lastOf(versions)
      const before = this.#rows.get(key)
      if (now) {
        this.#set(told, key, withoutVirtual(now.value as RowData), now.order ?? this.#orders.get(key))
      } else if (now === null && before) {
        this.#rows.delete(key)
        told.set(before.key, null)
      }
    }
    this.#told = new Map()
    return told
  }

  #set(told: Map<string, ResultRow | null>, key: unknown, value: RowData, order: string | undefined): void {
    const before = this.#rows.get(key)
    const row: ResultRow = { key: before?.key ?? nameOf(key), value, order: this.#isOrdered ? (order ?? null) : null }
    if (before && before.order === row.order && deepEquals(before.value, value)) return
    if (this.#hasFunctions) assertCrosses(value)
    this.#rows.set(key, row)
    told.set(row.key, row)
  }
}

/** A row that cannot be cloned can neither cross a port nor be stored: it would hold up all that the tab gets, and all that is stored. */
function assertCrosses(row: RowData): void {
  try {
    structuredClone(row)
  } catch (error) {
    throw invalidQuery(`a row of the result cannot leave it: ${describe(error)}`, error)
  }
}

function add(all: Versions, key: unknown, value: unknown, order: string | undefined, times: number): void {
  const versions = all.get(key)
  if (!versions) {
    all.set(key, [{ value, order, times }])
    return
  }
  const same = versions.findIndex((version) => version.order === order && (version.value === value || deepEquals(version.value, value)))
  if (same < 0) versions.push({ value, order, times })
  else if ((versions[same]!.times += times) === 0) versions.splice(same, 1)
}

/** The version that is there from now on: null when there is none any more, undefined when nothing has changed. */
function lastOf(versions: ReadonlyArray<Version>): Version | null | undefined {
  let last: Version | null | undefined = versions.length > 0 ? null : undefined
  for (const version of versions) if (version.times > 0) last = version
  return last
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
