import { emptyRegistry, MemoryRegistry } from '../../src/worker/store/memory-registry.ts'
import { ClearedCacheError, type Lock, type Locks, type Registry, type Store, type WorkingSet } from '../../src/worker/ports.ts'
import { MemoryStore, emptyMedium, type MemoryMedium } from '../../src/worker/store/memory-store.ts'
import type { Segment } from '../../src/worker/core/segment-directory.ts'
import type { Process, World } from './world.ts'

interface Held {
  readonly process: Process
  lose: () => void
}

interface Waiting {
  readonly name: string
  readonly process: Process
  readonly grant: () => void
}

const OPEN_LIMIT_MS = 4000
const COMMIT_LIMIT_MS = 30_000
const REGISTRY_LIMIT_MS = 1000

/** A device's storage and locks: survives every process. */
export class SimStorage {
  readonly #world: World
  /** The database that everything is about; others are empty. */
  readonly #name: string
  readonly medium: MemoryMedium = emptyMedium()
  readonly registry = emptyRegistry()
  /** Commits abort. */
  full = false
  /** Everything fails. */
  refused = false
  /** Whoever has claimed the cache, or stored in it, last. */
  writer: Process | null = null
  /** Number of the oldest engine whose rows are stored; null when none are. */
  oldestWriter: number | null = null
  /** Called when a commit has become durable. */
  onCommit: (process: Process) => void = () => undefined
  /** Called when a process asks for the database to be deleted. */
  onDelete: (process: Process) => void = () => undefined
  readonly #locks = new Map<string, Held>()
  #waiting: Waiting[] = []
  steals = 0
  /** Connections to the database; each is told when it is deleted. */
  readonly #open = new Set<(reason: Error) => void>()
  /** Transactions that have begun; each settles when it has ended, or its process has died. */
  readonly #transactions = new Set<Promise<void>>()
  /** What is done when the device answers again; null while it answers. */
  #hung: Array<() => void> | null = null

  constructor(world: World, name: string) {
    this.#world = world
    this.#name = name
  }

  holder(name: string): Process | undefined {
    return this.#locks.get(name)?.process
  }

