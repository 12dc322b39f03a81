import { hookFailed, type ErrorData } from '../shared/errors.ts'

/** The application's listeners of a store. */
export class Listeners {
  readonly #listeners = new Set<{ listener: () => void }>()
  readonly #name: string

  /** @param name of a listener, for reports */
  constructor(name: string) {
    this.#name = name
  }

  /** @returns a function that removes it */
  add(listener: () => void): () => void {
    // A new object, so that one listener can subscribe twice.
    const own = { listener }
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
    }
  }

  /** Calls all of them, also when some throw. @returns the first failure, or null */
  tell(): ErrorData | null {
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
