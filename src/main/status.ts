import { hookFailed, type ErrorData } from '../shared/errors.ts'
import { INITIAL_ENGINE_STATUS, type EngineHome, type StreamDBStatus } from '../shared/status.ts'

/**
 * Readable as a snapshot and subscribable: fit for React's `useSyncExternalStore`, and for whatever takes a function that
 * subscribes and one that reads. The functions can be taken off the object.
 */
export interface StatusStore {
  /** The same object until something changes. */
  getSnapshot: () => StreamDBStatus
  /**
   * The status before anything was asked for, always the same object: what a server renders, and what a browser takes up its
   * HTML with.
   */
  getServerSnapshot: () => StreamDBStatus
  /**
   * As a Svelte store, and an observable, has it: calls `run` with the status now, and at each change.
   * @returns unsubscribes
   */
  readonly store: { subscribe: (run: (status: StreamDBStatus) => void) => () => void }
  /** @returns unsubscribes */
  subscribe: (listener: () => void) => () => void
}

export class Status implements StatusStore {
  #snapshot: StreamDBStatus
  readonly #first: StreamDBStatus
  readonly #listeners = new Set<{ listener: () => void }>()
  /** The listeners are being called: a change that one of them makes is told when all have been. */
  #isTelling = false
  #isNews = false

  /** @param where the engine is going to run */
  constructor(where: EngineHome = 'page') {
    this.#snapshot = { ...INITIAL_ENGINE_STATUS, stale: false, fallbacks: {}, where }
    this.#first = this.#snapshot
  }

  readonly getSnapshot = (): StreamDBStatus => this.#snapshot

  readonly getServerSnapshot = (): StreamDBStatus => this.#first

  readonly store: StatusStore['store'] = {
    subscribe: (run) => {
      const unsubscribe = this.subscribe(() => {
        run(this.#snapshot)
      })
      run(this.#snapshot)
      return unsubscribe
    },
  }

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
    this.#isNews = true
    if (this.#isTelling) return
    this.#isTelling = true
    const failure = this.#tell()
    // Told once: a listener that fails at that as well must not keep this going.
    if (failure) {
      this.#snapshot = { ...this.#snapshot, lastError: failure }
      this.#isNews = true
      this.#tell()
    }
    this.#isTelling = false
  }

  /** Calls the listeners, and again when one has changed the status. @returns how the first one failed, or null */
  #tell(): ErrorData | null {
    let failure: ErrorData | null = null
    while (this.#isNews) {
      this.#isNews = false
      for (const own of [...this.#listeners]) {
        // One before it may have unsubscribed it.
        if (!this.#listeners.has(own)) continue
        try {
          own.listener()
        } catch (error) {
          failure ??= hookFailed('a status listener', error)
        }
      }
    }
    return failure
  }
}
