import { cacheName, outboxName } from '../../../src/shared/names.ts'
import type { CollectionShape, StreamSettings } from '../../../src/shared/settings.ts'
import type { SyncMode } from '../../../src/shared/state-schema.ts'
import { Host } from '../../../src/worker/host.ts'
import { Team } from '../../../src/worker/leadership/team.ts'
import type { EngineEnv, OutboxStore, StreamSource } from '../../../src/worker/ports.ts'
import type { Admission } from '../../../src/worker/tabs/admission.ts'
import { PlainSealing } from '../../support/plain-sealing.ts'
import { SimAir } from '../sim-air.ts'
import type { SimServer } from '../sim-server.ts'
import { SimStorage } from '../sim-storage.ts'
import { Process, type World } from '../world.ts'
import { TYPES } from './write-maker.ts'
import { WriteTab } from './write-tab.ts'

export const SHAPES: ReadonlyArray<CollectionShape> = Object.entries(TYPES).map(([name, type]) => ({ name, type, primaryKey: 'id' }))

const URL = 'http://sim/stream'
export const OUTBOX = outboxName(URL, '')
/** Longer than the server holds a long-poll, ms. */
const SILENCE_MS = 5000

/** An engine without tabs has ended by then, ms. */
const ENDED_MS = 3500

/**
 * `shared` one worker for all tabs · `team` a worker for each tab, of which one leads · `alone` a worker for each tab; the
 * workers know nothing of each other, as without channels
 */
export type Topology = 'shared' | 'team' | 'alone'

export interface Worker {
  readonly process: Process
  readonly admission: Admission
}

export interface DeviceOptions {
  readonly world: World
  readonly server: SimServer
  readonly onOpened: (tab: WriteTab) => void
  /** The tab is gone. @param politely it has told its engine */
  readonly onGone: (tab: WriteTab, politely: boolean) => void
  /** An outbox has sent a request, or has an answer. */
  readonly onSent: (what: string) => void
  /** The tab's last call has to be answered, if its worker lives. */
  readonly onLeave: (tab: WriteTab, call: Promise<unknown>, worker: Process) => void
}

/** A device: storage, workers and tabs. Tabs open and close; workers end, crash and freeze. */
export class Device {
  readonly #options: DeviceOptions
  readonly #world: World
  readonly storage: SimStorage
  readonly air: SimAir
  readonly topology: Topology
  readonly tabs = new Map<WriteTab, Worker>()
  readonly frozen = new Set<Process>()
  readonly #sealing = new PlainSealing()
  readonly #pauseWhenHidden: number | null
  /** Each ends an open connection to the outbox's database, as a browser may do. */
  readonly #connections = new Set<() => void>()
  /** When each worker's outbox has sent requests. */
  readonly sends = new Map<Process, number[]>()
  #ids = 0
  #moments = 0
  #losses = 0
  kills = 0
  freezes = 0
  /** When an engine last began or ended, or something else happened that a tab may have to wait for. */
  disturbedAt = 0

  constructor(options: DeviceOptions) {
    this.#options = options
    const { world } = options
    this.#world = world
    this.storage = new SimStorage(world, cacheName(URL, ''))
    this.air = new SimAir(world)
    this.topology = world.random.pick<Topology>(['shared', 'shared', 'team', 'team', 'team', 'alone'])
    this.#pauseWhenHidden = world.random.chance(0.5) ? 300 : null
  }

  /** How often engines may have lost what they had in memory. */
  get losses(): number {
    return this.#losses + this.storage.steals
  }

  disturb(): void {
    this.disturbedAt = this.#world.now
  }

  /** Engines lose what they have in memory. */
  forget(): void {
    this.#losses += 1
    this.disturb()
  }

