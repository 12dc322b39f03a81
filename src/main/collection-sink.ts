import type { SyncConfig } from '@tanstack/db'
import type { CollectionDiff } from '../shared/row-diff.ts'

/** Where a replica puts a collection's rows. */
export interface RowSink {
  /** Puts the rows and removes the keys, as one commit. */
  write(diff: Pick<CollectionDiff, 'rows' | 'deleted'>): void
  /** The keys it has. */
  keys(): Iterable<string>
  /** Live queries or other subscribers run with every commit. */
  readonly isObserved: boolean
  /** The rows are worth showing. */
  markReady(): void
}

/** The part of a collection that holds what was synced. */
interface SyncedRows {
  readonly _state?: { readonly syncedData?: { keys(): Iterable<string> } }
  keys(): Iterable<string>
}

type SyncParams = Parameters<SyncConfig<object, string>['sync']>[0]

/**
 * Row diffs into a TanStack DB collection, through its sync interface. Every row is written as a full update: that puts
 * the row whether the collection has the key or not, so a row that comes twice is never an error.
 */
export class CollectionSink implements RowSink {
  #params: SyncParams | null = null
  #ready = false
  readonly #onStart: (again: boolean) => void

  /** @param onStart called when the collection wants rows; `again` when it was cleaned up in between and has none */
  constructor(onStart: (again: boolean) => void) {
    this.#onStart = onStart
  }

  readonly config: SyncConfig<object, string> = {
    rowUpdateMode: 'full',
    sync: (params) => {
      const again = this.#params !== null
      this.#params = params
      this.#ready = false
      this.#onStart(again)
      return () => undefined
    },
  }

  write({ rows, deleted }: Pick<CollectionDiff, 'rows' | 'deleted'>): void {
    if (!this.#params) return
    const { begin, write, commit } = this.#params
    begin()
    for (const value of rows) write({ type: 'update', value })
    for (const key of deleted) write({ type: 'delete', key })
    // The receipt is not awaited: while an optimistic transaction is persisting, TanStack DB shows these rows only when
    // it has settled, and it may be waiting for exactly these rows' txid.
    void commit()
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