  /** Names of the locks that somebody holds or waits for. */
  lockNames(): string[] {
    return [...this.#locks.keys(), ...this.#waiting.flatMap(({ name, process }) => (process.alive ? [name] : []))]
  }

  /** Nothing answers any more. What is asked for meanwhile is done once it does again, also where nobody waits any longer. */
  hang(): void {
    this.#hung ??= []
  }

  get isHanging(): boolean {
    return this.#hung !== null
  }

  answerAgain(): void {
    const hung = this.#hung ?? []
    this.#hung = null
    for (const run of hung) run()
  }

  /** Something that the device does, some time later. It is given up after a time, and then may be done all the same. */
  #do<T>(process: Process, limitMs: number, work: () => T | Promise<T>): Promise<T> {
    const done = (async () => {
      await this.#world.io(process)
      if (this.#hung) await new Promise<void>((resolve) => { this.#hung!.push(() => { if (process.alive) resolve() }) })
      if (this.refused) throw new Error('IndexedDB refuses')
      return work()
    })()
    return new Promise<T>((resolve, reject) => {
      const cancel = this.#world.after(process, limitMs, () => {
        reject(new Error('IndexedDB did not answer in time'))
      })
      done.then(resolve, reject).finally(cancel)
    })
  }

  /** As `#do`; a deletion waits for it. */
  #transact<T>(process: Process, limitMs: number, work: () => T | Promise<T>): Promise<T> {
    let end = (): void => undefined
    const ended = new Promise<void>((resolve) => { end = resolve })
    this.#transactions.add(ended)
    void ended.then(() => { this.#transactions.delete(ended) })
    process.onDeath(end)
    const abort = (): void => {
      if (!this.#hung) end()
    }
    return this.#do(process, limitMs, async () => {
      try {
        return await work()
      } finally {
        end()
      }
    }).finally(abort)
  }

  async open(process: Process): Promise<Store> {
    await this.#do(process, OPEN_LIMIT_MS, () => undefined)
    const inner = new MemoryStore(this.medium)
    let isOpen = true
    let lose = (reason: Error): void => void reason
    const lost = new Promise<Error>((resolve) => {
      lose = (reason) => {
        isOpen = false
        this.#world.after(process, 0, () => { resolve(reason) })
      }
    })
    this.#open.add(lose)
    const transact = async <T>(work: () => Promise<T>): Promise<T> => {
      if (!isOpen) throw new Error('the connection is closed')
      const result = await this.#transact(process, COMMIT_LIMIT_MS, work)
      await this.#world.io(process)
      return result
    }
    const close = (): void => {
      isOpen = false
      this.#open.delete(lose)
    }
    return {
      lost,
      claim: (claim, now) => {
        return transact(async () => {
          if (this.full) throw new Error('QuotaExceededError')
          await inner.claim(claim, now)
          this.writer = process
        })
      },
      read: async (reader) => {
        const groups: Segment[][] = []
        let shown: WorkingSet | null = null
        const meta = await transact(() =>
          inner.read({
            accept: (stored) => reader.accept(stored),
            preview: (working) => (shown = structuredClone(working)),
            take: (segments) => groups.push(structuredClone([...segments])),
          }),
        )
        if (shown) reader.preview(shown)
        for (const group of groups) {
          await this.#world.io(process)
          if (!isOpen || this.refused) throw new Error('the connection was lost')
          reader.take(group)
        }
        return structuredClone(meta)
      },
      commit: (write) => {
        const copy = structuredClone(write)
        return transact(async () => {
          if (this.full) throw new Error('QuotaExceededError')
          await inner.commit(copy)
          const writer = Number(copy.meta.writer.slice(2))
          this.oldestWriter = copy.replace || this.oldestWriter === null ? writer : Math.min(writer, this.oldestWriter)
          this.onCommit(process)
          this.writer = process
        })
      },
      clear: () => {
        close()
        return this.delete(process, this.#name)
      },
      close,
    }
  }

  /** Connections are told to go, and what has begun on them ends first. */
  async delete(process: Process, name: string): Promise<void> {
    this.onDelete(process)
    await this.#do(process, OPEN_LIMIT_MS, async () => {
      if (name !== this.#name) return
      for (const lose of this.#open) lose(new ClearedCacheError('the cache was deleted'))
      this.#open.clear()
      while (this.#transactions.size > 0) await Promise.all(this.#transactions)
      await new MemoryStore(this.medium).clear()
      this.oldestWriter = null
    })
    await this.#world.io(process)
  }

  registryOf(process: Process): Registry {
    const inner = new MemoryRegistry(this.registry)
    const read = <T>(work: () => Promise<T>): Promise<T> => this.#do(process, REGISTRY_LIMIT_MS, work)
    const write = (work: () => Promise<void>): Promise<void> =>
      read(async () => {
        if (this.full) throw new Error('QuotaExceededError')
        await work()
      })
    return {
      list: () => read(() => inner.list()),
      clearState: (name) => read(() => inner.clearState(name)),
      touch: (record) => write(() => inner.touch(record)),
      doom: (record, at) => write(() => inner.doom(record, at)),
      drop: (name) => write(() => inner.drop(name)),
    }
  }

  locks(process: Process): Locks {
    const hold = (name: string): Lock => {
      const held: Held = { process, lose: () => undefined }
      const lost = new Promise<void>((resolve) => {
        held.lose = () => {
          this.#world.after(process, this.#world.random.below(20), resolve)
        }
      })
      this.#locks.set(name, held)
      const release = (): void => {
        if (this.#locks.get(name) !== held) return
        this.#locks.delete(name)
        this.#grantNext(name)
      }
      if (process.alive) process.onDeath(release)
      else release()
      return { release, lost }
    }
    const robbed = (name: string): void => {
      const held = this.#locks.get(name)
      this.#locks.delete(name)
      held?.lose()
    }
    return {
      areReal: true,
      take: async (name) => {
        await this.#world.io(process)
        return this.#locks.has(name) ? null : hold(name)
      },
      wait: (name, signal) =>
        new Promise((resolve, reject) => {
          const entry: Waiting = {
            name,
            process,
            grant: () => {
              const lock = hold(name)
              this.#world.after(process, this.#world.random.below(10), () => { resolve(lock) })
            },
          }
          signal.addEventListener('abort', () => {
            // One that was granted already arrives, and is its owner's to release.
            if (!this.#waiting.includes(entry)) return
            this.#waiting = this.#waiting.filter((other) => other !== entry)
            reject(new Error('aborted'))
          })
          this.#waiting.push(entry)
          if (!this.#locks.has(name)) this.#grantNext(name)
        }),
      steal: async (name, others) => {
        await this.#world.io(process)
        const holder = this.#locks.get(name)?.process
        this.steals += 1
        robbed(name)
        const lock = hold(name)
        for (const other of others) {
          if (!holder || this.#locks.get(other)?.process !== holder) continue
          robbed(other)
          this.#grantNext(other)
        }
        await this.#world.io(process)
        return lock
      },
    }
  }

  #grantNext(name: string): void {
    const next = this.#waiting.find((entry) => entry.name === name && entry.process.alive)
    if (!next) return
    this.#waiting = this.#waiting.filter((entry) => entry !== next)
    next.grant()
  }
}
