import { emptyRegistry, MemoryRegistry } from '../../src/worker/store/memory-registry.ts'
import { ClearedCacheError, type Lock, type Locks, type OutboxStore, type Registry, type Store, type WorkingSet } from '../../src/worker/ports.ts'
import { emptyOutbox, MemoryOutbox, type OutboxMedium } from '../../src/worker/store/memory-outbox.ts'
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

/** What is under way on a database. */
interface Database {
  /** Its connections; each is told when it is deleted. */
  readonly open: Set<(reason: Error) => void>
  /** Transactions that have begun; each settles when it has ended, or its process has died. */
  readonly transactions: Set<Promise<void>>
  /** Settles when the last deletion has ended: the database is opened again only then. */
  deletion: Promise<void> | null
}

interface Connection {
  readonly lost: Promise<Error>
  isOpen(): boolean
  transact<T>(work: () => Promise<T>): Promise<T>
  close(): void
}

const OPEN_LIMIT_MS = 4000
const COMMIT_LIMIT_MS = 30_000
const REGISTRY_LIMIT_MS = 1000

/** A device's storage and locks: survives every process. */
export class SimStorage {
  readonly #world: World
  /** The cache's database; every other is an outbox, or empty. */
  readonly #name: string
  readonly medium: MemoryMedium = emptyMedium()
  /** By name, of those that were ever opened. One that is deleted has no head and no entries. */
  readonly outboxes = new Map<string, OutboxMedium>()
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
  /** Called when an outbox is about to lose all that it has. */
  onOutboxDeleted: (outbox: OutboxMedium) => void = () => undefined
  readonly #locks = new Map<string, Held>()
  #waiting: Waiting[] = []
  steals = 0
  readonly #databases = new Map<string, Database>()
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

  #database(name: string): Database {
    const database = this.#databases.get(name) ?? { open: new Set(), transactions: new Set(), deletion: null }
    this.#databases.set(name, database)
    return database
  }

  /** As `#do`; a deletion waits for it. */
  #transact<T>({ transactions }: Database, process: Process, limitMs: number, work: () => T | Promise<T>): Promise<T> {
    let end = (): void => undefined
    const ended = new Promise<void>((resolve) => { end = resolve })
    transactions.add(ended)
    void ended.then(() => { transactions.delete(ended) })
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

  async #connect(process: Process, name: string): Promise<Connection> {
    const database = this.#database(name)
    await this.#do(process, OPEN_LIMIT_MS, () => database.deletion)
    let ended: Error | null = null
    let lose = (reason: Error): void => void reason
    const lost = new Promise<Error>((resolve) => {
      lose = (reason) => {
        ended = reason
        this.#world.after(process, 0, () => { resolve(reason) })
      }
    })
    database.open.add(lose)
    return {
      lost,
      isOpen: () => ended === null,
      transact: async (work) => {
        if (ended) throw ended
        const result = await this.#transact(database, process, COMMIT_LIMIT_MS, work)
        await this.#world.io(process)
        return result
      },
      close: () => {
        ended ??= new Error('the connection is closed')
        database.open.delete(lose)
      },
    }
  }

  async openOutbox(process: Process, name: string): Promise<OutboxStore> {
    const { lost, transact, close } = await this.#connect(process, name)
    const medium = this.outboxes.get(name) ?? emptyOutbox()
    this.outboxes.set(name, medium)
    const inner = new MemoryOutbox(medium)
    const write = (work: () => Promise<void>): Promise<void> =>
      transact(async () => {
        if (this.full) throw new Error('QuotaExceededError')
        await work()
      })
    return {
      lost,
      claim: (claim, now) => write(() => inner.claim(claim, now)),
      read: () => transact(() => inner.read()),
      commit: async (change) => {
        const copy = structuredClone(change)
        await write(() => inner.commit(copy))
      },
      close,
    }
  }

  async open(process: Process): Promise<Store> {
    const { lost, isOpen, transact, close } = await this.#connect(process, this.#name)
    const inner = new MemoryStore(this.medium)
    return {
      isNew: inner.isNew,
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
        // A read that was given up tells its reader nothing more, although the device may do it later: the real store waits for each part with
        // a limit, and calls its reader itself.
        let isGivenUp = false
        const meta = await transact(() =>
          inner.read({
            accept: (stored) => !isGivenUp && reader.accept(stored),
            isPreviewing: () => false,
            preview: (working) => (shown = structuredClone(working)),
            take: (segments) => groups.push(structuredClone([...segments])),
          }),
        ).catch((error: unknown) => {
          isGivenUp = true
          throw error
        })
        if (shown) reader.preview(shown)
        for (const group of groups) {
          await this.#world.io(process)
          if (!isOpen() || this.refused) throw new Error('the connection was lost')
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
      const database = this.#databases.get(name)
      if (database) await (database.deletion = this.#empty(name, database))
    })
    await this.#world.io(process)
  }

  async #empty(name: string, { open, transactions }: Database): Promise<void> {
    const outbox = this.outboxes.get(name)
    for (const lose of open) lose(new ClearedCacheError(outbox ? 'the outbox was deleted' : 'the cache was deleted'))
    open.clear()
    while (transactions.size > 0) await Promise.all(transactions)
    if (outbox) {
      this.onOutboxDeleted(outbox)
      Object.assign(outbox, { ...emptyOutbox(), entries: outbox.entries })
      outbox.entries.clear()
    } else {
      await new MemoryStore(this.medium).clear()
      this.oldestWriter = null
    }
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
