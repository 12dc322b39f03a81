import { cacheName } from '../../src/shared/names.ts'
import { RowDiff } from '../../src/shared/row-diff.ts'
import type { RowData } from '../../src/shared/row.ts'
import { Cache, type CacheReport, type Checkpoint } from '../../src/worker/cache/cache.ts'
import { emptyState, type State } from '../../src/worker/core/materialize.ts'
import type { EngineEnv, Lock, Locks, Store, StoreWrite, WorkingSet } from '../../src/worker/ports.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { Disk } from './disk.ts'
import { anySettings, Origin, settled } from './origin.ts'

export const NAME = cacheName(anySettings.url, anySettings.scope)

/** Locks that can be stolen. The former holder learns of the theft when `tell` is called. */
export class StealableLocks implements Locks {
  areReal = true
  readonly #held = new Map<string, { lose: () => void }>()
  #queue: Array<{ readonly name: string; readonly grant: (lock: Lock) => void }> = []

  isHeld(name: string): boolean {
    return this.#held.has(name)
  }

  get waiting(): number {
    return this.#queue.length
  }

  take(name: string): Promise<Lock | null> {
    return Promise.resolve(this.areReal && this.#held.has(name) ? null : this.#hold(name))
  }

  wait(name: string, signal: AbortSignal): Promise<Lock> {
    return new Promise((resolve, reject) => {
      if (!this.#held.has(name)) {
        resolve(this.#hold(name))
        return
      }
      const entry = { name, grant: resolve }
      this.#queue.push(entry)
      signal.addEventListener('abort', () => {
        this.#queue = this.#queue.filter((other) => other !== entry)
        reject(new Error('aborted'))
      })
    })
  }

  async steal(name: string): Promise<Lock> {
    const { lock, tell } = this.rob(name)
    tell()
    return lock
  }

  /** Steals the lock. The former holder does not know before it is told, as when it is frozen. */
  rob(name: string): { readonly lock: Lock; readonly tell: () => void } {
    const former = this.#held.get(name)
    return { lock: this.#hold(name), tell: () => former?.lose() }
  }

  #hold(name: string): Lock {
    const held = { lose: (): void => undefined }
    const lost = new Promise<void>((resolve) => { held.lose = resolve })
    this.#held.set(name, held)
    return {
      lost,
      release: () => {
        if (this.#held.get(name) !== held) return
        this.#held.delete(name)
        const next = this.#queue.find((entry) => entry.name === name)
        if (!next) return
        this.#queue = this.#queue.filter((entry) => entry !== next)
        next.grant(this.#hold(name))
      },
    }
  }
}

/** A machine on which caches of one stream are opened: its clock, its disk, its locks. */
export class CacheMachine {
  readonly clock = new ManualClock()
  readonly disk = new Disk()
  readonly locks = new StealableLocks()
  readonly origin = new Origin()
  /** A held commit is applied at once, and only its answer waits. */
  answersLate = false
  /** Commits fail. */
  isFull = false
  /** When a store was opened, ms. */
  readonly opened: number[] = []
  /** Commits that were applied, with the time of each. */
  readonly commits: Array<StoreWrite & { readonly at: number }> = []
  /** Stores that are open. */
  readonly open = new Set<Store>()
  #gate: Promise<void> | null = null
  /** Ends the connections that are open, as the browser does. */
  #lose: Array<(reason: Error) => void> = []

  /** Commits and reads wait until the result is called. */
  hold(): () => void {
    let release = (): void => undefined
    this.#gate = new Promise((resolve) => {
      release = () => {
        this.#gate = null
        resolve()
      }
    })
    return release
  }

  lose(reason: Error): void {
    for (const lose of this.#lose.splice(0)) lose(reason)
  }

  /** Time passes, timer by timer. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      this.clock.advance(50)
      await settled()
    }
  }

  /** The rows that are stored, by key, as the next engine reads them. */
  async stored(): Promise<Record<string, unknown> | null> {
    const reader = new CachedEngine(this, 'reader')
    await reader.hydrate()
    const rows = reader.readRows
    reader.cache.abandon()
    await settled()
    return rows
  }

  env(worker: string, given: Partial<EngineEnv> = {}): EngineEnv {
    return {
      ...this.origin.env(worker),
      ...this.disk.env,
      clock: this.clock,
      wallNow: () => this.clock.now(),
      locks: this.locks,
      openStore: async (name, durability) => {
        this.opened.push(this.clock.now())
        return this.#watched(await this.disk.env.openStore(name, durability))
      },
      ...given,
    }
  }

  #watched(store: Store): Store {
    const lost = new Promise<Error>((resolve) => {
      this.#lose.push(resolve)
      void store.lost.then(resolve)
    })
    const watched: Store = {
      isNew: store.isNew,
      lost,
      claim: async (claim, now) => {
        if (this.isFull) throw new Error('the disk is full')
        await store.claim(claim, now)
      },
      read: async (reader) => {
        await this.#gate
        return store.read(reader)
      },
      commit: async (write) => {
        if (!this.answersLate) await this.#gate
        if (this.isFull) throw new Error('the disk is full')
        await store.commit(write)
        this.commits.push({ ...structuredClone(write), at: this.clock.now() })
        if (this.answersLate) await this.#gate
      },
      clear: () => {
        this.open.delete(watched)
        return store.clear()
      },
      close: () => {
        this.open.delete(watched)
        store.close()
      },
    }
    this.open.add(watched)
    return watched
  }
}

/** An engine as its cache sees it: a state that changes, and tabs. */
export class CachedEngine {
  readonly cache: Cache
  readonly reports: CacheReport[] = []
  isBusy = false
  working: WorkingSet | null = null
  /** How often another engine's clear was told. */
  cleared = 0
  /** The rows that were read from the cache; null when nothing of use was. */
  readRows: Record<string, unknown> | null = null
  #state: State = emptyState(anySettings.collections, 'branch')
  #offset = 0

  constructor(machine: CacheMachine, name: string, given: Partial<EngineEnv> = {}) {
    this.cache = new Cache({
      env: machine.env(name, given),
      settings: anySettings,
      validated: false,
      transformed: false,
      checkpoint: () => this.#checkpoint(),
      working: () => this.working,
      isBusy: () => this.isBusy,
      onReport: (report) => { this.reports.push(report) },
      onCleared: () => { this.cleared += 1 },
    })
  }

  get report(): CacheReport {
    return this.reports.at(-1)!
  }

  async hydrate(): Promise<Checkpoint | null> {
    const checkpoint = await this.cache.hydrate({ onEmpty: () => undefined, onPlace: () => undefined, ready: () => Promise.resolve(), onRows: () => undefined, onPreview: () => undefined, isPreviewing: () => false })
    if (!checkpoint) return null
    this.#state = checkpoint.state
    this.#offset = Number(checkpoint.offset)
    this.readRows = Object.fromEntries([...this.#state.rows.get('users')!].map(([key, { name }]) => [key, name]))
    return checkpoint
  }

  /** An event changes a row. */
  set(key: string, name: string): void {
    const row: RowData = { id: key, name, _seq: this.#offset }
    this.#offset += 1
    this.#state.rows.get('users')!.set(key, row)
    this.#state.marks = { ...this.#state.marks, seq: this.#offset }
    const diff = new RowDiff()
    diff.set('users', key, row)
    this.cache.changed(diff)
  }

  look(key: string): void {
    this.working = [{ key, collection: 'users', rows: [], edge: null, whole: false }]
    this.cache.workingChanged()
  }

  #checkpoint(): Checkpoint {
    return { state: this.#state, offset: String(this.#offset), anchor: null, txids: [], complete: true }
  }
}
