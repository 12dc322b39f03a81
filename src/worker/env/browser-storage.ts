import type { Channel, Clock, Lock, Locks, StorageEnv } from '../ports.ts'
import { IdbOutbox } from '../store/idb-outbox.ts'
import { IdbRegistry } from '../store/idb-registry.ts'
import { deleteIdbStore } from '../store/idb-store.ts'

/** The browser's storage, locks and channels; in a worker, or in the page. */
export function browserStorage(): StorageEnv {
  const clock: Clock = {
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
    registry: new IdbRegistry(clock),
    wallNow: () => Date.now(),
    random: () => Math.random(),
    openChannel,
    openOutbox: (name) => IdbOutbox.open(name, clock),
    deleteStore: (name) => deleteIdbStore(name, clock),
    storeNames,
  }
}

/** Not every browser lists its databases, and a browser that can list them may refuse. */
async function storeNames(): Promise<string[]> {
  if (typeof indexedDB === 'undefined' || typeof indexedDB.databases !== 'function') return []
  return (await indexedDB.databases()).flatMap(({ name }) => (name === undefined ? [] : [name]))
}

/**
 * Web Locks. Where there are none (insecure contexts, Node), every lock is granted, and the check of the claim in each commit
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
          // Before the lock is granted: the wait was aborted, or refused. Afterwards: the lock was stolen.
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

export const lockManager = (): LockManager | undefined => (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks

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
