/**
 * Whether a tab has signed out: the cache was cleared, and the application has not called `reconnect()` since. The engine's messages
 * say so, and so do the tab's own calls, whose effect the engine may not have told yet when it is lost. A tab has one message in
 * flight, so after such a call one message may still say what was before it.
 */
export class ClearedMark {
  #isCleared: boolean
  #mayBeOutdated = false

  constructor(isCleared = false) {
    this.#isCleared = isCleared
  }

  get isCleared(): boolean {
    return this.#isCleared
  }

  /** A call of this tab has succeeded. */
  set(isCleared: boolean): void {
    this.#isCleared = isCleared
    this.#mayBeOutdated = true
  }

  /** A message of the engine has come. */
  told(isCleared: boolean): void {
    const isOutdated = this.#mayBeOutdated && isCleared !== this.#isCleared
    this.#mayBeOutdated = false
    if (!isOutdated) this.#isCleared = isCleared
  }
}