  openTab(): WriteTab {
    const { random } = this.#world
    const mode = random.pick<SyncMode>(['eager', 'eager', 'eager', 'progressive'])
    const tab = new WriteTab(this.#world, `tab ${String((this.#ids += 1))}`, this.#settings(), mode)
    const worker = (this.topology === 'shared' ? [...this.tabs.values()][0] : undefined) ?? this.#startWorker()
    this.tabs.set(tab, worker)
    this.disturb()
    this.#options.onOpened(tab)
    // Its lock first: whoever waits for the lock must not get it while the tab lives.
    void this.storage.locks(tab.sim.process).take(tab.sim.lock).then(() => {
      const present = this.tabs.get(tab)
      if (present) tab.sim.connect(present.admission, present.process)
    })
    return tab
  }

  /** A tab closes, or crashes. Its worker ends with it, unless other tabs use the worker. */
  closeTab(tab: WriteTab, politely: boolean): void {
    const worker = this.tabs.get(tab)!
    this.tabs.delete(tab)
    const isLast = ![...this.tabs.values()].includes(worker)
    this.forget()
    this.#options.onGone(tab, politely)
    const { process } = tab.sim
    if (!politely) {
      tab.sim.crash()
      if (isLast) worker.process.kill()
      return
    }
    // When no other tab comes, its worker ends after a while.
    this.#world.after(worker.process, ENDED_MS, () => { this.forget() })
    const left = tab.leave()
    this.#options.onLeave(tab, left, worker.process)
    // The tab waits no longer than this for a worker that does not answer.
    this.#world.after(process, 1000, () => { process.kill() })
    void left.then(() => {
      process.kill()
      if (isLast && this.#world.random.chance(0.5)) {
        this.forget()
        worker.process.kill()
      }
    })
  }

  killWorker(): void {
    const dead = this.#world.random.pick([...this.tabs.values()])
    dead.process.kill()
    this.frozen.delete(dead.process)
    this.kills += 1
    this.forget()
    let heir: Worker | null = null
    for (const [tab, worker] of this.tabs) {
      if (worker !== dead) continue
      heir ??= this.#startWorker()
      this.tabs.set(tab, heir)
      if (tab.sim.isConnected) tab.sim.connect(heir.admission, heir.process)
    }
  }

  freezeOrThaw(): void {
    const { random } = this.#world
    const [process] = [...this.frozen]
    if (process && random.chance(0.5)) {
      this.thaw(process)
      return
    }
    // A shared worker does not freeze with a tab; a tab's heartbeat replaces a worker that hangs.
    if (this.topology === 'shared') return
    const [tab, worker] = random.pick([...this.tabs])
    this.freezes += 1
    for (const each of [tab.sim.process, worker.process]) {
      each.freeze()
      this.frozen.add(each)
    }
  }

  thaw(process: Process): void {
    this.frozen.delete(process)
    this.disturb()
    process.thaw()
  }

  /** The browser ends the connections to the outbox's database. */
  loseConnections(): void {
    for (const lose of this.#connections) lose()
    this.#connections.clear()
  }

  #settings(): StreamSettings {
    return {
      url: URL,
      scope: '',
      collections: SHAPES,
      live: true,
      contentType: null,
      batching: true,
      backoff: null,
      cache: { durability: 'relaxed', version: '', keepUnusedMs: null, persist: true },
      pauseWhenHidden: this.#pauseWhenHidden,
      silenceTimeoutMs: SILENCE_MS,
    }
  }

  #startWorker(): Worker {
    const world = this.#world
    const process = new Process(`worker ${String((this.#ids += 1))}`)
    const { storage, air, topology } = this
    const env: EngineEnv = {
      clock: { now: () => world.now, after: (delayMs, task) => world.after(process, delayMs, task) },
      locks: storage.locks(process),
      sealing: this.#sealing,
      // No two moments are the same.
      wallNow: () => world.now + (this.#moments += 1) / 1e6,
      registry: storage.registryOf(process),
      deleteStore: (name) => storage.delete(process, name),
      storeNames: () => Promise.resolve([]),
      random: () => world.random.next(),
      newId: () => `id${String((this.#ids += 1))}`,
      openChannel: (name, hear) => (topology === 'alone' ? null : air.open(process, name, hear)),
      openStore: () => storage.open(process),
      openOutbox: async (name) => this.#losable(await storage.openOutbox(process, name)),
      persistStorage: () => Promise.resolve(),
      createSource: () => this.#counted(process, this.#options.server.source(process)),
    }
    const host = new Host(env, () => new Map())
    const admission = topology === 'shared' ? host.at({ where: 'shared-worker', aliveLock: null }) : new Team({ env, host, aliveLock: null, version: '1' })
    return { process, admission }
  }

  #losable(store: OutboxStore): OutboxStore {
    let ended = false
    let end = (reason: Error): void => void reason
    const lost = new Promise<Error>((resolve) => { end = resolve })
    const lose = (): void => {
      ended = true
      store.close()
      end(new Error('the browser has closed the connection'))
    }
    this.#connections.add(lose)
    const whileOpen = async <T>(work: () => Promise<T>): Promise<T> => {
      if (ended) throw new Error('the connection is closed')
      return work()
    }
    return {
      lost: Promise.race([store.lost, lost]),
      claim: (claim, now) => whileOpen(() => store.claim(claim, now)),
      read: () => whileOpen(() => store.read()),
      commit: (change) => whileOpen(() => store.commit(change)),
      close: () => {
        this.#connections.delete(lose)
        store.close()
      },
    }
  }

  #counted(process: Process, source: StreamSource): StreamSource {
    return {
      read: (request) => source.read(request),
      append: (body, options) => source.append(body, options),
      send: (request, signal) => {
        const times = this.sends.get(process) ?? []
        this.sends.set(process, [...times.filter((time) => time > this.#world.now - 60_000), this.#world.now])
        this.#options.onSent(`${process.name} sends ${request.writes.map(({ id }) => id).join(', ')} as ${String(request.epoch)}/${String(request.seq)}`)
        const sent = source.send(request, signal)
        sent.then((answer) => { this.#options.onSent(`${process.name} is answered ${answer.kind === 'decided' ? JSON.stringify(answer.verdict) : answer.kind}`) }, () => undefined)
        return sent
      },
      noticesRepetition: source.noticesRepetition,
      end: (signal) => source.end(signal),
    }
  }
}
