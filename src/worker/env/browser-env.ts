import type { EngineEnv } from '../ports.ts'
import { browserStorage, lockManager } from './browser-storage.ts'
import { IdbStore } from '../store/idb-store.ts'
import type { SendWrite } from '../../shared/send-write.ts'
import { BackendSource } from '../stream/backend-source.ts'
import { HttpSource, type GivenTransport } from '../stream/http-source.ts'
import { webSealing } from './web-sealing.ts'

/** The browser as the engine's surroundings; in a worker, or in the page. */
export function browserEnv(transport: GivenTransport & { readonly send?: SendWrite | undefined } = {}): EngineEnv {
  const storage = browserStorage()
  return {
    ...storage,
    sealing: webSealing,
    newId,
    openStore: (name, durability) => IdbStore.open(name, durability, storage.clock),
    createSource: (settings, ask) => {
      const stream = new HttpSource(settings, ask, transport)
      const { send } = transport
      return send ? new BackendSource(stream, ask, send) : stream
    },
  }
}

/** `crypto.randomUUID` is missing outside of secure contexts; `getRandomValues` is not. */
export function newId(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('')
}

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
