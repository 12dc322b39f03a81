import type { ConnectMessage } from '../../../src/shared/calls.ts'
import { browserEnv } from '../../../src/worker/env/browser-env.ts'
import type { EngineEnv, Lock, Locks, QueryEngine } from '../../../src/worker/ports.ts'
import { Host } from '../../../src/worker/host.ts'
import { accept } from '../../../src/worker/tabs/comlink.ts'
import type { AliveLocks } from './alive-locks.ts'

/** A shared worker without a thread: the same engine, reached by the same ports, for every tab that is given `worker`. */
export class EngineProcess {
  readonly #transport: typeof fetch
  readonly #locks: AliveLocks
  readonly #queries: QueryEngine | null
  #life: Life

  constructor(transport: typeof fetch, locks: AliveLocks, queries: QueryEngine | null = null) {
    this.#transport = transport
    this.#locks = locks
    this.#queries = queries
    this.#life = new Life(transport, locks, queries)
  }

  readonly worker = (): SharedWorker => {
    const life = this.#life
    const port = {
      start: () => undefined,
      close: () => undefined,
      postMessage: (message: ConnectMessage) => {
        life.connect(message)
      },
    }
    return { port, addEventListener: () => undefined, removeEventListener: () => undefined } as unknown as SharedWorker
  }

  /** The worker dies, and every tab notices. The next one that is made is another. */
  kill(): void {
    this.#life.end()
    this.#life = new Life(this.#transport, this.#locks, this.#queries)
  }
}

/** One worker, from its start to its death. */
class Life {
  readonly #host: Host
  readonly #aliveLock: string
  readonly #locks: AliveLocks
  #isOver = false

  constructor(transport: typeof fetch, locks: AliveLocks, queries: QueryEngine | null) {
    this.#locks = locks
    this.#aliveLock = locks.hold()
    const guarded: typeof fetch = async (input, init) => {
      const response = await transport(input, init)
      return this.#isOver ? new Promise<never>(() => undefined) : response
    }
    const env = browserEnv({ fetch: guarded })
    this.#host = new Host({ ...env, clock: fast(env.clock), locks: GRANTED } satisfies EngineEnv, () => new Map(), () => null, undefined, () => queries)
  }

  connect(message: ConnectMessage): void {
    if (!this.#isOver) accept(this.#host.at({ where: 'shared-worker', aliveLock: this.#aliveLock }), message)
  }

  end(): void {
    this.#isOver = true
    this.#locks.release(this.#aliveLock)
  }
}

/** The engine's pauses are for networks and people, and here are neither. */
const SPEED = 100

const fast = (clock: EngineEnv['clock']): EngineEnv['clock'] => ({
  now: () => clock.now() * SPEED,
  after: (delayMs, task) => clock.after(delayMs / SPEED, task),
})

/** As where there are no locks, but that no tab is ever taken to be gone. */
const granted = (): Promise<Lock> => Promise.resolve({ release: () => undefined, lost: new Promise(() => undefined) })
const GRANTED: Locks = { areReal: false, take: granted, wait: () => new Promise(() => undefined), steal: granted }
