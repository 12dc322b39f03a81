import { Ownership } from '../cache/ownership.ts'
import type { Verdict } from '../cache/registration.ts'
import { reopenMs } from '../cache/failure.ts'
import { SidestreamError, describe } from '../../shared/errors.ts'
import type { OutboxChange, OutboxEntry, OutboxHead, RecentWrite } from '../core/outbox.ts'
import { isToldByHead, storedHead } from '../core/stored-phases.ts'
import { ClearedCacheError, type EngineEnv, LostCacheError, type OutboxStore, type StoredOutbox } from '../ports.ts'

/** An outbox is opened this many times while the registry does not answer; the next time it is used all the same. */
const MOST_UNKNOWN = 2

export interface OutboxStorageOptions {
  readonly env: EngineEnv
  /** Name of the database, and of its lock. */
  readonly name: string
  /** All entries, in order. */
  readonly entries: () => Iterable<OutboxEntry>
  readonly recent: () => ReadonlyArray<RecentWrite>
  readonly head: () => OutboxHead
  /** The store is open, and has this; null when nothing was ever stored. Nothing is committed before this call. */
  readonly onOpened: (stored: StoredOutbox | null) => void
  /** {@link OutboxStorage.isWhole} may have changed. */
  readonly onWhole: () => void
  /** What the registry says of the cache, and so of the outbox. Never rejects. */
  readonly verdict: () => Promise<Verdict>
  /**
   * Nothing can be stored for now. `taken`: another engine has the outbox now, with everything that was stored. `deleted`: the cache
   * was cleared. `failed`: storage has failed, and is tried again.
   */
  readonly onLost: (why: 'taken' | 'deleted' | 'failed', error: unknown) => void
}

/**
 * - `idle` not opened yet · `opening` · `waiting` another engine has the outbox · `backing-off` storage has failed, and is tried again
 * - `open` this engine has the outbox, and changes are committed · `closed` for good
 */
type Phase =
  | { readonly kind: 'idle' | 'opening' | 'waiting' | 'closed' }
  | { readonly kind: 'backing-off'; readonly cancel: () => void }
  | { readonly kind: 'open'; readonly store: OutboxStore }

interface Gathered {
  readonly puts: Map<number, OutboxEntry>
  readonly removes: Set<number>
  head: OutboxHead
  recent: ReadonlyArray<RecentWrite> | null
  readonly committed: Promise<void>
}

/**
 * The stored copy of an outbox. One engine has it: the engine that holds the lock of its name, and has claimed the store as the
 * cache's writer claims the cache. Changes that come while a transaction is under way go together into the next transaction.
 */
export class OutboxStorage {
  readonly #options: OutboxStorageOptions
  readonly #ownership: Ownership
  readonly #writer: string
  #phase: Phase = { kind: 'idle' }
  #gathered: Gathered | null = null
  #committing: Promise<void> = Promise.resolve()
  /** A commit has failed, so it is not known what is stored: the next commit replaces everything. */
  #isUnknown = false
  #failures = 0
  #cancelAgain: (() => void) | null = null

