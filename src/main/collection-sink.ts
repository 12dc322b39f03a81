import { BasicIndex, type Collection, type LoadSubsetOptions, type SyncConfig } from '@tanstack/db'
import type { RowData } from '../shared/row.ts'
import type { SyncMode } from '../shared/state-schema.ts'
import { orderIndex, readsBoundedPrefixes } from './order-index.ts'
import { watchWindows } from './watch-windows.ts'

/**
 * An index whose ranges leave out rows without a value. No comparison matches such a row, but a range that is open at one end
 * would include it, and TanStack DB does not check the rows of a range again.
 */
class PlainIndex extends BasicIndex<string> {
  override rangeQuery(options: Parameters<BasicIndex<string>['rangeQuery']>[0] = {}): Set<string> {
    const keys = super.rangeQuery(options)
    if ('from' in options || 'to' in options) for (const none of [null, undefined]) for (const key of this.equalityLookup(none)) keys.delete(key)
    return keys
  }
}

/** Rows to put, and keys to remove. */
export interface RowWrite {
  readonly rows: ReadonlyArray<RowData>
  readonly deleted: ReadonlyArray<string>
}

/** Takes a collection's rows from a replica. */
export interface RowSink {
  /** Puts the rows and removes the keys, as one commit. @returns true, or a promise that resolves when the rows can be seen */
  write(change: RowWrite): true | Promise<void>
  /** The keys of all synced rows. */
  keys(): Iterable<string>
  /** Whether live queries or other subscribers run with every commit. */
  readonly isObserved: boolean
  /** The rows can be shown. */
  markReady(): void
}

/** The part of a TanStack DB collection with its synced rows; `_state` is not public. */
interface SyncedRows {
  readonly _state?: { readonly syncedData?: { keys(): Iterable<string> }; entries?(): Iterable<[string, object]> }
  keys(): Iterable<string>
  entries(): Iterable<[string, object]>
}

export interface CollectionSinkOptions {
  readonly mode: SyncMode
  /** The collection starts; `again` when it was cleaned up before, and so has no rows. */
  readonly onStart: (again: boolean) => void
  readonly onCleanup: () => void
  readonly load: (options: LoadSubsetOptions) => true | Promise<void>
  readonly unload: (options: LoadSubsetOptions) => void
}

type SyncParams = Parameters<SyncConfig<object, string>['sync']>[0]

/**
 * Writes row diffs into a TanStack DB collection, through its sync interface. Every row is written as a full update, which puts
 * the row whether the collection has the key or not: a row that comes twice is never an error.
 */
export class CollectionSink implements RowSink {
  #params: SyncParams | null = null
  #ready = false
  /** How often the collection was started again. */
  #lives = 0
  /** Keys of rows that are written, and which TanStack DB holds back for now. */
  readonly #held = new Set<ReadonlyArray<string>>()
  readonly #options: CollectionSinkOptions

  constructor(options: CollectionSinkOptions) {
    this.#options = options
  }

  readonly #sync: SyncConfig<object, string> = {
    rowUpdateMode: 'full',
    sync: (params) => {
      const { mode, onStart, onCleanup, load, unload } = this.#options
      const again = this.#params !== null
      if (again) this.#lives += 1
      this.#params = params
      this.#ready = false
      // An on-demand collection is ready at once; each query waits for its own rows.
      if (mode === 'on-demand') this.markReady()
      onStart(again)
      return { cleanup: onCleanup, ...(mode === 'eager' ? {} : { loadSubset: load, unloadSubset: unload }) }
    },
  }

  get config(): object {
    const isEager = this.#options.mode === 'eager'
    // TanStack DB needs an index to continue an order from its last row, when it asks for rows page by page.
    if (!isEager) return { sync: this.#sync, syncMode: 'on-demand', autoIndex: 'eager', defaultIndexType: PlainIndex }
    return { sync: this.#sync, ...(readsBoundedPrefixes ? { autoIndex: 'eager', defaultIndexType: orderIndex(() => this.#rows()) } : {}) }
  }

  /** Call it with the collection that is made of {@link config}, before the first subscription. */
  watch(collection: Collection<object, string>): void {
    if (this.#options.mode === 'eager' && readsBoundedPrefixes) watchWindows(collection, () => this.#lives)
  }

  /** The visible rows; the public `entries()` returns copies. */
  #rows(): Iterable<[string, object]> {
    const collection = this.#params?.collection as SyncedRows | undefined
    return collection?._state?.entries?.() ?? collection?.entries() ?? []
  }

  write({ rows, deleted }: RowWrite): true | Promise<void> {
    if (!this.#params) return true
    const { begin, write, commit, collection } = this.#params
    begin()
    for (const value of rows) write({ type: 'update', value })
    for (const key of deleted) write({ type: 'delete', key })
    // While an optimistic transaction is pending, TanStack DB shows these rows only when the transaction has settled.
    const visible = commit()
    if (visible !== true) this.#hold(rows.map((row) => collection.getKeyFromItem(row)), visible)
    return visible
  }

  /**
   * A collection's public `keys()` leaves out rows that an optimistic delete hides. A replacing diff has to remove these too, and
   * they are in `_state` only, which is not public. Rows that are held back come later, unless they are removed.
   */
  keys(): Iterable<string> {
    const collection = this.#params?.collection as SyncedRows | undefined
    const synced = collection?._state?.syncedData?.keys() ?? collection?.keys() ?? []
    return this.#held.size === 0 ? synced : new Set([...synced, ...[...this.#held].flat()])
  }

  #hold(keys: ReadonlyArray<string>, visible: Promise<void>): void {
    if (keys.length === 0) return
    this.#held.add(keys)
    const release = (): void => {
      this.#held.delete(keys)
    }
    visible.then(release, release)
  }

  get isObserved(): boolean {
    return (this.#params?.collection.subscriberCount ?? 0) > 0
  }

  /** No rows will come. */
  fail(error: unknown): void {
    if (this.#ready || !this.#params) return
    this.#ready = true
    this.#params.markError(error)
  }

  markReady(): void {
    if (this.#ready || !this.#params) return
    this.#ready = true
    this.#params.markReady()
  }
}
