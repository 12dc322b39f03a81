import { toErrorData, type ErrorData } from '../../shared/errors.ts'
import { CACHE_FORMAT, cacheName, shownUrl, stateFingerprint } from '../../shared/names.ts'
import { START_OFFSET } from '../../shared/position.ts'
import type { StreamSettings } from '../../shared/settings.ts'
import { RowDiff } from '../../shared/row-diff.ts'
import type { RowData } from '../../shared/row.ts'
import type { StorageMode } from '../../shared/status.ts'
import type { Anchor } from '../core/anchor.ts'
import { Lineage } from '../core/lineage.ts'
import { emptyState, type State } from '../core/materialize.ts'
import { Removals } from '../core/removals.ts'
import { SegmentDirectory, type Segment } from '../core/segment-directory.ts'
import { type Channel, ClearedCacheError, type EngineEnv, type Fate, type Lock, LostCacheError, type Store, UnreadableCacheError, type WorkingSet } from '../ports.ts'
import { collectCaches } from './collect.ts'
import { CLEARED, CLEARED_UNNOTED, clearedChannel, doomedCache, erase, storageRetryMs } from './erase.ts'

/** How long changes are gathered before they are stored, ms. */
const FLUSH_DELAY_MS = 150
/** What tabs look at is stored this long after it has changed, ms. */
const WORKING_DELAY_MS = 1000
/** A flush steps back this often for tabs that still wait for rows. */
const FLUSH_DEFERRALS = 20
/** Attempts are spaced as if this many had failed already: 4 to 8 s, then longer. */
const STORAGE_RETRY_HEAD_START = 4
/** That a cache is in use is noted again this long after it was, ms. */
const TOUCH_AGAIN_MS = 12 * 60 * 60 * 1000
/** Caches that nobody needs are looked for once an engine has run for so long, ms. */
const COLLECT_DELAY_MS = 10_000

/** The engine's state at the end of a batch, which is all that is ever stored. */
export interface Checkpoint {
  readonly state: State
  readonly offset: string
  readonly anchor: Anchor | null
  readonly txids: ReadonlyArray<string>
  readonly complete: boolean
}

/** Rows that were just read, and the state with all that have been read so far. */
export interface Hydrating {
  readonly state: State
  readonly diff: RowDiff
}

export interface CacheReport {
  readonly storage: StorageMode
  readonly persistedOffset: string | null
  readonly error: ErrorData | null
}

export interface CacheOptions {
  readonly env: EngineEnv
  readonly settings: StreamSettings
  readonly validated: boolean
  readonly transformed: boolean
  /** The present state; called at the start of a flush only. */
  checkpoint(): Checkpoint
  /** What tabs look at; null when that is nothing. Called like {@link checkpoint}. */
  working(): WorkingSet | null
  /** Rows are still being sent: writing them down can wait a little. */
  isBusy(): boolean
  onReport(report: CacheReport): void
  /** Another engine has cleared the cache. */
  onCleared(): void
}

/**
 * Keeps the stored copy of the engine's state: hydrates from it, flushes changes in batches off the live path, and
 * survives the store's failures by going on in memory. What is stored is always the fold of a prefix of the stream, with
 * that prefix's offset.
 *
 * At most one cache writes: it holds the lock of the cache's name, and every commit is fenced by the writer's token.
 */
export class Cache {
  readonly #options: CacheOptions
  readonly #env: EngineEnv
  readonly #name: string
  readonly #fingerprint: string
  readonly #writer: string
  readonly #closed = new AbortController()
  #store: Store | null = null
  #lock: Lock | null = null
  /** The lock is waited for. */
  #isQueued = false
  /** When the lock was granted. */
  #since = 0
  #directory = new SegmentDirectory()
  /** Makes the directory know the stored segments; null once it does. */
  #adopt: (() => void) | null = null
  #dirty = new RowDiff()
  /** The stored segments are not what the directory says, or not of this stream any more. */
  #rewrite = true
  /** The writer that the next commit has to find; null when the cache has to be claimed first. */
  #expectedWriter: string | null = null
  #storage: StorageMode = 'opening'
  #persistedOffset: string | null = null
  #cancelTimer: (() => void) | null = null
  /** What tabs look at has changed since it was stored. */
  #isWorkingDirty = false
  #cancelWorking: (() => void) | null = null
  #cancelRetry: (() => void) | undefined
  #flushing: Promise<void> = Promise.resolve()
  #failures = 0
  /** The cache was cleared since this engine began: it stores nothing any more. */
  #cleared = false
  #channel: Channel | null = null
  /** By the wall clock, ms; what was cleared before then is no concern of this engine's. */
  readonly #beganAt: number
  #touchedAt = Number.NEGATIVE_INFINITY
  #cancelCollect: (() => void) | undefined

