import { toErrorData, type ErrorData } from '../../shared/errors.ts'
import { cacheName, outboxOf, stateFingerprint } from '../../shared/names.ts'
import type { InspectedCollection } from '../../shared/inspection.ts'
import type { RowDiff } from '../../shared/row-diff.ts'
import type { StreamSettings } from '../../shared/settings.ts'
import type { StorageMode } from '../../shared/status.ts'
import { isOpenPhase, nextCachePhase, STORAGE_MODES, type CacheEvent, type CachePhase, type OpenPhase } from '../core/cache-phase.ts'
import { type EngineEnv, LostCacheError, type Store, type WorkingSet } from '../ports.ts'
import type { Checkpoint } from './checkpoint.ts'
import { doomedCache, erase } from './erase.ts'
import { failureEvent, reopenMs } from './failure.ts'
import { Flusher } from './flush.ts'
import { type Hydrated, type Hydrating, readStored, type StoredPlace } from './hydrate.ts'
import { Ownership } from './ownership.ts'
import { Registration } from './registration.ts'

export type { Checkpoint, Hydrating, StoredPlace }

/** What is told while the cache is opened and read. */
export interface HydrateHooks {
  /** Nothing is stored, or nothing can be read: the stream need not wait. May be called before {@link ready}, and only then. */
  readonly onEmpty: () => void
  /** The stored state ends here, as far as that is known before its rows are read. Called once at most, before {@link onPreview}. */
  readonly onPlace: (place: StoredPlace) => void
  /** Called once, when the cache is known not to be one that was cleared. Nothing is read before it settles. */
  readonly ready: () => Promise<void>
  /** Rows, as they are read, if the cache is complete; when the cache cannot be used in the end, they are not valid. */
  readonly onRows: (rows: Hydrating) => void
  /** The working set, before {@link onRows}, under the same condition. */
  readonly onPreview: (working: WorkingSet) => void
  /** As in a store's reader. */
  readonly isPreviewing: () => boolean
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
  /** The present state, or null while nothing can be stored; called at the start of a flush only. */
  checkpoint(): Checkpoint | null
  /** The working set; null when tabs hold no subsets. Called like {@link checkpoint}. */
  working(): WorkingSet | null
  /** Tabs still wait for rows: a flush can wait a little. */
  isBusy(): boolean
  onReport(report: CacheReport): void
  /** Another engine has cleared the cache. */
  onCleared(): void
}

/** See {@link CachePhase}. A phase holds what has to be given back when it ends: the open store, or the retry timer. */
type Phase =
  | { readonly kind: OpenPhase; readonly store: Store }
  | { readonly kind: 'backing-off'; readonly cancel: () => void }
  | { readonly kind: Exclude<CachePhase, OpenPhase | 'backing-off'> }

/**
 * The stored copy of the engine's state, from its opening to its end. It survives the store's failures by going on in memory.
 *
 * At most one cache writes ({@link Ownership}); it stores prefixes of the stream ({@link Flusher}). An answer that comes after
 * its phase has ended has no effect; a store that it has opened is closed.
 */
export class Cache {
  readonly #options: CacheOptions
  readonly #env: EngineEnv
  readonly #name: string
  readonly #fingerprint: string
  readonly #ownership: Ownership
  readonly #flusher: Flusher
  readonly #registration: Registration
  #phase: Phase = { kind: 'opening' }
  /** Failures since the last commit. */
  #failures = 0

