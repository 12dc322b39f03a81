import type { RowData } from '../../shared/row.ts'
import type { Mutation } from '../../shared/write.ts'
import { stamp } from './materialize.ts'

/** `_seq` of a row with pending changes. The `_seq` of every event is lower. */
export const PENDING_SEQ = Number.MAX_SAFE_INTEGER

/** Rows of one collection by key. */
export type Rows = ReadonlyMap<string, RowData>

/** The collection and the key of a row. */
export type RowAddress = readonly [collection: string, key: string]

/** What a write changes, with the write's number. */
export type NumberedMutations = readonly [number: number, mutations: ReadonlyArray<Mutation>]

interface Laid {
  /** The pending mutations of the row, with the number of their write, in order. */
  mutations: Array<readonly [number: number, mutation: Mutation]>
  /** The row with its mutations; null when they remove it, and undefined until somebody asks for it. */
  row: RowData | null | undefined
}

export interface OverlayOptions {
  /** Collection → the field of the primary key. */
  readonly primaryKeys: ReadonlyMap<string, string>
  /** A collection's materialized rows, as they are now. */
  readonly base: (collection: string) => Rows
}

/**
 * Pending writes, laid over the materialized rows in the order of their numbers. What tabs see is {@link rows}: neither the
 * materialized rows nor the stored ones are changed. A row with pending changes is made again when its materialized row changes
 * ({@link rebase}): a patch changes only the fields that it names, and the others are those of the newest row.
 */
export class Overlay {
  readonly #options: OverlayOptions
  readonly #laid = new Map<string, Map<string, Laid>>()
  /** Writes that are laid, by number. */
  readonly #writes = new Map<number, ReadonlyArray<Mutation>>()
  readonly #views = new Map<string, OverlaidRows>()

  constructor(options: OverlayOptions) {
    this.#options = options
  }

  /** A collection's rows as tabs see them: always the same object. */
  rows(collection: string): Rows {
    let view = this.#views.get(collection)
    if (!view) {
      const laid = this.#laidOf(collection)
      this.#views.set(collection, (view = new OverlaidRows(() => this.#options.base(collection), laid, (key, own) => this.#rowOf(collection, key, own))))
    }
    return view
  }

