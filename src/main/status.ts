import type { ErrorData } from '../shared/errors.ts'
import { INITIAL_TAB_STATUS, type EngineHome, type StreamDBStatus } from '../shared/status.ts'
import { SnapshotStore } from './snapshot-store.ts'

/**
 * A store of the status: a function that reads it and a function that subscribes, as React's `useSyncExternalStore` wants them.
 * The functions work without the object.
 */
export interface StatusStore {
  /** The present status: the same object until a field changes. */
  getSnapshot: () => StreamDBStatus
  /**
   * The first status, before the StreamDB has connected; always the same object. A server renders it, and the browser hydrates
   * the server's HTML with it.
   */
  getServerSnapshot: () => StreamDBStatus
  /**
   * A Svelte store, or an observable: calls `run` with the status at once, and at each change.
   * `subscribe` returns a function that unsubscribes.
   */
  readonly store: { subscribe: (run: (status: StreamDBStatus) => void) => () => void }
  /** Calls `listener` at each change. @returns a function that unsubscribes */
  subscribe: (listener: () => void) => () => void
}

export class Status extends SnapshotStore<StreamDBStatus> implements StatusStore {
  #snapshot: StreamDBStatus
  /** The listeners are being called. When one of them changes the status, all are called again afterwards. */
  #isTelling = false
  #isNews = false

  /** @param where where the engine will run */
  constructor(where: EngineHome = 'page') {
    const first = { ...INITIAL_TAB_STATUS, stale: false, fallbacks: {}, where }
    super('a status listener', first)
    this.#snapshot = first
  }

  readonly getSnapshot = (): StreamDBStatus => this.#snapshot

  set(change: Partial<StreamDBStatus>): void {
    const next = { ...this.#snapshot, ...change }
    if (JSON.stringify(next) === JSON.stringify(this.#snapshot)) return
    this.#snapshot = next
    this.#isNews = true
    if (this.#isTelling) return
    this.#isTelling = true
    const failure = this.#tellAll()
    // Reported once: a listener that always throws must not cause an endless loop.
    if (failure) {
      this.#snapshot = { ...this.#snapshot, lastError: failure }
      this.#isNews = true
      this.#tellAll()
    }
    this.#isTelling = false
  }

  /** Calls the listeners, and again when one of them has changed the status. @returns the first failure, or null */
  #tellAll(): ErrorData | null {
    let failure: ErrorData | null = null
    while (this.#isNews) {
      this.#isNews = false
      const own = this.tell()
      failure ??= own
    }
    return failure
  }
}
