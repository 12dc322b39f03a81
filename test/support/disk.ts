import { ClearedCacheError, type EngineEnv, type OutboxStore, type Registry, type Store } from '../../src/worker/ports.ts'
import { emptyOutbox, MemoryOutbox, type OutboxMedium } from '../../src/worker/store/memory-outbox.ts'
import { emptyRegistry, MemoryRegistry } from '../../src/worker/store/memory-registry.ts'
import { emptyMedium, MemoryStore, type MemoryMedium } from '../../src/worker/store/memory-store.ts'

/** Databases of one origin, and whether they work. */
export class Disk {
  readonly media = new Map<string, MemoryMedium>()
  readonly outboxes = new Map<string, OutboxMedium>()
  readonly registryMedium = emptyRegistry()
  readonly #connections = new Map<string, Set<(reason: Error) => void>>()
  /** Every call on a cache fails. */
  broken = false
  /** Every call on the registry fails. */
  registryIsBroken = false
  deleted: string[] = []
  readonly registry: Registry

  constructor() {
    const inner = new MemoryRegistry(this.registryMedium)
    const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
      if (this.registryIsBroken) throw new Error('the registry is broken')
      return work()
    }
    this.registry = {
      list: () => guarded(() => inner.list()),
      touch: (record) => guarded(() => inner.touch(record)),
      doom: (record, at) => guarded(() => inner.doom(record, at)),
      clearState: (name) => guarded(() => inner.clearState(name)),
      drop: (name) => guarded(() => inner.drop(name)),
    }
  }

  /** What a worker sees of it. */
  get env(): Pick<EngineEnv, 'openStore' | 'openOutbox' | 'deleteStore' | 'storeNames' | 'registry'> {
    return {
      registry: this.registry,
      openStore: (name) => this.#open(name),
      openOutbox: (name) => this.#openOutbox(name),
      deleteStore: (name) => this.#delete(name),
      storeNames: () => Promise.resolve([...this.media.keys()]),
    }
  }

  /** All that is stored, as text. */
  get text(): string {
    return JSON.stringify([...this.media].map(([name, { meta, segments, working }]) => [name, meta, [...segments], working]))
  }

  async #open(name: string): Promise<Store> {
    this.#assertWorks()
    const medium = this.media.get(name) ?? emptyMedium()
    this.media.set(name, medium)
    const inner = new MemoryStore(medium)
    const { lost, close } = this.#connect(name, inner)
    return {
      isNew: inner.isNew,
      lost,
      claim: (claim, now) => this.#guarded(() => inner.claim(claim, now)),
      read: (reader) => this.#guarded(() => inner.read(reader)),
      commit: (write) => this.#guarded(() => inner.commit(write)),
      clear: () => {
        close()
        return this.#delete(name)
      },
      close,
    }
  }

  async #openOutbox(name: string): Promise<OutboxStore> {
    this.#assertWorks()
    const medium = this.outboxes.get(name) ?? emptyOutbox()
    this.outboxes.set(name, medium)
    const inner = new MemoryOutbox(medium)
    const { lost, close } = this.#connect(name, inner)
    return {
      lost,
      claim: (claim, now) => this.#guarded(() => inner.claim(claim, now)),
      read: () => this.#guarded(() => inner.read()),
      commit: (write) => this.#guarded(() => inner.commit(write)),
      close,
    }
  }

  /** A connection to a database, which ends when the database is deleted. */
  #connect(name: string, inner: { close(): void }): { readonly lost: Promise<Error>; readonly close: () => void } {
    const all = this.#connections.get(name) ?? new Set()
    this.#connections.set(name, all)
    let lose = (reason: Error): void => void reason
    const lost = new Promise<Error>((resolve) => {
      lose = (reason) => {
        inner.close()
        resolve(reason)
      }
    })
    all.add(lose)
    const close = (): void => {
      all.delete(lose)
      inner.close()
    }
    return { lost, close }
  }

  async #delete(name: string): Promise<void> {
    this.#assertWorks()
    this.deleted.push(name)
    this.media.delete(name)
    this.outboxes.delete(name)
    const all = this.#connections.get(name) ?? new Set()
    for (const lose of all) lose(new ClearedCacheError('the cache was deleted'))
    all.clear()
  }

  readonly #guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    this.#assertWorks()
    return work()
  }

  #assertWorks(): void {
    if (this.broken) throw new Error('the disk is broken')
  }
}
