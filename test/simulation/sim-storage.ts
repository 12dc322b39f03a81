import { MemoryStore, emptyMedium, type MemoryMedium } from '../../src/worker/store/memory-store.ts'
import type { Segment } from '../../src/worker/core/segment-directory.ts'
import { ClearedCacheError, type Store, type WorkingSet } from '../../src/worker/store/store.ts'
import type { Lock, Locks } from '../../src/worker/env.ts'
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

/** A device's storage and locks: survives every process. */
export class SimStorage {
  readonly #world: World
  readonly medium: MemoryMedium = emptyMedium()
  /** Commits abort. */
  full = false
  /** Opening fails. */
  refused = false
  /** Whoever has claimed the cache, or stored in it, last. */
  writer: Process | null = null
  /** Called when a commit has become durable. */
  onCommit: (process: Process) => void = () => undefined
  readonly #locks = new Map<string, Held>()
  #waiting: Waiting[] = []
  steals = 0
  /** Connections to the database; each is told when it is deleted. */
  readonly #open = new Set<(reason: Error) => void>()

  constructor(world: World) {
    this.#world = world
  }

  holder(name: string): Process | undefined {
    return this.#locks.get(name)?.process
  }

  /** Names of the locks that somebody holds or waits for. */
  lockNames(): string[] {
    return [...this.#locks.keys(), ...this.#waiting.flatMap(({ name, process }) => (process.alive ? [name] : []))]
  }

  async open(process: Process): Promise<Store> {
    await this.#world.io(process)
    if (this.refused) throw new Error('IndexedDB refuses')
    const inner = new MemoryStore(this.medium)
    let lose = (reason: Error): void => void reason
    const lost = new Promise<Error>((resolve) => {
      lose = (reason) => {
        inner.close()
        this.#world.after(process, 0, () => { resolve(reason) })
      }
    })
    this.#open.add(lose)
    const io = async (): Promise<void> => {
      await this.#world.io(process)
      if (this.refused) throw new Error('the connection was lost')
    }
    return {
      lost,
      claim: async (claim, now) => {
        await io()
        if (this.full) throw new Error('QuotaExceededError')
        await inner.claim(claim, now)
        this.writer = process
        await io()
      },
      read: async (reader) => {
        await io()
        const groups: Segment[][] = []
        let shown: WorkingSet | null = null
        const meta = await inner.read({
          accept: (stored) => reader.accept(stored),
          preview: (working) => (shown = structuredClone(working)),
          take: (segments) => groups.push(structuredClone([...segments])),
        })
        if (shown) reader.preview(shown)
        for (const group of groups) {
          await io()
          reader.take(group)
        }
        return structuredClone(meta)
      },
      commit: async (write) => {
        const copy = structuredClone(write)
        await io()
        if (this.full) throw new Error('QuotaExceededError')
        await inner.commit(copy)
        this.onCommit(process)
        this.writer = process
        await io()
      },
      clear: async () => {
        await io()
        await inner.clear()
        this.#open.delete(lose)
        for (const other of [...this.#open]) other(new ClearedCacheError('the cache was deleted'))
        this.#open.clear()
        await this.#world.io(process)
      },
      close: () => {
        this.#open.delete(lose)
      },
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
