import type { Channel, EngineEnv, Lock, Locks } from './env.ts'
import { IdbStore } from './store/idb-store.ts'
import { HttpSource, type GivenTransport } from './stream/http-source.ts'
import { webSealing } from './web-sealing.ts'

/** The browser as the engine's surroundings; in a worker, or in the page. */
export function browserEnv(transport: GivenTransport = {}): EngineEnv {
  const clock: EngineEnv['clock'] = {
    // Unlike the wall clock it never goes back; unlike `performance.now()` it is the same in all workers.
    now: () => performance.timeOrigin + performance.now(),
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
    sealing: webSealing,
    wallNow: () => Date.now(),
    random: () => Math.random(),
    newId,
    openChannel,
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
    const granted = (): Promise<Lock> => Promise.resolve({ release: () => undefined, lost: new Promise(() => undefined) })
    return { areReal: false, take: granted, wait: granted, steal: granted }
  }
  const request = (name: string, options: LockOptions): Promise<Lock | null> =>
    new Promise((resolve, reject) => {
      let lose = (): void => undefined
      const lost = new Promise<void>((settle) => {
        lose = settle
      })
      locks
        .request(name, options, (lock) => {
          if (!lock) {
            resolve(null)
            return undefined
          }
          return new Promise<void>((release) => {
            resolve({ release, lost })
          })
        })
        .catch((error: unknown) => {
          // While it is waited for: aborted, or refused. Afterwards: stolen.
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the browser's own
          reject(error)
          lose()
        })
    })
  return {
    areReal: true,
    take: (name) => request(name, { ifAvailable: true }),
    wait: async (name, signal) => (await request(name, { signal }))!,
    steal: async (name, others) => {
      const { held = [] } = await locks.query()
      const holder = held.find((lock) => lock.name === name)?.clientId
      const stolen = (await request(name, { steal: true }))!
      for (const other of others) {
        if (holder === undefined || !held.some((lock) => lock.name === other && lock.clientId === holder)) continue
        ;(await request(other, { steal: true }))?.release()
      }
      return stolen
    },
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

function openChannel(name: string, onMessage: (message: unknown) => void): Channel | null {
  if (typeof BroadcastChannel === 'undefined' || !lockManager()) return null
  const channel = new BroadcastChannel(name)
  channel.addEventListener('message', ({ data }) => {
    onMessage(data)
  })
  return {
    post: (message) => {
      channel.postMessage(message)
    },
    close: () => {
      channel.close()
    },
  }
}
