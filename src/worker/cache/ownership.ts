import type { Claim } from '../core/claim.ts'
import type { Clock, Lock, Locks, Store } from '../ports.ts'

export interface OwnershipOptions {
  readonly clock: Clock
  readonly locks: Locks
  /** Name of the cache, and of its lock. */
  readonly name: string
  /** Token of this engine, as a writer. */
  readonly writer: string
  /** The lock that was waited for is held now. */
  onGranted(): void
  /** Another worker has stolen the lock. It has found this worker frozen, and has read what this engine had stored. */
  onLockStolen(): void
}

/** This engine's standing at the cache's lock. `claim` is null until the store has it. */
type Standing =
  | { readonly kind: 'none' }
  | { readonly kind: 'queued' }
  | { readonly kind: 'held'; readonly lock: Lock; readonly since: number; readonly claim: Claim | null }
  | { readonly kind: 'ended' }

/**
 * Who may write a cache: at most the engine that holds the lock of the cache's name. A writer that was frozen may not know yet
 * that its lock was stolen, so every writer also claims the store, and each commit expects that claim.
 */
export class Ownership {
  readonly #options: OwnershipOptions
  readonly #ended = new AbortController()
  #standing: Standing = { kind: 'none' }

  constructor(options: OwnershipOptions) {
    this.#options = options
  }

  get isHeld(): boolean {
    return this.#standing.kind === 'held'
  }

  /** The claim that the store has; null when it has none: {@link claimStore} has to come before a commit. */
  get claim(): Claim | null {
    return this.#standing.kind === 'held' ? this.#standing.claim : null
  }

  /** Takes the lock if it is free. */
  async take(): Promise<void> {
    this.#hold(await this.#options.locks.take(this.#options.name))
  }

  /** Gives the next claim the present time, so that it is newer than the claim of any former writer. */
  renew(): void {
    if (this.#standing.kind === 'held') this.#standing = { ...this.#standing, since: this.#options.clock.now(), claim: null }
  }

  /** Waits for the present holder to go. */
  async wait(): Promise<void> {
    if (this.#standing.kind !== 'none') return
    const queued: Standing = { kind: 'queued' }
    this.#standing = queued
    const { locks, name } = this.#options
    const lock = await locks.wait(name, this.#ended.signal).catch(() => null)
    if (this.#hold(lock)) this.#options.onGranted()
    else if (this.#standing === queued) this.#standing = { kind: 'none' }
  }

  /**
   * Claims the store. The commits of a former writer, which may not know that its lock is lost, then fail.
   * @throws LostCacheError when a newer writer has claimed the store
   */
  async claimStore(store: Pick<Store, 'claim'>): Promise<void> {
    const held = this.#standing
    if (held.kind !== 'held') return
    const claim = { writer: this.#options.writer, since: held.since }
    await store.claim(claim, this.#options.clock.now())
    // The claim does not count when the lock was stolen, or the store has failed, in the meantime.
    if (this.#standing === held) this.#standing = { ...held, claim }
  }

  /** The store may not have this engine's claim any more. */
  forgetClaim(): void {
    if (this.#standing.kind === 'held') this.#standing = { ...this.#standing, claim: null }
  }

  /** Lets go of the lock; the lock can be taken or waited for again. */
  release(): void {
    if (this.#standing.kind !== 'held') return
    const { lock } = this.#standing
    this.#standing = { kind: 'none' }
    lock.release()
  }

  /** Lets go of the lock for good: this engine writes nothing any more. */
  end(): void {
    this.release()
    this.#standing = { kind: 'ended' }
    this.#ended.abort()
  }

  #hold(lock: Lock | null): boolean {
    if (lock === null) return false
    if (this.#standing.kind === 'held' || this.#standing.kind === 'ended') {
      // It was granted too late, or a second time.
      lock.release()
      return false
    }
    this.#standing = { kind: 'held', lock, since: this.#options.clock.now(), claim: null }
    void lock.lost.then(() => {
      if (this.#standing.kind !== 'held' || this.#standing.lock !== lock) return
      this.#standing = { kind: 'none' }
      this.#options.onLockStolen()
    })
    return true
  }
}