  constructor(options: CacheOptions) {
    const { env, settings } = options
    this.#options = options
    this.#env = env
    this.#name = cacheName(settings.url, settings.scope)
    this.#fingerprint = stateFingerprint(settings, options.validated, options.transformed)
    this.#ownership = new Ownership({
      clock: env.clock,
      locks: env.locks,
      name: this.#name,
      writer: env.newId(),
      onGranted: () => {
        this.#onGranted()
      },
      onLockStolen: () => {
        if (!this.#is('opening')) this.#fail(new LostCacheError('another tab has taken the cache over'))
      },
    })
    this.#flusher = new Flusher({
      clock: env.clock,
      ownership: this.#ownership,
      fingerprint: this.#fingerprint,
      checkpoint: () => options.checkpoint(),
      working: () => options.working(),
      isBusy: () => options.isBusy(),
      store: () => (this.#phase.kind === 'writing' ? this.#phase.store : null),
      onStored: () => {
        this.#failures = 0
        this.#report()
        this.#registration.touch()
      },
      onFailed: (store, error) => {
        if (this.#store === store) this.#fail(error)
      },
    })
    this.#registration = new Registration({
      env,
      settings,
      name: this.#name,
      onCleared: () => {
        this.wasCleared()
      },
    })
  }

  /**
   * Opens the store and reads it.
   * @returns the stored state; null when it cannot be used. Never rejects
   */
  async hydrate(hooks: HydrateHooks): Promise<Checkpoint | null> {
    if (this.#options.settings.cache === null) this.#transition('give-up')
    if (!this.#is('opening')) {
      if (!this.#is('closed')) this.#report()
      hooks.onEmpty()
      await hooks.ready()
      return null
    }
    this.#registration.listen()
    const hydrated = await this.#hydrate(hooks)
    if (!this.#is('reading')) return hydrated?.checkpoint ?? null
    this.#registration.touch()
    this.#registration.collectLater()
    if (hydrated) this.#flusher.resume(hydrated)
    this.#transition(this.#ownership.isHeld ? 'granted' : 'occupied')
    this.#report()
    return hydrated?.checkpoint ?? null
  }

  async #hydrate({ ready, onEmpty, ...hooks }: HydrateHooks): Promise<Hydrated | null> {
    const { collections } = this.#options.settings
    const opened = await this.#openFirst(onEmpty)
    if (this.#is('closed', 'cleared')) return null
    const [store] = await Promise.all([opened && this.#claimFirst(opened), ready()])
    if (store === null || !this.#is('reading')) return null
    try {
      return await readStored(store, { collections, fingerprint: this.#fingerprint, newId: () => this.#env.newId(), ...hooks })
    } catch (error) {
      if (this.#is('reading')) this.#fail(error)
      return null
    }
  }

  /** Opens the store for the first time. @returns null when there is none; never rejects */
  async #openFirst(onEmpty: () => void): Promise<Store | null> {
    try {
      await this.#ownership.take()
      return this.#is('opening') ? await this.#open(onEmpty) : null
    } catch (error) {
      if (this.#is('opening', 'reading')) this.#fail(error)
      return null
    }
  }

  /** A full disk can still be read: the first flush repeats a claim that has failed. @returns null when the store is another engine's now */
  async #claimFirst(store: Store): Promise<Store | null> {
    try {
      await this.#ownership.claimStore(store)
    } catch (error) {
      if (error instanceof LostCacheError) {
        if (this.#is('opening', 'reading')) this.#fail(error)
        return null
      }
    }
    return store
  }

  /** See {@link Flusher.unstored}; null while this engine does not write. */
  get unstored(): number | null {
    return this.#is('writing') ? this.#flusher.unstored : null
  }

  /** See {@link Flusher.storedOf}; null while this engine does not write. */
  storedOf(collection: string): InspectedCollection['stored'] {
    return this.#is('writing') ? this.#flusher.storedOf(collection) : null
  }

  /** Rows have changed. */
  changed(diff: RowDiff): void {
    this.#flusher.changed(diff)
  }

  /** The working set has changed: other subsets, or other rows in them. */
  workingChanged(): void {
    this.#flusher.workingChanged()
  }

  /** The state was replaced or dropped: the stored state is wrong, and is replaced at once. */
  async replaced(): Promise<void> {
    this.#flusher.disown()
    // After a failure, storage is reported with the next commit.
    if (this.#failures === 0) this.#report()
    await this.#flusher.flush()
  }

  /** Stores the present state, if storage is available. Never rejects. */
  flush(): Promise<void> {
    return this.#flusher.flush()
  }

  /**
   * Removes the stored state; this engine stores nothing any more. A removal that fails is tried again for as long as the
   * worker lives.
   * @throws SidestreamError `STORAGE_FAILED`, retryable
   */
  async clear(): Promise<void> {
    const { url, scope } = this.#options.settings
    this.#forget()
    await erase(this.#env, doomedCache(this.#env, url, scope))
  }

  /** Stores the present state, then ends the cache. */
  async close(): Promise<void> {
    await this.flush()
    this.abandon()
  }

  /** Ends the cache without a flush, for example because another engine writes it now. */
  abandon(): void {
    this.#flusher.stop()
    this.#transition('close')
    this.#registration.close()
  }

  get #store(): Store | null {
    return 'store' in this.#phase ? this.#phase.store : null
  }

  #is(...kinds: CachePhase[]): boolean {
    return kinds.includes(this.#phase.kind)
  }

  /** Ends the present phase and begins the next one, if the event leads to another phase. */
  #transition(event: CacheEvent, opened: Store | null = null): boolean {
    const before = this.#phase
    const store = opened ?? this.#store
    const kind = nextCachePhase(before.kind, event)
    if (kind === before.kind) return false
    // The table leads to an open phase by `opened`, or from another open phase.
    if (isOpenPhase(kind)) this.#phase = { kind, store: store! }
    else this.#phase = kind === 'backing-off' ? { kind, cancel: this.#retryLater() } : { kind }
    if (before.kind === 'backing-off') before.cancel()
    // A transaction under way ends before the deletion of a cleared cache, which waits for this connection.
    if (!isOpenPhase(kind)) store?.close()
    this.#begin(this.#phase)
    return true
  }

  #begin(phase: Phase): void {
    switch (phase.kind) {
      case 'read-only':
        void this.#ownership.wait()
        break
      case 'displaced':
        this.#ownership.release()
        void this.#ownership.wait()
        break
      case 'deleted':
        void this.#askWhyDeleted(phase)
        break
      case 'reopening':
        void this.#reopen(phase)
        break
      case 'memory':
      case 'cleared':
      case 'closed':
        this.#ownership.end()
        break
      default:
        break
    }
  }

  /**
   * Opens the store, then asks the registry whether the cache was cleared. A clear is noted there before the store is deleted: an
   * engine that opens the store after the deletion reads the note, and an engine that has the store open notices the deletion.
   * @param onEmpty the cache has just been made
   * @returns the store that is held now; null when the phase has ended meanwhile
   */
  async #open(onEmpty: () => void = () => undefined): Promise<Store | null> {
    const phase = this.#phase
    let store = await this.#openStore()
    if (store.isNew && this.#phase === phase) onEmpty()
    const verdict = await this.#registration.verdict()
    if (this.#phase === phase && verdict === 'cleared') {
      // Opening has made an empty database with the scope in its name: it is deleted.
      if (this.#ownership.isHeld) await store.clear().catch(() => undefined)
      this.wasCleared()
    } else if (this.#phase === phase && verdict === 'doomed') {
      // The cache was cleared before this engine began, and that deletion has failed: it is deleted now. The note goes before anything is
      // stored: an engine that found the note later would delete that too.
      await store.clear()
      await this.#env.deleteStore(outboxOf(this.#name))
      await this.#registration.redeem()
      store = await this.#openStore()
    }
    if (this.#phase === phase) {
      this.#transition('opened', store)
      return store
    }
    store.close()
    return null
  }

  async #openStore(): Promise<Store> {
    const store = await this.#env.openStore(this.#name, this.#options.settings.cache?.durability ?? 'relaxed')
    void store.lost.then((reason) => {
      if (this.#store === store) this.#fail(reason)
    })
    return store
  }

  /** Storage failed: the engine goes on in memory and, unless another engine has the cache, tries again later. */
  #fail(error: unknown): void {
    this.#failures += 1
    if (error instanceof LostCacheError) this.#flusher.disown()
    else this.#flusher.distrust()
    this.#ownership.forgetClaim()
    this.#transition(failureEvent(error, this.#ownership.isHeld, this.#env.locks.areReal))
    this.#report({ ...toErrorData(error, 'STORAGE_FAILED'), code: 'STORAGE_FAILED' })
  }

  #retryLater(): () => void {
    return this.#env.clock.after(reopenMs(this.#failures, this.#env.random()), () => {
      this.#transition('retry')
    })
  }

  async #reopen(phase: Phase): Promise<void> {
    try {
      if (this.#ownership.isHeld) this.#ownership.renew()
      else await this.#ownership.take()
      if (this.#phase !== phase) return
      if (this.#ownership.isHeld) await this.#open()
      else this.#transition('occupied')
    } catch (error) {
      if (this.#phase === phase) this.#fail(error)
      return
    }
    // Reported only after a successful commit, so that `storage` does not change back and forth while the disk is full.
    await this.#flusher.flush()
  }

  /** The former writer has gone. */
  #onGranted(): void {
    this.#transition('granted')
    if (!this.#is('writing')) return
    this.#report()
    void this.#flusher.flush()
  }

  /** The open database was deleted: by another engine that cleared the cache, or by the browser, which needed the space. */
  async #askWhyDeleted(phase: Phase): Promise<void> {
    const verdict = await this.#registration.verdict()
    if (verdict === 'cleared') this.wasCleared()
    // When the registry does not answer, the engine stores nothing any more, to be safe.
    else if (this.#phase === phase) this.#transition(verdict === 'sound' || verdict === 'doomed' ? 'failed' : 'give-up')
  }

  /** Another engine has cleared the cache: this one stores nothing more, whatever the registry says, or does not say, later. */
  wasCleared(): void {
    // This engine may have stored rows after the clear, before it heard of it. With the lock, all rows in the store are its own.
    const written = this.#ownership.isHeld ? this.#store : null
    if (!this.#forget()) return
    written?.clear().catch(() => undefined)
    this.#options.onCleared()
  }

  /** The cache was cleared: nothing of it is held or written any more. */
  #forget(): boolean {
    this.#flusher.stop()
    this.#flusher.disown()
    const isNew = this.#transition('clear')
    if (isNew) this.#report()
    return isNew
  }

  #report(error: ErrorData | null = null): void {
    const { persistedOffset } = this.#flusher
    this.#options.onReport({ storage: STORAGE_MODES[this.#phase.kind], persistedOffset, error })
  }
}
