import { START_OFFSET } from '../../shared/position.ts'
import type { InspectedCollection } from '../../shared/inspection.ts'
import { RowDiff } from '../../shared/row-diff.ts'
import type { Segment } from '../core/segment-directory.ts'
import { SegmentDirectory } from '../core/segment-directory.ts'
import type { Claim } from '../core/claim.ts'
import type { Clock, Store, StoreWrite, WorkingSet } from '../ports.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { Hydrated, KeyOf } from './hydrate.ts'
import type { Ownership } from './ownership.ts'

/** How long changes are gathered before they are stored, ms. */
const FLUSH_DELAY_MS = 150
/** The working set is stored this long after it has changed, ms. */
const WORKING_DELAY_MS = 1000
/** How often a flush is put off while tabs still wait for rows. */
const FLUSH_DEFERRALS = 20

export interface FlushOptions {
  readonly clock: Clock
  readonly ownership: Ownership
  /** Stored with the rows; see `stateFingerprint`. */
  readonly fingerprint: string
  /** The present state, or null while nothing can be stored; called at the start of a flush only. */
  checkpoint(): Checkpoint | null
  /** The working set; null when tabs hold no subsets. Called like {@link checkpoint}. */
  working(): WorkingSet | null
  /** Tabs still wait for rows: a flush can wait a little. */
  isBusy(): boolean
  /** The store to write to; null while this engine must not write. */
  store(): Store | null
  onStored(): void
  /** @param store the store that failed, which may not be the present one any more */
  onFailed(store: Store, error: unknown): void
}

/**
 * What is known of the stored segments.
 *
 * - `unknown` they are not what the directory says, or not of this stream any more: the next commit replaces them all
 * - `read` they are the state that the engine began with; the directory does not know them yet
 * - `known` the directory knows them, and what has changed since is gathered
 */
type Stored = { readonly kind: 'unknown' } | { readonly kind: 'read'; readonly segments: ReadonlyArray<Segment>; readonly keyOf: KeyOf } | { readonly kind: 'known' }

const UNKNOWN: Stored = { kind: 'unknown' }

/** The working set: `stored` unchanged since a commit, `gathering` changed and waiting for a timer, `due` in the next commit. */
type Working = { readonly kind: 'stored' } | { readonly kind: 'gathering'; readonly cancel: () => void } | { readonly kind: 'due' }

/**
 * Stores the engine's state, in batches off the live path. A commit is the difference to what is stored, or the whole state when
 * that is not known; so what is stored is always the fold of a prefix of the stream, with that prefix's offset.
 */
export class Flusher {
  readonly #options: FlushOptions
  readonly #directory = new SegmentDirectory()
  #stored: Stored = UNKNOWN
  /** Changes that are not stored; none while the whole state has to be stored anyway. */
  #changes = new RowDiff()
  #working: Working = { kind: 'stored' }
  #persistedOffset: string | null = null
  #cancelTimer: (() => void) | null = null
  #flushing: Promise<void> = Promise.resolve()

  constructor(options: FlushOptions) {
    this.#options = options
  }

  /** Offset up to which the store has the rows; null when it has none, or another writer's. */
  get persistedOffset(): string | null {
    return this.#persistedOffset
  }

  /** Number of changed rows that are not stored; null while everything has to be stored anew. */
  get unstored(): number | null {
    return this.#stored.kind === 'unknown' ? null : this.#changes.size
  }

