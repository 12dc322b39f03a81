import { describe, SidestreamError } from '../shared/errors.ts'

/** Code that a page which only reads does not need, and that is loaded at its first use: a file of its own (docs/decisions/0037). */
export class Part<T> {
  /** The code; null until it is there. */
  code: T | null = null
  readonly #import: () => Promise<T>
  #loading: Promise<T> | null = null

  constructor(load: () => Promise<T>) {
    this.#import = load
  }

  /**
   * A load that fails rejects the calls that wait for it; the next call tries again.
   * @throws SidestreamError `WORKER_START_FAILED`, retryable
   */
  load(): Promise<T> {
    return (this.#loading ??= Promise.resolve(this.code ?? this.#import()).then(
      (code) => (this.code = code),
      (error: unknown) => {
        this.#loading = null
        throw new SidestreamError('WORKER_START_FAILED', `a part of the code cannot be loaded: ${describe(error)}`, { retryable: true, cause: error })
      },
    ))
  }
}
