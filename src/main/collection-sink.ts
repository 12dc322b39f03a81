import { BasicIndex, type Collection, type LoadSubsetOptions, type SyncConfig } from '@tanstack/db'
import type { RowData } from '../shared/row.ts'
import type { SyncMode } from '../shared/state-schema.ts'
import { orderIndex, readsBoundedPrefixes } from './order-index.ts'
import { QueryWindow } from './query-window.ts'

/**
 * An index whose ranges leave out rows without a value: no comparison matches them, but TanStack DB takes what a range has
 * for exact, also where the index's order has those rows at that end.
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

/** Where a replica puts a collection's rows. */
export interface RowSink {
  /** Puts the rows and removes the keys, as one commit. @returns a promise when they cannot be seen yet */
  write(change: RowWrite): true | Promise<void>
  /** The keys it has. */
  keys(): Iterable<string>
  /** Live queries or other subscribers run with every commit. */
  readonly isObserved: boolean
  /** The rows are worth showing. */
  markReady(): void
}

/** The part of a collection that holds what was synced. */
interface SyncedRows {
  readonly _state?: { readonly syncedData?: { keys(): Iterable<string> }; entries?(): Iterable<[string, object]> }
  keys(): Iterable<string>
  entries(): Iterable<[string, object]>
}

export interface CollectionSinkOptions {
  readonly mode: SyncMode
  /** The collection wants rows; `again` when it was cleaned up in between and has none. */
  readonly onStart: (again: boolean) => void
  readonly onCleanup: () => void
  readonly load: (options: LoadSubsetOptions) => true | Promise<void>
  readonly unload: (options: LoadSubsetOptions) => void
}

type SyncParams = Parameters<SyncConfig<object, string>['sync']>[0]

/**
 * Row diffs into a TanStack DB collection, through its sync interface. Every row is written as a full update: that puts
 * the row whether the collection has the key or not, so a row that comes twice is never an error.
 */
export class CollectionSink implements RowSink {
  #params: SyncParams | null = null
  #ready = false
  /** How often the collection began anew. */
  #lives = 0
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
      // Of a collection that holds what its queries ask for, each query says for itself when it is ready.
      if (mode === 'on-demand') this.markReady()
      onStart(again)
      return { cleanup: onCleanup, ...(mode === 'eager' ? {} : { loadSubset: load, unloadSubset: unload }) }
    },
  }

  get config(): object {
    const isEager = this.#options.mode === 'eager'
    // Where rows are asked for bit by bit, TanStack DB needs an index to go on from where it was.
    if (!isEager) return { sync: this.#sync, syncMode: 'on-demand', autoIndex: 'eager', defaultIndexType: PlainIndex }
    return { sync: this.#sync, ...(readsBoundedPrefixes ? { autoIndex: 'eager', defaultIndexType: orderIndex(() => this.#rows()) } : {}) }
  }

  /** To be called with the collection that is made of {@link config}, before anyone subscribes to it. */
  watch(collection: Collection<object, string>): void {
    if (this.#options.mode === 'eager' && readsBoundedPrefixes) QueryWindow.watch(collection, () => this.#lives)
  }

  /** As they are seen; the public ones are copies. */
  #rows(): Iterable<[string, object]> {
    const collection = this.#params?.collection as SyncedRows | undefined
    return collection?._state?.entries?.() ?? collection?.entries() ?? []
  }

  write({ rows, deleted }: RowWrite): true | Promise<void> {
    if (!this.#params) return true
    const { begin, write, commit } = this.#params
    begin()
    for (const value of rows) write({ type: 'update', value })
    for (const key of deleted) write({ type: 'delete', key })
    // While an optimistic transaction is persisting, TanStack DB shows these rows only when it has settled.
    return commit()
  }

  /**
   * A collection's public keys leave out rows that an optimistic delete hides, which a snapshot may have to remove too; those
   * it was synced have no public name.
   */
  keys(): Iterable<string> {
    const collection = this.#params?.collection as SyncedRows | undefined
    return collection?._state?.syncedData?.keys() ?? collection?.keys() ?? []
  }

  get isObserved(): boolean {
    return (this.#params?.collection.subscriberCount ?? 0) > 0
  }

  markReady(): void {
    if (this.#ready || !this.#params) return
    this.#ready = true
    this.#params.markReady()
  }
}