  /** What is stored of a collection; null when that is not known. */
  storedOf(name: string): InspectedCollection['stored'] {
    if (this.#stored.kind === 'unknown') return null
    if (this.#stored.kind === 'known') return this.#directory.countOf(name)
    const segments = this.#stored.segments.filter(({ collection }) => collection === name)
    return { segments: segments.length, entries: segments.reduce((sum, { rows, deleted }) => sum + rows.length + deleted.length, 0), live: null }
  }

  /** The engine continues from the state that was read. */
  resume({ checkpoint, segments, keyOf }: Hydrated): void {
    this.#stored = { kind: 'read', segments, keyOf }
    this.#persistedOffset = checkpoint.offset
  }

  /** The stored segments are not known any more: the next commit replaces them. */
  distrust(): void {
    this.#stored = UNKNOWN
    this.#changes.clear()
  }

  /** The stored state is not this engine's any more. */
  disown(): void {
    this.distrust()
    this.#persistedOffset = null
  }

  /** Rows have changed. */
  changed(diff: RowDiff): void {
    if (this.#stored.kind !== 'unknown') this.#changes.fold(diff)
    this.#schedule()
  }

  /** The working set has changed: other subsets, or other rows in them. */
  workingChanged(): void {
    if (this.#working.kind === 'gathering') return
    const cancel = this.#options.clock.after(WORKING_DELAY_MS, () => {
      this.#working = { kind: 'due' }
      void this.#flushRows()
    })
    this.#working = { kind: 'gathering', cancel }
  }

  /** Stores the present state and the working set, if this engine may write. Never rejects. */
  flush(): Promise<void> {
    if (this.#working.kind === 'gathering') {
      this.#working.cancel()
      this.#working = { kind: 'due' }
    }
    return this.#flushRows()
  }

  /** Nothing is stored any more, unless a flush is asked for. */
  stop(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = null
    if (this.#working.kind === 'gathering') this.#working.cancel()
    this.#working = { kind: 'stored' }
  }

  #schedule(): void {
    if (this.#options.store() === null || this.#cancelTimer !== null) return
    const { clock } = this.#options
    let deferrals = 0
    const run = (): void => {
      if (this.#options.isBusy() && deferrals < FLUSH_DEFERRALS) {
        deferrals += 1
        this.#cancelTimer = clock.after(FLUSH_DELAY_MS, run)
        return
      }
      this.#cancelTimer = null
      void this.#flushRows()
    }
    this.#cancelTimer = clock.after(FLUSH_DELAY_MS, run)
  }

  #flushRows(): Promise<void> {
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#flushing = this.#flushing.then(() => this.#flush())
    return this.#flushing
  }

  async #flush(): Promise<void> {
    const { ownership } = this.#options
    const store = this.#options.store()
    if (store === null) return
    try {
      if (ownership.claim === null) {
        await ownership.claimStore(store)
        // Until now a former writer could still commit: what is stored may not be what was read.
        this.distrust()
      }
    } catch (error) {
      this.#options.onFailed(store, error)
      return
    }
    const { claim } = ownership
    if (this.#options.store() !== store || claim === null) return
    const write = this.#plan(claim)
    if (write === null) return
    try {
      await store.commit(write)
    } catch (error) {
      this.#options.onFailed(store, error)
      return
    }
    if (this.#options.store() !== store) return
    this.#persistedOffset = write.meta.offset === START_OFFSET ? null : write.meta.offset
    this.#options.onStored()
    if (this.#directory.needsCleaning || this.#changes.size > 0) this.#schedule()
  }

  /** The next commit; null when everything is stored. Nothing is awaited here: plan, rows and offset are of one moment. */
  #plan(claim: Claim): StoreWrite | null {
    const checkpoint = this.#options.checkpoint()
    if (checkpoint === null) return null
    const { state, offset, anchor, txids, complete } = checkpoint
    if (this.#stored.kind === 'read') {
      // Only at the first flush, because at the start the rows go to the tabs first.
      this.#directory.adopt(this.#stored.segments, this.#stored.keyOf)
      this.#stored = { kind: 'known' }
    }
    const replace = this.#stored.kind === 'unknown'
    // Not in every flush: the working set changes all the time, and may be a second old. A flush of everything removes the stored one.
    const working = complete && (replace || this.#working.kind === 'due') ? this.#options.working() : null
    const isStored = !replace && !this.#directory.needsCleaning && this.#changes.size === 0 && offset === this.#persistedOffset
    if (isStored && working === null) return null
    const plan = replace ? this.#directory.planAll(state) : this.#directory.plan(this.#changes, state)
    this.#changes = new RowDiff()
    this.#stored = { kind: 'known' }
    if (working) {
      if (this.#working.kind === 'gathering') this.#working.cancel()
      this.#working = { kind: 'stored' }
    }
    const meta = {
      ...claim,
      fingerprint: this.#options.fingerprint,
      offset,
      branches: state.lineage.branches,
      marks: state.marks,
      removals: state.removals.stored(),
      complete,
      txids,
      anchor,
    }
    return { meta, ...plan, replace, working, expectedWriter: claim.writer }
  }
}
