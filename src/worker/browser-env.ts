import type { EngineEnv, Locks } from './env.ts'
import { IdbStore } from './store/idb-store.ts'
import { HttpSource, type GivenTransport } from './stream/http-source.ts'

/** The browser as the engine's surroundings; in a worker, or in the page. */
export function browserEnv(transport: GivenTransport = {}): EngineEnv {
  const clock: EngineEnv['clock'] = {
    after(delayMs, task) {
      const timer = setTimeout(task, delayMs)
      return () => {
        clearTimeout(timer)
      }
    },
  }
  return {
    clock,
    locks: webLocks(),
    random: () => Math.random(),
    newId,
    openStore: (name, durability) => IdbStore.open(name, durability, clock),
    createSource: (settings, ask) => new HttpSource(settings, ask, transport),
  }
}

/** `crypto.randomUUID` is missing outside of secure contexts; `getRandomValues` is not. */
export function newId(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('')
}

/**
 * Web Locks. Where there are none (insecure contexts, Node) every lock is granted, and the fence in each commit is what
 * keeps a second writer out.
 */
function webLocks(): Locks {
  const locks = lockManager()
  if (!locks) {
    const granted = (): Promise<{ release(): void }> => Promise.resolve({ release: () => undefined })
    return { take: granted, wait: granted }
  }
  const request = (name: string, options: LockOptions): Promise<{ release(): void } | null> =>
    new Promise((resolve, reject) => {
      locks
        .request(name, options, (lock) => {
          if (!lock) {
            resolve(null)
            return undefined
          }
          return new Promise<void>((release) => {
            resolve({ release })
          })
        })
        .catch(reject)
    })
  return {
    take: (name) => request(name, { ifAvailable: true }),
    wait: async (name, signal) => (await request(name, { signal }))!,
  }
}

const lockManager = (): LockManager | undefined => (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks

/** Holds a lock of a fresh name until this worker ends; the name, or null where there are no locks. */
export function holdAliveLock(prefix: string): Promise<string | null> {
  const locks = lockManager()
  if (!locks) return Promise.resolve(null)
  const name = `${prefix}:alive:${newId()}`
  return new Promise((resolve) => {
    locks
      .request(name, () => {
        resolve(name)
        return new Promise(() => undefined)
      })
      .catch(() => {
        resolve(null)
      })
  })
}
