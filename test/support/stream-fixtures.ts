import type { StreamStore } from '@durable-streams/server'

export interface AppendOptions {
  /**
   * Events a message. The server hands out offsets per message, so this decides how many places there are to resume
   * from. Default: all events in one.
   */
  readonly perMessage?: number
}

/** Streams made and filled in the server's own memory: 100,000 events are a matter of milliseconds. */
export class StreamFixtures {
  readonly store: StreamStore
  /** Tests of large streams ask for all events after each append. */
  readonly #parsed = new WeakMap<object, readonly unknown[]>()

  constructor(store: StreamStore) {
    this.store = store
  }

  create(path: string): void {
    this.store.create(path, { contentType: 'application/json' })
  }

  append(path: string, events: readonly unknown[], { perMessage = events.length }: AppendOptions = {}): string {
    const encoder = new TextEncoder()
    for (let start = 0; start < events.length; start += perMessage) {
      // The server flattens one level: the array is a message's framing, not an event.
      this.store.append(path, encoder.encode(JSON.stringify(events.slice(start, start + perMessage))), {
        contentType: 'application/json',
      })
    }
    return this.tailOffset(path)
  }

  delete(path: string): void {
    this.store.delete(path)
  }

  close(path: string): void {
    this.store.closeStream(path)
  }

  tailOffset(path: string): string {
    const offset = this.store.getCurrentOffset(path)
    if (offset === undefined) throw new Error(`No stream ${path}`)
    return offset
  }

  events(path: string): unknown[] {
    return this.store.read(path).messages.flatMap((message) => {
      const known = this.#parsed.get(message)
      if (known) return known
      const body = this.store.formatResponse(path, [message])
      const events = JSON.parse(new TextDecoder().decode(body)) as unknown[]
      this.#parsed.set(message, events)
      return events
    })
  }
}
