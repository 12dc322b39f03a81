import { createStreamDB } from '../../../src/main/create-stream-db.ts'
import type { StreamDB } from '../../../src/main/options.ts'
import type { ConnectionState } from '../../../src/shared/status.ts'
import { itemEvents, schema } from '../../support/schema.ts'
import { startStreamServer, type Fault, type StreamServer } from '../../support/stream-server.ts'
import { inProcessWorker } from './in-process-worker.ts'

const PATH = '/s'
/** An answer that ends, although its type is that of a stream that does not. */
export const WHOLE_HEADER = 'x-whole'

export interface WorldOptions {
  readonly seed: number
  readonly live?: 'sse' | undefined
  readonly onError?: (() => object) | undefined
}

/** One application, its engine, and a real server of its own behind a proxy. */
export class World {
  readonly server: StreamServer
  readonly url: string
  readonly db: StreamDB<typeof schema>
  /** What the status has said since {@link watch}, each state once. */
  readonly connections: ConnectionState[] = []
  /** ms from {@link watch} until a row was missing; null while none is */
  droppedAfterMs: number | null = null
  /** Swallows requests; null when nothing does. */
  swallowing: Fault | null = null
  /** Requests that the engine has made. */
  #made = 0
  /** Of the engine's one request: what had been swallowed, and how often the server had begun to wait, when it went out. */
  #underWay: { readonly swallowed: number; readonly waits: number } | null = null
  #waits = 0

  static async start(options: WorldOptions): Promise<World> {
    return new World(await startStreamServer(), options)
  }

  private constructor(server: StreamServer, { seed, live, onError }: WorldOptions) {
    this.server = server
    this.url = server.createStream(PATH)
    server.append(PATH, itemEvents(3), { perMessage: 1 })
    const wait = server.store.waitForMessages.bind(server.store)
    server.store.waitForMessages = (...args) => {
      this.#waits += 1
      return wait(...args)
    }
    this.db = createStreamDB({
      streamOptions: { url: this.url, contentType: 'application/json', ...(onError ? { onError } : {}) },
      state: schema,
      worker: inProcessWorker(this.#fetch, randomOf(seed)),
      cache: false,
      ...(live ? { live } : {}),
    })
  }

  /** A request is on its way that is neither swallowed nor waits for news. */
  get isBusy(): boolean {
    const request = this.#underWay
    return request !== null && this.#swallowed === request.swallowed && this.#waits === request.waits
  }

  /** Requests that have come to the server or, where nothing listens, that were tried. */
  get requests(): number {
    return Math.max(this.#made, this.server.log.count())
  }

  get tail(): string {
    return this.server.tailOffset(PATH)
  }

  /** Offset after the first event. */
  get firstOffset(): string {
    return this.server.store.read(PATH).messages[0]!.offset
  }

  /** Appends past the proxy: a request that waits for news is answered. */
  append(): void {
    this.server.append(PATH, itemEvents(1, 3))
  }

  /** Notes from now on what the user sees. */
  watch(): void {
    const { status, collections } = this.db
    const began = performance.now()
    const rows = collections.items.size
    const note = (): void => {
      const { connection } = status.getSnapshot()
      if (this.connections.at(-1) !== connection && !this.connections.includes(connection)) this.connections.push(connection)
      if (collections.items.size < rows) this.droppedAfterMs ??= performance.now() - began
    }
    note()
    status.subscribe(note)
    collections.items.subscribeChanges(note)
  }

  /** Settles when everything that was appended is shown. */
  atEnd(): Promise<void> {
    const { status } = this.db
    return new Promise((resolve) => {
      const check = (): void => {
        const { upToDate, stale, offset } = status.getSnapshot()
        if (!upToDate || stale || offset !== this.tail) return
        unsubscribe()
        resolve()
      }
      const unsubscribe = status.subscribe(check)
      check()
    })
  }

  async close(): Promise<void> {
    this.db.close()
    await this.server.close()
  }

  get #swallowed(): number {
    return this.swallowing?.hits ?? 0
  }

  readonly #fetch: typeof fetch = async (input, init) => {
    this.#made += 1
    const request = { swallowed: this.#swallowed, waits: this.#waits }
    this.#underWay = request
    try {
      const response = await fetch(input, init)
      const { status, headers } = response
      const isEndless = headers.get('content-type') === 'text/event-stream' && !headers.has(WHOLE_HEADER)
      return isEndless || status === 204 ? response : new Response(await response.arrayBuffer(), { status, headers })
    } finally {
      if (this.#underWay === request) this.#underWay = null
    }
  }
}

/** A linear congruential generator, in [0, 1). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
