import { fromErrorData, hookFailed, type ErrorData } from '../shared/errors.ts'
import type { StreamOptions } from './options.ts'

/** The upper bound of the pause before the first retry, ms; it doubles with each retry that fails. */
const FIRST_BOUND_MS = 100
const LONGEST_BOUND_MS = 30_000

/** The result of an `onError` that wants a retry. */
export type Retry = Exclude<Awaited<ReturnType<NonNullable<StreamOptions['onError']>>>, void>

export interface OnErrorOptions {
  readonly onError: StreamOptions['onError']
  /** In [0, 1). */
  readonly random: () => number
  /** Runs a task after `delayMs`; the result cancels it. */
  readonly after: (delayMs: number, task: () => void) => () => void
  /** Gets the headers and params that `onError` returned; they are sent from now on. */
  readonly onAnswer: (retry: Retry) => void
  readonly retry: () => void
  /** The refusal is final. @param failure the report when `onError` threw; null when it returned nothing */
  readonly onStands: (failure: ErrorData | null) => void
}

/**
 * Calls the application's `onError` at a refusal. While `onError` decides, and while a retry is pending, the refusal is not final
 * and a pending `preload()` waits. Pauses between retries grow until there is progress, because an `onError` may always want a
 * retry and the server may always refuse.
 */
export class OnError {
  readonly #options: OnErrorOptions
  /** `none` no refusal is open · `asking` onError decides · `trying` a retry is scheduled or pending */
  #phase: 'none' | 'asking' | 'trying' = 'none'
  #retries = 0
  #cancel: (() => void) | null = null

  constructor(options: OnErrorOptions) {
    this.#options = options
  }

  /** Whether a refusal is not final yet. */
  get isOpen(): boolean {
    return this.#phase !== 'none'
  }

  /** The server has refused. */
  refused(error: ErrorData): void {
    const { onError } = this.#options
    if (!onError || this.#phase === 'asking') return
    this.#phase = 'asking'
    this.#cancel?.()
    Promise.resolve(fromErrorData(error))
      .then(onError)
      .then(
        (retry) => {
          if (retry) this.#try(retry)
          else this.#stand(null)
        },
        (failure: unknown) => {
          this.#stand(hookFailed('onError', failure))
        },
      )
  }

  /** The stream has been read further. */
  progress(): void {
    this.#retries = 0
    if (this.#phase === 'trying') this.#end()
  }

  close(): void {
    this.#end()
  }

  #try(retry: Retry): void {
    if (this.#phase !== 'asking') return
    this.#phase = 'trying'
    this.#options.onAnswer(retry)
    const boundMs = Math.min(LONGEST_BOUND_MS, FIRST_BOUND_MS * 2 ** Math.min(this.#retries, 16))
    this.#retries += 1
    this.#cancel = this.#options.after(boundMs * this.#options.random(), this.#options.retry)
  }

  #stand(failure: ErrorData | null): void {
    if (this.#phase !== 'asking') return
    this.#end()
    this.#options.onStands(failure)
  }

  #end(): void {
    this.#phase = 'none'
    this.#cancel?.()
    this.#cancel = null
  }
}