  constructor(options: CacheOptions) {
    this.#options = options
    this.#env = options.env
    this.#name = cacheName(options.settings.url, options.settings.scope)
    this.#fingerprint = stateFingerprint(options.settings, options.validated, options.transformed)
    this.#writer = options.env.newId()
    this.#beganAt = options.env.wallNow()
  }

  /**
   * Opens the store and reads it.
   * @param onRows called with rows as they are read, when they are worth showing; the result tells whether they hold
   * @param onPreview called before that with what tabs were looking at, under the same condition
   * @returns what is stored, when it is of use; never rejects
   */
  async hydrate(onRows: (rows: Hydrating) => void, onPreview: (working: WorkingSet) => void): Promise<Checkpoint | null> {
    const { settings } = this.#options
    if (settings.cache === null || this.#cleared) {
      this.#report('memory')
      return null
    }
    this.#channel = this.#env.openChannel(clearedChannel(this.#name), (message) => {
      if (message === CLEARED || message === CLEARED_UNNOTED) void this.#onWord(message === CLEARED)
    })
    let checkpoint: Checkpoint | null = null
    try {
      this.#hold(await this.#env.locks.take(this.#name))
      const store = await this.#openUncleared(settings.cache.durability)
      if (!store) return null
      this.#store = store
      if (this.#lock) {
        // A full disk can be read all the same; the claim is made up for before anything is written.
        await this.#claim(store).catch((error: unknown) => {
          if (error instanceof LostCacheError) throw error
        })
      }
      checkpoint = await this.#read(store, onRows, onPreview).catch((error: unknown) => {
        // As good as nothing: the stream has it all.
        if (error instanceof UnreadableCacheError) return null
        throw error
      })
    } catch (error) {
      if (this.#closed.signal.aborted) return null
      this.#fail(error)
      return null
    }
    if (this.#closed.signal.aborted || this.#cleared) return checkpoint
    this.#touch()
    this.#cancelCollect = this.#env.clock.after(COLLECT_DELAY_MS, () => {
      const { url, scope } = settings
      void collectCaches(this.#env, { url, scope, keepMs: this.#keepMs })
    })
    if (this.#lock) {
      this.#report('indexeddb')
    } else {
      this.#report('read-only')
      void this.#succeed()
    }
    return checkpoint
  }

  /** Rows have changed. */
  changed(diff: RowDiff): void {
    if (this.#storage === 'memory' && this.#store === null && this.#failures === 0) return
    if (!this.#rewrite) this.#dirty.fold(diff)
    this.#schedule()
  }

  /** Tabs look at something else, or at other rows of it. */
  workingChanged(): void {
    this.#isWorkingDirty = true
    this.#cancelWorking ??= this.#env.clock.after(WORKING_DELAY_MS, () => {
      this.#cancelWorking = null
      void this.flush()
    })
  }

  /** The state was replaced, or dropped: what is stored is wrong, and goes at once. */
  async replaced(): Promise<void> {
    this.#rewrite = true
    this.#dirty.clear()
    await this.flush()
  }

  /** Stores the present state, as far as storage is to be had. Never rejects. */
  flush(): Promise<void> {
    this.#cancelWorking?.()
    this.#cancelWorking = null
    return this.#flushRows()
  }

  #flushRows(): Promise<void> {
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#flushing = this.#flushing.then(() => this.#flush())
    return this.#flushing
  }

  /**
   * Removes the stored state; this engine stores nothing any more. What can't be removed now is tried again for as long as
   * the worker lives.
   * @throws SidestreamError `STORAGE_FAILED`, retryable
   */
  async clear(): Promise<void> {
    const { url, scope } = this.#options.settings
    this.#stop()
    await erase(this.#env, doomedCache(this.#env, url, scope))
  }

  /** The cache was cleared: nothing of it is held or written any more. */
  #stop(): void {
    this.#cleared = true
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#cancelWorking?.()
    this.#cancelRetry?.()
    // A transaction under way ends before the deletion that is to come, which waits for this connection.
    this.#store?.close()
    this.#store = null
    this.#dirty.clear()
    this.#persistedOffset = null
    this.#report('memory')
    this.#release()
  }

  /** Another engine says that it has cleared the cache. Anybody may say so: where the registry was told, it has to know. */
  async #onWord(isNoted: boolean): Promise<void> {
    const fate = isNoted ? await this.#fate() : null
    if (fate === null || this.#isClearedBy(fate)) this.#onCleared()
  }

  /** Another engine has cleared the cache. */
  #onCleared(): void {
    if (this.#cleared || this.#closed.signal.aborted) return
    // What this engine has stored since, because it could not know: nobody else writes while it has the lock.
    const written = this.#lock ? this.#store : null
    this.#stop()
    written?.clear().catch(() => undefined)
    this.#options.onCleared()
  }

  #isClearedBy({ clearedAt }: Fate): boolean {
    return clearedAt !== null && clearedAt > this.#beganAt
  }

  /** What has become of the cache; null when that can't be known. */
  #fate(): Promise<Fate | null> {
    return this.#env.registry.fate(this.#name).catch(() => null)
  }

  get #keepMs(): number | null {
    return this.#options.settings.cache?.keepUnusedMs ?? null
  }

  /** Notes that the cache is in use. Nothing depends on it. */
  #touch(): void {
    const { url, scope } = this.#options.settings
    const usedAt = this.#env.wallNow()
    if (Math.abs(usedAt - this.#touchedAt) < TOUCH_AGAIN_MS) return
    this.#touchedAt = usedAt
    this.#env.registry.touch({ name: this.#name, url: shownUrl(url), scope, format: CACHE_FORMAT, usedAt, keepMs: this.#keepMs }).catch(() => undefined)
  }

  /** Flushes what there is, then lets go of everything. */
  async close(): Promise<void> {
    await this.flush()
    this.abandon()
  }

  /** Lets go of everything as it is: somebody else writes here now. */
  abandon(): void {
    this.#closed.abort()
    this.#cancelTimer?.()
    this.#cancelWorking?.()
    this.#cancelRetry?.()
    this.#cancelCollect?.()
    this.#store?.close()
    this.#store = null
    this.#channel?.close()
    this.#channel = null
    this.#release()
  }

  async #read(store: Store, onRows: (rows: Hydrating) => void, onPreview: (working: WorkingSet) => void): Promise<Checkpoint | null> {
    const { collections } = this.#options.settings
    const primaryKeys = new Map(collections.map(({ name, primaryKey }) => [name, primaryKey]))
    const keyOf = (collection: string, row: RowData): string => String(row[primaryKeys.get(collection) ?? ''])
    let state = emptyState(collections, '')
    const taken: Segment[] = []
    let complete = false
    const meta = await store.read({
      accept: (stored) => {
        complete = stored.complete
        const { branches, marks, removals } = stored
        const branch = { id: this.#env.newId(), seq: marks.seq, digest: marks.digest }
        state = { ...state, lineage: new Lineage([...branches, branch]), removals: new Removals(removals), marks }
        return stored.fingerprint === this.#fingerprint && stored.offset !== START_OFFSET
      },
      preview: (working) => {
        if (complete) onPreview(working)
      },
      take: (segments) => {
        const diff = new RowDiff()
        for (const segment of segments) {
          taken.push(segment)
          restore(segment, state, diff, keyOf)
        }
        if (complete) onRows({ state, diff })
      },
    })
    if (meta === null) return null
    // Not needed before the first flush, and the rows are.
    this.#adopt = () => {
      this.#directory.adopt(taken, keyOf)
    }
    this.#rewrite = false
    this.#persistedOffset = meta.offset
    return { state, offset: meta.offset, anchor: meta.anchor, txids: meta.txids, complete }
  }

  /** Shuts out a former writer that does not know yet that it is one. */
  async #claim(store: Store): Promise<void> {
    await store.claim({ writer: this.#writer, since: this.#since }, this.#env.clock.now())
    this.#expectedWriter = this.#writer
  }

  /**
   * Opens the store, and then asks whether the cache was cleared meanwhile: the registry hears of that before the store is
   * deleted, so whoever opens it afterwards knows, and whoever has it open is told by the deletion.
   * @returns null when nothing is to be stored any more
   */
  async #openUncleared(durability: 'relaxed' | 'strict'): Promise<Store | null> {
    let store = await this.#openStore(durability)
    const fate = await this.#fate()
    if (this.#closed.signal.aborted || this.#cleared) {
      store.close()
      return null
    }
    if (fate && this.#isClearedBy(fate)) {
      // The empty database that was just made has a scope in its name.
      if (this.#lock) await store.clear().catch(() => undefined)
      store.close()
      this.#onCleared()
      return null
    }
    if (fate?.doomed) {
      // It was to be removed before this engine began, and could not be.
      await store.clear()
      await this.#env.registry.drop(this.#name).catch(() => undefined)
      store = await this.#openStore(durability)
      if (this.#closed.signal.aborted || this.#cleared) {
        store.close()
        return null
      }
    }
    return store
  }

  async #openStore(durability: 'relaxed' | 'strict'): Promise<Store> {
    const store = await this.#env.openStore(this.#name, durability)
    void store.lost.then((reason) => {
      if (this.#store === store) this.#fail(reason)
    })
    return store
  }

  #schedule(): void {
    if (this.#storage !== 'indexeddb' || this.#cancelTimer !== null) return
    let deferrals = 0
    const run = (): void => {
      if (this.#options.isBusy() && deferrals < FLUSH_DEFERRALS) {
        deferrals += 1
        this.#cancelTimer = this.#env.clock.after(FLUSH_DELAY_MS, run)
        return
      }
      this.#cancelTimer = null
      void this.#flushRows()
    }
    this.#cancelTimer = this.#env.clock.after(FLUSH_DELAY_MS, run)
  }

  async #flush(): Promise<void> {
    const store = this.#store
    if (store === null || this.#storage !== 'indexeddb') return
    try {
      if (this.#expectedWriter === null) {
        await this.#claim(store)
        // Until now a former writer could still commit: what is stored may not be what was read.
        this.#rewrite = true
      }
    } catch (error) {
      if (this.#store === store) this.#fail(error)
      return
    }
    if (this.#store !== store) return
    const { state, offset, anchor, txids, complete } = this.#options.checkpoint()
    this.#adopt?.()
    this.#adopt = null
    const cleaning = this.#directory.needsCleaning
    // Not with every flush: rows that are looked at change all the time, and a second's age does not matter.
    const working = complete && this.#isWorkingDirty && this.#cancelWorking === null ? this.#options.working() : null
    if (!this.#rewrite && !cleaning && working === null && offset === this.#persistedOffset && this.#dirty.size === 0) return
    // From here to the commit nothing is awaited: plan, rows and offset are of one moment.
    const replace = this.#rewrite
    const plan = replace ? this.#directory.planAll(state) : this.#directory.plan(this.#dirty, state)
    this.#dirty = new RowDiff()
    this.#rewrite = false
    if (working) this.#isWorkingDirty = false
    const meta = {
      writer: this.#writer,
      since: this.#since,
      fingerprint: this.#fingerprint,
      offset,
      branches: state.lineage.branches,
      marks: state.marks,
      removals: state.removals.stored(),
      complete,
      txids,
      anchor,
    }
    try {
      await store.commit({ meta, ...plan, replace, working, expectedWriter: this.#expectedWriter })
    } catch (error) {
      this.#rewrite = true
      if (this.#store === store) this.#fail(error)
      return
    }
    this.#failures = 0
    this.#expectedWriter = this.#writer
    if (this.#store !== store) return
    this.#persistedOffset = offset === START_OFFSET ? null : offset
    this.#report('indexeddb')
    this.#touch()
    if (this.#directory.needsCleaning || this.#dirty.size > 0) this.#schedule()
  }

  /** The store failed: goes on in memory and, unless somebody else has the cache, tries again later with a new handle. */
  #fail(error: unknown): void {
    this.#store?.close()
    this.#store = null
    this.#failures += 1
    this.#rewrite = true
    this.#expectedWriter = null
    this.#dirty.clear()
    if (error instanceof LostCacheError) this.#persistedOffset = null
    this.#report('memory', { ...toErrorData(error, 'STORAGE_FAILED'), code: 'STORAGE_FAILED' })
    if (this.#closed.signal.aborted || this.#cleared) {
      this.#release()
      return
    }
    if (error instanceof ClearedCacheError) {
      void this.#onDeleted()
      return
    }
    if (error instanceof LostCacheError && !(this.#lock && this.#env.locks.areReal)) {
      // Whoever has it now is another one; without locks, one of the two has to give in for good.
      this.#release()
      if (this.#env.locks.areReal) void this.#succeed()
      return
    }
    // With the lock in hand, a writer that has shut this one out was a former one, waking up.
    this.#retryLater()
  }

  #retryLater(): void {
    this.#cancelRetry?.()
    this.#cancelRetry = this.#env.clock.after(storageRetryMs(this.#failures + STORAGE_RETRY_HEAD_START, this.#env.random()), () => {
      void this.#reopen()
    })
  }

  /** The database was deleted under this engine: by whoever cleared it, or by somebody who only needed the room. */
  async #onDeleted(): Promise<void> {
    const fate = await this.#fate()
    if (fate && this.#isClearedBy(fate)) this.#onCleared()
    else if (this.#closed.signal.aborted || this.#cleared) return
    else if (fate) this.#retryLater()
    // Nobody can tell: nothing is stored any more, to be safe.
    else this.#release()
  }

  async #reopen(): Promise<void> {
    const { cache } = this.#options.settings
    if (cache === null || this.#cleared || this.#closed.signal.aborted) return
    try {
      if (!this.#lock) this.#hold(await this.#env.locks.take(this.#name))
      else this.#since = this.#env.clock.now()
      if (!this.#lock) {
        void this.#succeed()
        return
      }
      const store = await this.#openUncleared(cache.durability)
      if (!store) return
      this.#store = store
      // Not reported before a commit has succeeded: `storage` does not blink while the disk stays full.
      this.#storage = 'indexeddb'
      await this.flush()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Waits for the present writer to go, then takes the cache over. */
  async #succeed(): Promise<void> {
    if (this.#isQueued) return
    this.#isQueued = true
    try {
      this.#hold(await this.#env.locks.wait(this.#name, this.#closed.signal))
    } catch {
      return
    } finally {
      this.#isQueued = false
    }
    if (this.#cleared) {
      this.#release()
      return
    }
    this.#rewrite = true
    if (this.#store === null) {
      await this.#reopen()
      return
    }
    this.#expectedWriter = null
    this.#report('indexeddb')
    await this.flush()
  }

  #hold(lock: Lock | null): void {
    // One that is held already is kept: the other one was asked for while this one was still waited for.
    if (this.#closed.signal.aborted || this.#cleared || this.#lock) {
      lock?.release()
      return
    }
    this.#lock = lock
    this.#since = this.#env.clock.now()
    // Whoever took it from us has found us frozen, and has read what we had stored.
    void lock?.lost.then(() => {
      if (this.#lock !== lock) return
      this.#lock = null
      this.#fail(new LostCacheError('another tab has taken the cache over'))
    })
  }

  #release(): void {
    this.#lock?.release()
    this.#lock = null
  }

  #report(storage: StorageMode, error: ErrorData | null = null): void {
    this.#storage = storage
    this.#options.onReport({ storage, persistedOffset: this.#persistedOffset, error })
  }
}

function restore({ collection, rows, deleted }: Segment, state: State, diff: RowDiff, keyOf: (collection: string, row: RowData) => string): void {
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
