import { type Hello, PROTOCOL_VERSION, type TabContract } from '../../src/shared/calls.ts'
import type { StreamSettings } from '../../src/shared/settings.ts'
import { type Channel, type EngineEnv, NoStorageError, type Lock, type Locks, type OutboxStore, type RequestAsker, type Store, type StreamSource } from '../../src/worker/ports.ts'
import { Host } from '../../src/worker/host.ts'
import { Team } from '../../src/worker/leadership/team.ts'
import { MemoryRegistry } from '../../src/worker/store/memory-registry.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { PlainSealing } from './plain-sealing.ts'
import { newTab } from './tab-description.ts'

export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The part of a source that gets no requests of an outbox. */
export const NO_OUTBOX: Pick<StreamSource, 'send' | 'noticesRepetition'> = { send: () => Promise.reject(new Error('no outbox here')), noticesRepetition: true }

/** Workers of one origin: channels, locks and a clock between them, all in this process and at once. */
export class Origin {
  readonly clock = new ManualClock()
  readonly sealing = new PlainSealing()
  readonly registry = new MemoryRegistry()
  /** All that was said on channels. */
  readonly said: Array<{ readonly channel: string; readonly message: unknown }> = []
  readonly lockNames = new Set<string>()
  steals = 0
  readonly #listeners = new Map<string, Set<{ readonly worker: string; readonly hear: (message: unknown) => void }>>()
  /** Lock → tells its holder that it was stolen. */
  readonly #held = new Map<string, () => void>()
  readonly #waiting: Array<{ readonly name: string; readonly grant: () => void }> = []
  /** What frozen workers are going to do when they thaw. */
  readonly #missed = new Map<string, Array<() => void>>()
  #ids = 0

  /** Time passes, timer by timer. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      this.clock.advance(50)
      await settled()
    }
  }

  freeze(worker: string): void {
    this.#missed.set(worker, [])
  }

  thaw(worker: string): void {
    const missed = this.#missed.get(worker) ?? []
    this.#missed.delete(worker)
    for (const task of missed) task()
  }

  #run(worker: string, task: () => void): void {
    const missed = this.#missed.get(worker)
    if (missed) missed.push(task)
    else task()
  }

  /** Locks that are held now. */
  get held(): string[] {
    return [...this.#held.keys()]
  }

  get channelNames(): string[] {
    return [...this.#listeners].flatMap(([name, { size }]) => (size > 0 ? [name] : []))
  }

  /** Something of the origin says something. */
  say(channel: string, message: unknown, worker = 'a stranger'): void {
    this.said.push({ channel, message })
    for (const listener of [...(this.#listeners.get(channel) ?? [])]) {
      if (listener.worker === worker) continue
      const data = structuredClone(message)
      queueMicrotask(() => {
        this.#run(listener.worker, () => {
          if (this.#listeners.get(channel)?.has(listener)) listener.hear(data)
        })
      })
    }
  }

  #open(worker: string, name: string, hear: (message: unknown) => void): Channel {
    const listener = { worker, hear }
    const all = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, all.add(listener))
    return {
      post: (message) => {
        this.say(name, message, worker)
      },
      close: () => {
        all.delete(listener)
      },
    }
  }

  #locks(): Locks {
    const hold = (name: string): Lock => {
      let lose: () => void = () => undefined
      const lost = new Promise<void>((resolve) => (lose = resolve))
      this.#held.set(name, lose)
      this.lockNames.add(name)
      return {
        lost,
        release: () => {
          // It may be another one's by now.
          if (this.#held.get(name) !== lose) return
          this.#held.delete(name)
          const index = this.#waiting.findIndex((entry) => entry.name === name)
          if (index >= 0) this.#waiting.splice(index, 1)[0]!.grant()
        },
      }
    }
    return {
      areReal: true,
      take: (name) => Promise.resolve(this.#held.has(name) ? null : hold(name)),
      wait: (name, signal) =>
        new Promise((resolve, reject) => {
          const entry = { name, grant: (): void => { resolve(hold(name)) } }
          signal.addEventListener('abort', () => {
            if (this.#waiting.includes(entry)) this.#waiting.splice(this.#waiting.indexOf(entry), 1)
            reject(new Error('aborted'))
          })
          if (this.#held.has(name)) this.#waiting.push(entry)
          else resolve(hold(name))
        }),
      steal: (name) => {
        this.steals += 1
        this.#held.get(name)?.()
        return Promise.resolve(hold(name))
      },
    }
  }

  /** A worker, and how it asks for headers and params. @param given parts of its surroundings that are to be others */
  worker(name: string, given: Partial<EngineEnv> = {}): { readonly team: Team; readonly host: Host; readonly asks: RequestAsker[] } {
    const asks: RequestAsker[] = []
    const env = this.env(name, given, asks)
    const host = new Host(env, () => new Map())
    return { host, asks, team: new Team({ env, host, aliveLock: null, version: '1' }) }
  }

  /** The surroundings of a worker. */
  env(name: string, given: Partial<EngineEnv> = {}, asks: RequestAsker[] = []): EngineEnv {
    return {
      clock: { now: () => this.clock.now(), after: (ms, task) => this.clock.after(ms, () => { this.#run(name, task) }) },
      wallNow: () => this.clock.now(),
      locks: this.#locks(),
      sealing: this.sealing,
      registry: this.registry,
      deleteStore: () => Promise.resolve(),
      storeNames: () => Promise.resolve([]),
      random: () => 0,
      newId: () => `id${String((this.#ids += 1))}`,
      openChannel: (channel, hear) => this.#open(name, channel, hear),
      openStore: (): Promise<Store> => Promise.reject(new Error('no storage here')),
      openOutbox: (): Promise<OutboxStore> => Promise.reject(new NoStorageError('no storage here')),
      createSource: (_, ask) => {
        asks.push(ask)
        return {
          read: ({ signal, onBatch }) =>
            new Promise((resolve) => {
              signal.addEventListener('abort', () => { resolve('aborted') })
              void onBatch({ items: [], offset: '0', upToDate: true, streamClosed: false })
            }),
          append: () => Promise.resolve(),
          ...NO_OUTBOX,
          end: () => Promise.resolve(null),
        }
      },
      ...given,
    }
  }
}

export const anySettings: StreamSettings = {
  url: 'http://s/stream?key=canary-url', scope: 'canary-scope', collections: [{ name: 'users', type: 'user', primaryKey: 'id' }],
  live: true, contentType: null, batching: true, backoff: null, cache: { durability: 'relaxed', version: '', keepUnusedMs: null }, pauseWhenHidden: null, silenceTimeoutMs: 45_000,
}

export const anyHello = (client: string, given: Partial<Hello> = {}): Hello => ({
  version: PROTOCOL_VERSION, client, settings: anySettings, request: null, wantsEvents: false, wantsRejected: false, tabLock: null,
  tab: newTab(),
  ...given,
})

/** A tab that accepts every call. */
export const anyTab = (given: Partial<TabContract> = {}): TabContract => ({
  apply: () => Promise.resolve('applied'),
  status: () => undefined,
  outbox: () => undefined,
  requestValues: () => Promise.resolve({ ok: true, value: { headers: {}, params: {} } }),
  ...given,
})
