import { hookFailed, type ErrorData } from '../shared/errors.ts'

/** A value that the application reads, and its listeners. The functions need no `this`. */
export abstract class SnapshotStore<T> {
  readonly #listeners = new Set<{ listener: () => void }>()
  readonly #name: string
  readonly #first: T

  /** @param name of a listener, for reports. @param first the value before the StreamDB has connected */
  constructor(name: string, first: T) {
    this.#name = name
    this.#first = first
  }

  abstract readonly getSnapshot: () => T

  readonly getServerSnapshot = (): T => this.#first

  readonly store = {
    subscribe: (run: (value: T) => void): (() => void) => {
      const unsubscribe = this.subscribe(() => {
        run(this.getSnapshot())
      })
      run(this.getSnapshot())
      return unsubscribe
    },
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    // A new object, so that one listener can subscribe twice.
    const own = { listener }
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
    }
  }

  /** Calls all listeners, also when some throw. @returns the first failure, or null */
  protected tell(): ErrorData | null {
    let failure: ErrorData | null = null
    for (const own of [...this.#listeners]) {
      // An earlier listener may have unsubscribed this one.
      if (!this.#listeners.has(own)) continue
      try {
        own.listener()
      } catch (error) {
        failure ??= hookFailed(this.#name, error)
      }
    }
    return failure
  }
}