  constructor(options: OutboxStorageOptions) {
    const { env, name } = options
    this.#options = options
    this.#writer = env.newId()
    this.#ownership = new Ownership({
      clock: env.clock,
      locks: env.locks,
      name,
      writer: this.#writer,
      onGranted: () => {
        if (this.#phase.kind === 'waiting') void this.#open()
      },
      onLockStolen: () => {
        this.#lose('taken', new LostCacheError('another tab has taken the outbox over'))
      },
    })
  }

  get isOpen(): boolean {
    return this.#phase.kind === 'open'
  }

  /** The outbox is open, and each commit so far was stored, or was made up for by a later one. */
  get isWhole(): boolean {
    return this.isOpen && !this.#isUnknown
  }

  /** Settles when it is known whether the outbox can be opened now. Never rejects. */
  async open(): Promise<void> {
    if (this.#phase.kind !== 'idle') return
    this.#phase = { kind: 'opening' }
    await this.#ownership.take().catch(() => undefined)
    if (this.#isClosed) return
    if (this.#ownership.isHeld) await this.#open()
    else this.#wait()
  }

  /**
   * Settles when a transaction with this change is complete.
   * @throws SidestreamError `STORAGE_FAILED`, retryable
   */
  commit({ put, remove, head, recent }: OutboxChange): Promise<void> {
    if (this.#phase.kind !== 'open') return Promise.reject(failed(new Error('the outbox is not open')))
    const gathered = (this.#gathered ??= this.#gather(head))
    // The stored head tells these phases of an entry that is stored already. After a failed commit, all entries are stored again.
    for (const entry of put) if (!isToldByHead(entry) || gathered.puts.has(entry.number)) gathered.puts.set(entry.number, entry)
    for (const number of remove) {
      gathered.puts.delete(number)
      gathered.removes.add(number)
    }
    gathered.head = head
    gathered.recent = recent ?? gathered.recent
    return gathered.committed
  }

  /** What is stored differs from what is known here: everything is stored anew. @throws SidestreamError `STORAGE_FAILED`, retryable */
  replace(): Promise<void> {
    this.#isUnknown = true
    return this.commit({ put: [], remove: [], head: this.#options.head(), recent: null })
  }

  /** The pending commits are carried out first. */
  async close(): Promise<void> {
    await this.#committing
    this.abandon()
  }

  abandon(): void {
    this.#end()
    this.#phase = { kind: 'closed' }
    this.#ownership.end()
  }

  get #isClosed(): boolean {
    return this.#phase.kind === 'closed'
  }

  #gather(head: OutboxHead): Gathered {
    const before = this.#committing
    const committed = before.then(() => this.#commit())
    this.#committing = committed.catch(() => undefined)
    return { puts: new Map(), removes: new Set(), head, recent: null, committed }
  }

  async #commit(): Promise<void> {
    const gathered = this.#gathered
    this.#gathered = null
    const phase = this.#phase
    if (gathered === null) return
    if (phase.kind !== 'open') throw failed(new Error('the outbox is not open'))
    const { entries, recent, head } = this.#options
    const replace = this.#isUnknown
    try {
      await phase.store.commit({
        put: replace ? [...entries()] : [...gathered.puts.values()],
        remove: replace ? [] : [...gathered.removes],
        head: storedHead(replace ? head() : gathered.head, entries()),
        recent: replace ? recent() : gathered.recent,
        replace,
        expectedWriter: this.#writer,
      })
      this.#failures = 0
      if (this.#phase === phase && replace) this.#know()
    } catch (error) {
      this.#isUnknown = true
      if (error instanceof LostCacheError && this.#phase === phase) this.#fail(error)
      else if (this.#phase === phase) this.#again()
      throw failed(error)
    }
  }

  /** Everything is stored. */
  #know(): void {
    this.#cancelAgain?.()
    this.#cancelAgain = null
    this.#isUnknown = false
    this.#options.onWhole()
  }

  /** A change was not stored. Perhaps no other change follows, so everything is stored after a pause. */
  #again(): void {
    const { env, onWhole } = this.#options
    this.#failures += 1
    this.#cancelAgain ??= env.clock.after(reopenMs(this.#failures, env.random()), () => {
      this.#cancelAgain = null
      this.replace().catch(() => undefined)
    })
    onWhole()
  }

  async #open(): Promise<void> {
    const opening: Phase = { kind: 'opening' }
    this.#phase = opening
    const { env, name, onOpened } = this.#options
    let store: OutboxStore | null = null
    try {
      store = await env.openOutbox(name)
      await this.#ownership.claimStore(store)
      const [stored, verdict] = await Promise.all([store.read(), this.#options.verdict()])
      if (this.#phase !== opening) {
        store.close()
        return
      }
      this.#assertSound(verdict)
      const opened: Phase = { kind: 'open', store }
      void store.lost.then((reason) => {
        if (this.#phase === opened) this.#fail(reason)
      })
      this.#phase = opened
      this.#isUnknown = false
      onOpened(stored)
    } catch (error) {
      store?.close()
      if (this.#phase === opening) this.#fail(error)
    }
  }

  /**
   * An outbox is used only when it is not one that a sign-out has deleted, or is going to delete: what it has is not to be sent any more,
   * and what is stored in it now would be lost with it, because each engine deletes it until the registry has forgotten the sign-out.
   */
  #assertSound(verdict: Verdict): void {
    if (verdict === 'cleared') throw new ClearedCacheError('the cache was cleared')
    if (verdict === 'doomed') throw new Error('the cache was cleared, and is not deleted yet')
    // A registry that never answers must not keep all writes in memory.
    if (verdict === 'unknown' && this.#failures < MOST_UNKNOWN) throw new Error('it is not known whether the cache was cleared')
  }

  #fail(error: unknown): void {
    this.#failures += 1
    this.#ownership.forgetClaim()
    const { env } = this.#options
    if (error instanceof ClearedCacheError) this.#onDeleted(error)
    else if (error instanceof LostCacheError && (!this.#ownership.isHeld || !env.locks.areReal)) this.#lose('taken', error)
    else this.#lose('failed', error)
  }

  /** The open database was deleted: by an engine that cleared the cache, or by the browser or its user. Then it is made again. */
  #onDeleted(error: unknown): void {
    this.#lose('failed', error)
    void this.#options.verdict().then((verdict) => {
      if (verdict === 'cleared' || verdict === 'doomed') this.#lose('deleted', error)
    })
  }

  #lose(why: 'taken' | 'deleted' | 'failed', error: unknown): void {
    if (this.#isClosed) return
    this.#end()
    const { env } = this.#options
    // Without real locks two writers would take the outbox from each other for ever: this engine gives up.
    if (why === 'deleted' || (why === 'taken' && !env.locks.areReal)) {
      this.#phase = { kind: 'closed' }
      this.#ownership.end()
    } else if (why === 'taken') {
      this.#ownership.release()
      this.#wait()
    } else {
      this.#isUnknown = true
      const cancel = env.clock.after(reopenMs(this.#failures, env.random()), () => {
        this.#ownership.renew()
        void this.#open()
      })
      this.#phase = { kind: 'backing-off', cancel }
    }
    this.#options.onLost(why, error)
  }

  #wait(): void {
    this.#phase = { kind: 'waiting' }
    void this.#ownership.wait()
  }

  /** Lets go what the present phase holds. */
  #end(): void {
    this.#cancelAgain?.()
    this.#cancelAgain = null
    if (this.#phase.kind === 'open') this.#phase.store.close()
    if (this.#phase.kind === 'backing-off') this.#phase.cancel()
  }
}

const failed = (error: unknown): SidestreamError => new SidestreamError('STORAGE_FAILED', `the write could not be stored: ${describe(error)}`, { retryable: true, cause: error })
