type Granted = (lock: object) => unknown

/** What a page needs of `navigator.locks` to learn of a worker's death. */
export class AliveLocks {
  readonly #waiting = new Map<string, Set<() => void>>()
  #names = 0

  /** A lock that is held from now on. */
  hold(): string {
    this.#names += 1
    const name = `alive:${String(this.#names)}`
    this.#waiting.set(name, new Set())
    return name
  }

  release(name: string): void {
    const waiting = this.#waiting.get(name)
    this.#waiting.delete(name)
    for (const grant of waiting ?? []) grant()
  }

  /** As `LockManager.request`; any lock but those that are held is granted. */
  readonly request = (name: string, options: LockOptions | Granted, callback?: Granted): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const { signal } = options as LockOptions
      const grant = (): void => {
        if (signal?.aborted) return
        resolve((callback ?? (options as Granted))({ name, mode: 'exclusive' }))
      }
      const waiting = this.#waiting.get(name)
      if (!waiting) {
        queueMicrotask(grant)
        return
      }
      waiting.add(grant)
      const abort = (): void => {
        waiting.delete(grant)
        reject(new DOMException('aborted', 'AbortError'))
      }
      signal?.addEventListener('abort', abort, { once: true })
    })
}
