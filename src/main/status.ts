import { hookFailed } from '../shared/errors.ts'
import { INITIAL_ENGINE_STATUS, type EngineHome, type StreamDBStatus } from '../shared/status.ts'

/** Readable as a snapshot and subscribable: fit for React's `useSyncExternalStore`. */
export interface StatusStore {
  /** The same object until something changes. */
  getSnapshot: () => StreamDBStatus
  /** @returns unsubscribes */
  subscribe: (listener: () => void) => () => void
}

export class Status implements StatusStore {
  #snapshot: StreamDBStatus
  readonly #listeners = new Set<{ listener: () => void }>()

  /** @param where the engine is going to run */
  constructor(where: EngineHome = 'page') {
    this.#snapshot = { ...INITIAL_ENGINE_STATUS, stale: false, fallbacks: {}, where }
  }

  readonly getSnapshot = (): StreamDBStatus => this.#snapshot

  readonly subscribe = (listener: () => void): (() => void) => {
    // An object of its own, so that subscribing one listener twice makes two subscriptions.
    const own = { listener }
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
    }
  }

  set(change: Partial<StreamDBStatus>): void {
    const next = { ...this.#snapshot, ...change }
    if (JSON.stringify(next) === JSON.stringify(this.#snapshot)) return
    this.#snapshot = next
    for (const { listener } of [...this.#listeners]) {
      try {
        listener()
      } catch (error) {
        this.set({ lastError: hookFailed('a status listener', error) })
      }
    }
  }
}
