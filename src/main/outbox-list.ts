import { hookFailed, type ErrorData } from '../shared/errors.ts'
import type { OutboxNews, PendingWrite } from '../shared/write.ts'
import type { OutboxCall } from './outbox-calls.ts'
import { SnapshotStore } from './snapshot-store.ts'

/**
 * The pending writes of all tabs that share the engine, oldest first. One function reads the list and another subscribes, as React's
 * `useSyncExternalStore` wants them. The functions need no `this`.
 */
export interface OutboxStore {
  /** The present list: the same array until it changes. */
  getSnapshot: () => ReadonlyArray<PendingWrite>
  /** The empty list; always the same array. */
  getServerSnapshot: () => ReadonlyArray<PendingWrite>
  /** A Svelte store, or an observable: calls `run` with the list at once, and at each change. */
  readonly store: { subscribe: (run: (writes: ReadonlyArray<PendingWrite>) => void) => () => void }
  /** Calls `listener` at each change. @returns a function that unsubscribes */
  subscribe: (listener: () => void) => () => void
  /**
   * Sends a parked write again: in its old place, before later writes that are not sent yet. Resolves with false when there is no
   * such write.
   * @throws SidestreamError `STORAGE_FAILED` when it is done, but the next worker may not know of it; `INVALID_ARGUMENT`,
   *   `WORKER_DIED`, `CLOSED`, `WORKER_START_FAILED`, `VERSION_MISMATCH`, `INVALID_OPTIONS` (a relative URL without a document)
   */
  retry: (id: string) => Promise<boolean>
  /**
   * Gives up a write that is parked, or that was not sent yet; its changes are taken back. Resolves with false when there is no such
   * write: a write that was sent may have arrived.
   * @throws SidestreamError as {@link retry}
   */
  discard: (id: string) => Promise<boolean>
}

export interface OutboxListOptions {
  readonly ask: (id: unknown, call: OutboxCall) => Promise<boolean>
  readonly onRejected: ((write: PendingWrite) => unknown) | undefined
  /** A function of the application threw. */
  readonly report: (error: ErrorData) => void
}

const NONE: ReadonlyArray<PendingWrite> = []

export class OutboxList extends SnapshotStore<ReadonlyArray<PendingWrite>> implements OutboxStore {
  readonly #options: OutboxListOptions
  /** By id, in order. */
  readonly #writes = new Map<string, PendingWrite>()
  /** Null when the list has changed since it was read. */
  #snapshot: ReadonlyArray<PendingWrite> | null = NONE

  constructor(options: OutboxListOptions) {
    super('an outbox listener', NONE)
    this.#options = options
  }

  readonly getSnapshot = (): ReadonlyArray<PendingWrite> => (this.#snapshot ??= [...this.#writes.values()])

  readonly retry = (id: string): Promise<boolean> => this.#options.ask(id, 'retry')

  readonly discard = (id: string): Promise<boolean> => this.#options.ask(id, 'discard')

  apply(news: OutboxNews): void {
    if (this.#change(news)) {
      this.#snapshot = null
      const failure = this.tell()
      if (failure) this.#options.report(failure)
    }
    for (const id of news.rejected) {
      const write = this.#writes.get(id)
      if (write) this.#rejected(write)
    }
  }

  /** @returns whether the list has changed */
  #change({ reset, added, changed, removed }: OutboxNews): boolean {
    let isChanged = reset && this.#writes.size > 0
    if (reset) this.#writes.clear()
    for (const write of added) this.#writes.set(write.id, write)
    isChanged ||= added.length > 0
    for (const progress of changed) {
      const write = this.#writes.get(progress.id)
      // The write keeps its place.
      if (write) this.#writes.set(progress.id, { ...write, ...progress })
      isChanged ||= write !== undefined
    }
    for (const id of removed) if (this.#writes.delete(id)) isChanged = true
    return isChanged
  }

  #rejected(write: PendingWrite): void {
    const onError = (error: unknown): void => {
      this.#options.report(hookFailed('onRejected', error))
    }
    try {
      const result = this.#options.onRejected?.(write)
      if (result instanceof Promise) result.catch(onError)
    } catch (error) {
      onError(error)
    }
  }
}
