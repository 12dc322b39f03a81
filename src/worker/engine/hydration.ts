import { isResultName, RESULT_KEY } from '../../shared/query.ts'
import type { RowData } from '../../shared/row.ts'
import type { CollectionShape } from '../../shared/settings.ts'
import { subsetKey } from '../../shared/subset.ts'
import type { Cache, Checkpoint, Hydrating, StoredPlace } from '../cache/cache.ts'
import { Tail } from '../core/anchor.ts'
import { nextPhase, type EngineEvent, type EnginePhase, type Previews } from '../core/engine-phase.ts'
import type { Subsets } from '../core/subsets/subsets.ts'
import type { Clock, WorkingSet } from '../ports.ts'
import type { TabSession } from '../tabs/tab-session.ts'
import { NO_NEWS, type Members } from './members.ts'
import type { Writes } from '../writes/writes.ts'
import type { Queries } from './queries.ts'
import type { Readings } from './readings.ts'

/** A tab that does not answer holds up the reading of the cache for no longer than this, ms. */
const PREVIEW_LIMIT_MS = 100

export interface HydrationOptions {
  readonly clock: Pick<Clock, 'now'>
  readonly cache: Cache
  readonly collections: ReadonlyArray<CollectionShape>
  readonly readings: Readings
  readonly subsets: Subsets
  readonly queries: Pick<Queries, 'keyOf'>
  readonly members: Members
  readonly writes: Pick<Writes, 'open' | 'read'>
  /** The cache has been read. @param checkpoint null when the cache cannot be used */
  readonly onHydrated: (checkpoint: Checkpoint | null) => void
}

/** Sends the stored rows to the tabs, before the stream is read. It also holds the engine's phase, which depends on that. */
export class Hydration {
  readonly #options: HydrationOptions
  #phase: EnginePhase = { kind: 'idle' }
  #place: StoredPlace | null = null
  /** Stored results: their queries run when the state is there, which is late for a tab that has asked meanwhile. */
  #results: Previews = new Map()
  /** The cache was cleared: none of its rows may be shown any more, also after `reconnect()`. */
  #isCleared = false

  /** Until when tabs that are being shown stored rows are waited for. */
  #previewLimit = 0

  constructor(options: HydrationOptions) {
    this.#options = options
  }

  /** A method, because TypeScript would narrow the phase and not see that it changes during an `await`. */
  is(...kinds: EnginePhase['kind'][]): boolean {
    return kinds.includes(this.#phase.kind)
  }

  transition(event: EngineEvent): void {
    this.#phase = nextPhase(this.#phase, event)
  }

  /** Where the state ends that is being read; null when nothing is read, or that is not known. */
  get place(): StoredPlace | null {
    return this.#place
  }

  /**
   * Reads the cache. Never rejects.
   * @param onPlace it is known where the stream is to be read: the request need not wait for the rows
   */
  async run(onPlace: () => void): Promise<void> {
    this.transition({ kind: 'start' })
    const { cache, writes, members } = this.#options
    // The pending writes are laid over the first rows that tabs see.
    const checkpoint = await cache.hydrate({
      onEmpty: onPlace,
      onPlace: (place) => {
        if (this.is('closed') || this.#isCleared) return
        this.#place = place
        onPlace()
      },
      ready: () => writes.open(),
      onRows: (rows) => {
        if (!this.is('closed') && !this.#isCleared) this.#onRows(rows)
      },
      onPreview: (working) => {
        if (!this.is('closed') && !this.#isCleared) this.#onWorkingSet(working)
      },
      isPreviewing: () => this.#options.clock.now() < this.#previewLimit && !this.is('closed') && [...members.started()].some(({ owesPreview }) => owesPreview),
    })
    this.#place = null
    if (!this.is('closed')) this.#onHydrated(this.#isCleared ? null : checkpoint)
  }

  /** Shows a tab the stored rows of its subsets, while the state is still being read, and of its results, until they are forgotten. */
  showPreviews(session: TabSession): void {
    this.#previewLimit = this.#options.clock.now() + PREVIEW_LIMIT_MS
    const phase = this.#phase
    const subsets = phase.kind === 'hydrating' ? phase.previews : null
    if (subsets) session.preview((subset) => subsets.get(subsetKey(subset)) ?? null)
    if (this.#results.size > 0) session.previewResults((subset) => this.#results.get(this.#options.queries.keyOf(subset) ?? '') ?? null)
  }

  cleared(): void {
    this.#isCleared = true
    this.forgetResults()
  }

  /** Stored results are too old to be shown to a tab that asks from now on. */
  forgetResults(): void {
    this.#results = new Map()
  }

  /** Sends the working set before the segments are read. */
  #onWorkingSet(working: WorkingSet): void {
    const { collections, members } = this.#options
    const primaryKeys = new Map(collections.map(({ name, primaryKey }) => [name, primaryKey]))
    const previews = new Map(
      working.map(({ key, collection, rows, edge, whole }) => {
        const primaryKey = isResultName(collection) ? RESULT_KEY : (primaryKeys.get(collection) ?? '')
        return [key, { rows: rows.flatMap((row) => this.#previewOf(collection, String(row[primaryKey]), row)), edge, whole }]
      }),
    )
    this.transition({ kind: 'previews', previews })
    const names = new Set(working.filter(({ collection }) => isResultName(collection)).map(({ key }) => key))
    this.#results = new Map([...previews].filter(([key]) => names.has(key)))
    for (const session of members.started()) this.showPreviews(session)
  }

  #previewOf(collection: string, key: string, row: RowData): Array<readonly [string, RowData]> {
    // A result is shown as it was.
    if (isResultName(collection)) return [[key, row]]
    const shown = this.#options.readings.overlay.over(collection, key, row)
    return shown ? [[key, shown]] : []
  }

  /** Sends rows while more rows are being read. */
  #onRows({ state, diff }: Hydrating): void {
    const { readings, members } = this.#options
    if (this.is('flowing')) {
      members.publish({ ...NO_NEWS, diff: readings.grown(diff) }, false)
      return
    }
    this.transition({ kind: 'rows' })
    readings.show({ ...readings.shown, state })
    members.openAll()
  }

  #onHydrated(checkpoint: Checkpoint | null): void {
    const { readings, members, writes, onHydrated } = this.#options
    const hasFlowed = this.is('flowing')
    this.transition({ kind: 'hydrated' })
    if (checkpoint) {
      const { state, offset, anchor, txids } = checkpoint
      readings.show({ state, offset, tail: Tail.stored(anchor), txids })
    } else if (hasFlowed && !this.#isCleared) {
      // The cache turned out to be unusable, and so are the rows sent so far.
      readings.showNone()
      this.forgetResults()
      members.invalidateAll()
    }
    const { diff } = writes.read(readings.shown.txids, readings.shown.offset, true, false)
    onHydrated(checkpoint)
    if (hasFlowed) members.publish({ ...NO_NEWS, diff, txids: readings.shown.txids }, false)
    else members.openAll()
  }
}
