/** The present session of each StreamDB. When a StreamDB opens another session, its former one ends. */
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
