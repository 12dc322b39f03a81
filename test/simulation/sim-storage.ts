import { MemoryStore, emptyMedium, type MemoryMedium } from '../../src/worker/store/memory-store.ts'
import type { Segment } from '../../src/worker/core/segment-directory.ts'
import type { Store } from '../../src/worker/store/store.ts'
import type { Lock, Locks } from '../../src/worker/env.ts'
import type { Process, World } from './world.ts'

/** A device's storage: survives every process. */
export class SimStorage {
  readonly #world: World
  readonly medium: MemoryMedium = emptyMedium()
  /** Commits abort. */
  full = false
  /** Opening fails. */
  refused = false
  /** Called when a commit has become durable. */
  onCommit: (process: Process) => void = () => undefined
  readonly #locks = new Map<string, Process>()
  #waiting: { readonly name: string; readonly process: Process; readonly grant: () => void }[] = []

  constructor(world: World) {
    this.#world = world
  }

  holder(name: string): Process | undefined {
    return this.#locks.get(name)
  }

  async open(process: Process): Promise<Store> {
    await this.#world.io(process)
    if (this.refused) throw new Error('IndexedDB refuses')
    const inner = new MemoryStore(this.medium)
    const io = async (): Promise<void> => {
      await this.#world.io(process)
      if (this.refused) throw new Error('the connection was lost')
    }
    return {
      lost: inner.lost,
      read: async (reader) => {
        await io()
        const groups: Segment[][] = []
        const meta = await inner.read({ accept: (stored) => reader.accept(stored), take: (segments) => groups.push(structuredClone([...segments])) })
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
        await io()
      },
      clear: async () => {
        await io()
        await inner.clear()
      },
      close: () => undefined,
    }
  }

  locks(process: Process): Locks {
    const hold = (name: string): Lock => {
      this.#locks.set(name, process)
      const release = (): void => {
        if (this.#locks.get(name) !== process) return
        this.#locks.delete(name)
        this.#grantNext(name)
      }
      process.onDeath(release)
      return { release }
    }
    return {
      take: async (name) => {
        await this.#world.io(process)
        return this.#locks.has(name) ? null : hold(name)
      },
      wait: (name, signal) =>
        new Promise((resolve, reject) => {
          const entry = { name, process, grant: () => { resolve(hold(name)) } }
          signal.addEventListener('abort', () => {
            this.#waiting = this.#waiting.filter((other) => other !== entry)
            reject(new Error('aborted'))
          })
          this.#waiting.push(entry)
          if (!this.#locks.has(name)) this.#grantNext(name)
        }),
    }
  }

  #grantNext(name: string): void {
    const next = this.#waiting.find((entry) => entry.name === name && entry.process.alive)
    if (!next) return
    this.#waiting = this.#waiting.filter((entry) => entry !== next)
    next.grant()
  }
}
