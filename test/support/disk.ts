import { ClearedCacheError, type EngineEnv, type Registry, type Store } from '../../src/worker/ports.ts'
import { emptyRegistry, MemoryRegistry } from '../../src/worker/store/memory-registry.ts'
import { emptyMedium, MemoryStore, type MemoryMedium } from '../../src/worker/store/memory-store.ts'

/** Databases of one origin, and whether they work. */
export class Disk {
  readonly media = new Map<string, MemoryMedium>()
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
  get env(): Pick<EngineEnv, 'openStore' | 'deleteStore' | 'storeNames' | 'registry'> {
    return {
      registry: this.registry,
      openStore: (name) => this.#open(name),
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
    const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
      this.#assertWorks()
      return work()
    }
    const close = (): void => {
      all.delete(lose)
      inner.close()
    }
    return {
      lost,
      claim: (claim, now) => guarded(() => inner.claim(claim, now)),
      read: (reader) => guarded(() => inner.read(reader)),
      commit: (write) => guarded(() => inner.commit(write)),
      clear: () => {
        close()
        return this.#delete(name)
      },
      close,
    }
  }

  async #delete(name: string): Promise<void> {
    this.#assertWorks()
    this.deleted.push(name)
    this.media.delete(name)
    const all = this.#connections.get(name) ?? new Set()
    for (const lose of all) lose(new ClearedCacheError('the cache was deleted'))
    all.clear()
  }

  #assertWorks(): void {
    if (this.broken) throw new Error('the disk is broken')
  }
}