  /** Rows that have pending changes. */
  get addresses(): ReadonlyArray<RowAddress> {
    return [...this.#laid].flatMap(([collection, rows]) => [...rows.keys()].map((key): RowAddress => [collection, key]))
  }

  has(collection: string, key: string): boolean {
    return this.#laid.get(collection)?.has(key) ?? false
  }

  /** No write is laid over the rows. */
  get isEmpty(): boolean {
    return this.#writes.size === 0
  }

  /** Whether a write is laid over the rows. */
  isLaid(number: number): boolean {
    return this.#writes.has(number)
  }

  /** How many rows the pending changes add, less those that they remove. */
  get added(): number {
    let added = 0
    for (const [collection, rows] of this.#laid) {
      const base = this.#options.base(collection)
      for (const [key, laid] of rows) added += addedBy(laid, base.has(key))
    }
    return added
  }

  /**
   * The row as the stream will have it before a write: the materialized row with all writes that are in the stream already, and with all
   * earlier ones that wait; null when there is no row.
   * @param isInStream of later writes too: a parked write that is sent again comes after them
   */
  before(number: number, collection: string, key: string, isInStream: (number: number) => boolean): RowData | null {
    const laid = this.#laid.get(collection)?.get(key)?.mutations ?? []
    const first = laid.filter(([other]) => other !== number && isInStream(other))
    const next = laid.filter(([other]) => other < number && !isInStream(other))
    return this.#fold([...first, ...next], collection, this.#options.base(collection).get(key) ?? null)
  }

  /** A row, which need not be the materialized one, with its pending changes; null when they remove it. */
  over(collection: string, key: string, row: RowData): RowData | null {
    return this.#fold(this.#laid.get(collection)?.get(key)?.mutations ?? [], collection, row)
  }

  /**
   * Lays writes over the rows, each in its place. Mutations of unknown collections are left out.
   * @param before called with each row of each write, before any of the rows changes
   */
  add(writes: ReadonlyArray<NumberedMutations>, before: (address: RowAddress) => void): void {
    for (const [, mutations] of writes) for (const address of this.#addressesOf(mutations)) before(address)
    for (const [number, mutations] of writes) {
      this.#writes.set(number, mutations)
      for (const mutation of mutations) {
        const { collection, key } = mutation
        if (!this.#options.primaryKeys.has(collection)) continue
        const rows = this.#laidOf(collection)
        const laid = rows.get(key)
        if (laid) {
          place(laid.mutations, number, mutation)
          laid.row = undefined
        } else {
          rows.set(key, { mutations: [[number, mutation]], row: undefined })
        }
      }
    }
  }

  /** Takes a write out of the overlay: the materialized rows have it now, or it was refused or discarded. @param before as in {@link add} */
  drop(number: number, before: (address: RowAddress) => void): void {
    const addresses = this.#addressesOf(this.#writes.get(number) ?? [])
    this.#writes.delete(number)
    for (const address of addresses) before(address)
    for (const [collection, key] of addresses) {
      const rows = this.#laidOf(collection)
      const laid = rows.get(key)!
      laid.mutations = laid.mutations.filter(([other]) => other !== number)
      if (laid.mutations.length === 0) rows.delete(key)
      else laid.row = undefined
    }
  }

  /** The materialized row has changed. */
  rebase(collection: string, key: string): void {
    const laid = this.#laid.get(collection)?.get(key)
    if (laid) laid.row = undefined
  }

  /** All materialized rows may have changed. */
  rebaseAll(): void {
    for (const rows of this.#laid.values()) for (const laid of rows.values()) if (writtenBy(laid) === null) laid.row = undefined
  }

  #rowOf(collection: string, key: string, laid: Laid): RowData | null {
    if (laid.row === undefined) laid.row = this.#fold(laid.mutations, collection, this.#options.base(collection).get(key) ?? null)
    return laid.row
  }

  #fold(mutations: Laid['mutations'], collection: string, row: RowData | null): RowData | null {
    const primaryKey = this.#options.primaryKeys.get(collection) ?? ''
    for (const [, mutation] of mutations) row = changed(row, mutation, primaryKey)
    return row
  }

  /** Each row once. */
  #addressesOf(mutations: ReadonlyArray<Mutation>): RowAddress[] {
    const known: RowAddress[] = []
    for (const { collection, key } of mutations) if (this.#options.primaryKeys.has(collection)) known.push([collection, key])
    return known.length < 2 ? known : [...new Map(known.map((address) => [JSON.stringify(address), address])).values()]
  }

  #laidOf(collection: string): Map<string, Laid> {
    let rows = this.#laid.get(collection)
    if (!rows) this.#laid.set(collection, (rows = new Map<string, Laid>()))
    return rows
  }
}

/** The last mutation that writes or removes the whole row; null when the row depends on the materialized one. */
function writtenBy({ mutations }: Laid): Mutation | null {
  for (let index = mutations.length - 1; index >= 0; index -= 1) if (mutations[index]![1].kind !== 'patch') return mutations[index]![1]
  return null
}

/** Whether there is a row; it is not made for that. */
const isThere = (laid: Laid, hasBase: boolean): boolean => {
  const by = writtenBy(laid)
  return by === null ? hasBase : by.kind === 'put'
}

const addedBy = (laid: Laid, hasBase: boolean): number => Number(isThere(laid, hasBase)) - Number(hasBase)

/** Adds a write's mutation in the order of the numbers. Nearly always it comes last; a parked write that is sent again has its old place. */
function place(mutations: Laid['mutations'], number: number, mutation: Mutation): void {
  let end = mutations.length
  while (end > 0 && mutations[end - 1]![0] > number) end -= 1
  if (end === mutations.length) mutations.push([number, mutation])
  else mutations.splice(end, 0, [number, mutation])
}

/** The row after a mutation. To patch or to remove a row that is not there changes nothing. */
export function changed(row: RowData | null, mutation: Mutation, primaryKey: string): RowData | null {
  switch (mutation.kind) {
    case 'remove':
      return null
    case 'put':
      return stamp(mutation.value, primaryKey, mutation.key, PENDING_SEQ)
    case 'patch':
      return row === null ? null : stamp({ ...row, ...mutation.changes }, primaryKey, mutation.key, PENDING_SEQ)
  }
}

/** Makes the row, if it is not made yet. */
type RowOf = (key: string, laid: Laid) => RowData | null

/** Materialized rows with pending changes laid over them, in the order of the materialized rows; added rows come last. */
class OverlaidRows implements Rows {
  readonly #base: () => Rows
  readonly #laid: ReadonlyMap<string, Laid>
  readonly #rowOf: RowOf

  constructor(base: () => Rows, laid: ReadonlyMap<string, Laid>, rowOf: RowOf) {
    this.#base = base
    this.#laid = laid
    this.#rowOf = rowOf
  }

  get size(): number {
    const base = this.#base()
    let { size } = base
    for (const [key, laid] of this.#laid) size += addedBy(laid, base.has(key))
    return size
  }

  get(key: string): RowData | undefined {
    const laid = this.#laid.get(key)
    return laid ? (this.#rowOf(key, laid) ?? undefined) : this.#base().get(key)
  }

  has(key: string): boolean {
    const laid = this.#laid.get(key)
    const hasBase = this.#base().has(key)
    return laid ? isThere(laid, hasBase) : hasBase
  }

  forEach(run: (row: RowData, key: string, rows: Rows) => void): void {
    for (const [key, row] of this.entries()) run(row, key, this)
  }

  entries(): MapIterator<[string, RowData]> {
    const base = this.#base()
    return this.#laid.size === 0 ? base.entries() : overlaid(base, this.#laid, this.#rowOf)
  }

  *keys(): MapIterator<string> {
    for (const [key] of this.entries()) yield key
  }

  *values(): MapIterator<RowData> {
    for (const [, row] of this.entries()) yield row
  }

  [Symbol.iterator](): MapIterator<[string, RowData]> {
    return this.entries()
  }
}

function* overlaid(base: Rows, laid: ReadonlyMap<string, Laid>, rowOf: RowOf): MapIterator<[string, RowData]> {
  for (const entry of base) {
    const own = laid.get(entry[0])
    const row = own ? rowOf(entry[0], own) : entry[1]
    if (row !== null) yield own ? [entry[0], row] : entry
  }
  for (const [key, own] of laid) {
    const row = base.has(key) ? null : rowOf(key, own)
    if (row !== null) yield [key, row]
  }
}
