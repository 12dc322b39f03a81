/** The present session of each StreamDB: when it opens another one, the former is over, whether it was told so or not. */
export class Clients {
  readonly #sessions = new Map<string, AbortController>()

  /** @param gone ends the session */
  enter(client: string, gone: AbortController): void {
    this.#sessions.get(client)?.abort()
    this.#sessions.set(client, gone)
    gone.signal.addEventListener('abort', () => {
      if (this.#sessions.get(client) === gone) this.#sessions.delete(client)
    })
  }
}
