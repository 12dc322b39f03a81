import { hookFailed, type ErrorData } from '../shared/errors.ts'
import type { StateEvent } from '../shared/events.ts'
import type { DiffBatch, StreamBatch } from '../shared/batch.ts'
import type { CreateStreamDBOptions, JsonBatch } from './options.ts'

type Hooks = Pick<CreateStreamDBOptions, 'onEvent' | 'onBeforeBatch' | 'onBatch' | 'onInvalid'>

/** Calls the application's hooks. A hook that throws is reported, and stops nothing. */
export class StreamHooks {
  readonly #hooks: Hooks
  readonly #onError: (error: ErrorData) => void

  /** Batches whose rows are not all in the collections yet. */
  readonly #unfinished: StreamBatch[] = []
  readonly #handed = new WeakMap<StreamBatch, JsonBatch<StateEvent>>()
  /** Offsets of stream batches that came with a diff which the tab refused: the engine sends these batches again first. */
  #repeated: ReadonlyArray<string> = []

  constructor(hooks: Hooks, onError: (error: ErrorData) => void) {
    this.#hooks = hooks
    this.#onError = onError
  }

  /** Whether the engine has to send raw batches to this tab. */
  get wantsEvents(): boolean {
    const { onEvent, onBeforeBatch, onBatch } = this.#hooks
    return Boolean(onEvent ?? onBeforeBatch ?? onBatch)
  }

  /** Calls the hooks that come before the rows of a diff. */
  before({ events }: DiffBatch): void {
    const { onBeforeBatch, onEvent } = this.#hooks
    const repeated = this.#repeated
    this.#repeated = []
    const firstNew = events.findIndex(({ offset }, index) => offset !== repeated[index])
    for (const batch of firstNew < 0 ? [] : events.slice(firstNew)) {
      this.#guard('onBeforeBatch', () => onBeforeBatch?.(this.#jsonBatch(batch)))
      for (const event of batch.changes) this.#guard('onEvent', () => onEvent?.(event))
    }
  }

  /** The tab has refused the diff. */
  refused({ events }: DiffBatch): void {
    this.#repeated = events.map(({ offset }) => offset)
  }

  /** Another engine sends only batches that it has read itself, so none is repeated. */
  follow(): void {
    this.#repeated = []
  }

  /** Calls the hooks that come after the rows of a diff. */
  after({ events, invalid, diffs, last }: DiffBatch): void {
    const { onBatch, onInvalid } = this.#hooks
    if (onBatch) this.#unfinished.push(...events)
    // The rows of a diff in parts are in the collections after its last part. A batch without rows waits for no part.
    if (last || (this.#unfinished.length === events.length && diffs.length === 0)) {
      for (const batch of this.#unfinished.splice(0)) this.#guard('onBatch', () => onBatch?.(this.#jsonBatch(batch)))
    }
    for (const report of invalid) this.#guard('onInvalid', () => onInvalid?.(report))
  }

  /** The batch in the client's form, one object for each batch. Its items are as they were read, and may be malformed. */
  #jsonBatch(batch: StreamBatch): JsonBatch<StateEvent> {
    const known = this.#handed.get(batch)
    if (known) return known
    const { items, offset, upToDate, cursor, streamClosed } = batch
    const handed = { items: items as ReadonlyArray<StateEvent>, offset, upToDate, cursor, streamClosed } as JsonBatch<StateEvent>
    this.#handed.set(batch, handed)
    return handed
  }

  #guard(name: string, call: () => unknown): void {
    const onError = (error: unknown): void => {
      this.#onError(hookFailed(name, error))
    }
    try {
      const result = call()
      if (result instanceof Promise) result.catch(onError)
    } catch (error) {
      onError(error)
    }
  }
}
