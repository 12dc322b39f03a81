import type { StreamBatch } from '../../src/shared/batch.ts'
import { PROTOCOL_VERSION, type Hello } from '../../src/shared/calls.ts'
import type { StreamSettings } from '../../src/shared/settings.ts'
import { type EngineEnv, type Lock, NoStorageError, type ReadEnd, type ReadRequest, type RequestAsker, type StreamSource } from '../../src/worker/ports.ts'
import { Host } from '../../src/worker/host.ts'
import { MemoryRegistry } from '../../src/worker/store/memory-registry.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { NO_OUTBOX } from '../support/origin.ts'
import { PlainSealing } from '../support/plain-sealing.ts'
import { newTab } from '../support/tab-description.ts'

/** A stream that says what the test has it say. */
class ScriptedSource implements StreamSource {
  readonly settings: StreamSettings
  readonly ask: RequestAsker
  /** The read under way. */
  request: ReadRequest | null = null
  reads = 0
  #fail: (error: Error) => void = () => undefined

  constructor(settings: StreamSettings, ask: RequestAsker) {
    this.settings = settings
    this.ask = ask
  }

  get isRead(): boolean {
    return this.request !== null && !this.request.signal.aborted
  }

  read(request: ReadRequest): Promise<ReadEnd> {
    this.request = request
    this.reads += 1
    return new Promise((resolve, reject) => {
      this.#fail = reject
      request.signal.addEventListener('abort', () => { resolve('aborted') }, { once: true })
    })
  }

  append(): Promise<void> {
    return Promise.resolve()
  }

  readonly send = NO_OUTBOX.send
  readonly noticesRepetition = NO_OUTBOX.noticesRepetition

  end(): Promise<string | null> {
    return Promise.resolve(null)
  }

  fail(error: Error): void {
    this.#fail(error)
  }

  async deliver(items: ReadonlyArray<unknown>, offset: string): Promise<void> {
    await this.request!.onBatch({ items, offset, upToDate: true, streamClosed: false } satisfies StreamBatch)
  }
}

const granted = (): Promise<Lock> => Promise.resolve({ release: () => undefined, lost: new Promise(() => undefined) })

/** A host whose time, streams and tabs are the test's. Nothing is stored. */
export class ScriptedHost {
  readonly clock = new ManualClock()
  /** The streams of the engines so far. */
  readonly sources: ScriptedSource[] = []
  readonly env: EngineEnv
  readonly host: Host
  #ids = 0

  constructor() {
    this.env = {
      clock: this.clock,
      locks: { areReal: false, take: granted, wait: () => new Promise(() => undefined), steal: granted },
      random: () => 0.5,
      newId: () => `id${String((this.#ids += 1))}`,
      openChannel: () => null,
      sealing: new PlainSealing(),
      registry: new MemoryRegistry(),
      wallNow: () => this.clock.now(),
      deleteStore: () => Promise.resolve(),
      storeNames: () => Promise.resolve([]),
      openStore: () => Promise.reject(new Error('no storage')),
      openOutbox: () => Promise.reject(new NoStorageError('no storage')),
      createSource: (settings, ask) => {
        const source = new ScriptedSource(settings, ask)
        this.sources.push(source)
        return source
      },
    }
    this.host = new Host(this.env, () => new Map())
  }

  get source(): ScriptedSource {
    return this.sources.at(-1)!
  }
}

export const scriptedSettings = (change: Partial<StreamSettings> = {}): StreamSettings => ({
  url: 'http://s/',
  scope: '',
  collections: [
    { name: 'items', type: 'item', primaryKey: 'id' },
    { name: 'users', type: 'user', primaryKey: 'id' },
  ],
  live: true,
  contentType: null,
  batching: true,
  backoff: null,
  cache: null,
  pauseWhenHidden: null,
  silenceTimeoutMs: 45_000,
  ...change,
})

let clients = 0
/** What a tab says that has not been here before. */
export const scriptedHello = (change: Partial<Hello> = {}): Hello => ({
  version: PROTOCOL_VERSION,
  client: `client ${String((clients += 1))}`,
  settings: scriptedSettings(),
  request: { headers: {}, params: {} },
  wantsEvents: false,
  wantsRejected: false,
  tabLock: null,
  tab: newTab(),
  ...change,
})
