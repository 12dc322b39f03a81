import { START_OFFSET } from '../../shared/position.ts'
import { RowDiff } from '../../shared/row-diff.ts'
import type { RowData } from '../../shared/row.ts'
import type { CollectionShape } from '../../shared/settings.ts'
import { Lineage } from '../core/lineage.ts'
import { emptyState, type State } from '../core/materialize.ts'
import { Removals } from '../core/removals.ts'
import type { Segment } from '../core/segment-directory.ts'
import { type Store, UnreadableCacheError, type WorkingSet } from '../ports.ts'
import type { Checkpoint } from './checkpoint.ts'

/** Rows that were just read, and the state with all rows that have been read so far. */
export interface Hydrating {
  readonly state: State
  readonly diff: RowDiff
}

/** The place in the stream where the stored state ends. */
export type StoredPlace = Pick<Checkpoint, 'offset' | 'anchor'>

export type KeyOf = (collection: string, row: RowData) => string

/** The state that a store has, and the segments that hold it. */
export interface Hydrated {
  readonly checkpoint: Checkpoint
  /** In order of id. */
  readonly segments: ReadonlyArray<Segment>
  readonly keyOf: KeyOf
}

export interface Hydration {
  readonly collections: ReadonlyArray<CollectionShape>
  /** Rows that were stored under another fingerprint are of no use; see `stateFingerprint`. */
  readonly fingerprint: string
  newId(): string
  /** The stored state can be used, as far as that is known before its rows are read. */
  onPlace(place: StoredPlace): void
  /** Called with rows as they are read, if the cache is complete; when the result is null, they are not valid. */
  onRows(rows: Hydrating): void
  /** Called before {@link onRows} with the working set, under the same condition. */
  onPreview(working: WorkingSet): void
  /** As in a store's reader. */
  isPreviewing(): boolean
}

/**
 * Reads the state that a store has.
 * @returns null when the store has no state that this engine can use
 */
export async function readStored(store: Store, hydration: Hydration): Promise<Hydrated | null> {
  const { collections, fingerprint } = hydration
  const primaryKeys = new Map(collections.map(({ name, primaryKey }) => [name, primaryKey]))
  const keyOf: KeyOf = (collection, row) => String(row[primaryKeys.get(collection) ?? ''])
  let state = emptyState(collections, '')
  const segments: Segment[] = []
  let complete = false
  const reading = store.read({
    accept: (stored) => {
      complete = stored.complete
      const { branches, marks, removals } = stored
      const branch = { id: hydration.newId(), seq: marks.seq, digest: marks.digest }
      state = { ...state, lineage: new Lineage([...branches, branch]), removals: new Removals(removals), marks }
      const isUsable = stored.fingerprint === fingerprint && stored.offset !== START_OFFSET
      if (isUsable) hydration.onPlace({ offset: stored.offset, anchor: stored.anchor })
      return isUsable
    },
    preview: (working) => {
      if (complete) hydration.onPreview(working)
    },
    isPreviewing: () => hydration.isPreviewing(),
    take: (group) => {
      const diff = new RowDiff()
      for (const segment of group) {
        segments.push(segment)
        restore(segment, state, diff, keyOf)
      }
      if (complete) hydration.onRows({ state, diff })
    },
  })
  const meta = await reading.catch((error: unknown) => {
    // Treated as an empty cache: the stream has every event.
    if (error instanceof UnreadableCacheError) return null
    throw error
  })
  if (meta === null) return null
  return { checkpoint: { state, offset: meta.offset, anchor: meta.anchor, txids: meta.txids, complete }, segments, keyOf }
}

function restore({ collection, rows, deleted }: Segment, state: State, diff: RowDiff, keyOf: KeyOf): void {
  const target = state.rows.get(collection)
  if (!target) return
  for (const row of rows) {
    const key = keyOf(collection, row)
    target.set(key, row)
    diff.set(collection, key, row)
  }
  for (const key of deleted) {
    target.delete(key)
    diff.set(collection, key, null)
  }
}
