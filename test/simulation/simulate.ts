import { isDeepStrictEqual } from 'node:util'
import { cacheName } from '../../src/shared/names.ts'
import { START_OFFSET, type CollectionShape, type StreamSettings } from '../../src/shared/protocol.ts'
import { Host } from '../../src/worker/host.ts'
import { naiveFold, plainRows, type PlainRows } from '../support/naive-fold.ts'
import { EventMaker } from './sim-events.ts'
import { SimServer, type Incarnation } from './sim-server.ts'
import { SimStorage } from './sim-storage.ts'
import { SimTab } from './sim-tab.ts'
import { Process, World, settle } from './world.ts'

const USERS: CollectionShape = { name: 'users', type: 'user', primaryKey: 'id' }
const ITEMS: CollectionShape = { name: 'items', type: 'item', primaryKey: 'id' }
/** Versions of the application, which differ in what they make of the stream. */
const DEFINITIONS: ReadonlyArray<ReadonlyArray<CollectionShape>> = [[USERS, ITEMS], [USERS], [USERS, { ...ITEMS, type: 'stranger' }]]

const URL = 'http://sim/stream'
const CACHE = cacheName(URL, '')
/** Steps within which a healed world has to come to rest. */
const REST_STEPS = 6000

interface Worker {
  readonly process: Process
  readonly host: Host
}

export interface Outcome {
  readonly steps: number
  readonly commits: number
  readonly batches: number
  readonly kills: number
}

/**
 * One world, from a seed: a server that goes away, comes back, forgets its stream and makes it again; storage that fills
 * up and fails; workers that die between any two steps; tabs that come and go; new versions of the application. Checked
 * all along, and once more when everything is healed and at rest:
 *
 * - I1 each tab equals the naive fold, at every offset that it claims to be at and at the stream's end
 * - I2 what is stored is the fold of the prefix that it claims to be, after every commit
 * - I3 batches are contiguous (the replica refuses others) · I5 only the holder of the cache's lock commits
 * - I7 every call settles, and the healed world comes to rest · I8 malformed events are among the events
 *
 * @throws Error with the seed
 */
export async function simulate(seed: number): Promise<Outcome> {
  const simulation = new Simulation(seed)
  try {
    return await simulation.run()
  } catch (error) {
    throw new Error(`seed ${String(seed)}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

class Simulation {
  readonly #world: World
  readonly #server: SimServer
  readonly #storage: SimStorage
  readonly #events: EventMaker
  /** One worker for all tabs, or one for each. */
  readonly #shared: boolean
  #definition = 0
  #tabs = new Map<SimTab, Worker>()
  readonly #calls = new Map<Promise<unknown>, Process>()
  readonly #folds = new Map<Incarnation, Map<string, PlainRows>>()
  #failure: Error | null = null
  #ids = 0
  #commits = 0
  #batches = 0
  #kills = 0

  constructor(seed: number) {
    this.#world = new World(seed)
    this.#server = new SimServer(this.#world)
    this.#storage = new SimStorage(this.#world)
    this.#events = new EventMaker(this.#world.random)
    this.#shared = this.#world.random.chance(0.6)
    this.#storage.onCommit = (process) => {
      this.#commits += 1
      this.#check(() => {
        this.#checkStored(process)
      })
    }
  }

  async run(): Promise<Outcome> {
    const { random } = this.#world
    this.#openTab()
    const steps = 60 + random.below(180)
    for (let step = 0; step < steps; step += 1) {
      if (random.chance(0.25)) this.#act()
      await this.#step()
    }
    await this.#rest()
    return { steps, commits: this.#commits, batches: this.#batches, kills: this.#kills }
  }

  async #step(): Promise<boolean> {
    const more = await this.#world.step()
    if (this.#failure) throw this.#failure
    return more
  }

  /** Something happens to the world. */
  #act(): void {
    const { random } = this.#world
    const server = this.#server
    const storage = this.#storage
    const roll = random.below(100)
    this.#trace(`act ${String(roll)}`)
    if (roll < 45) {
      if (!server.stream && random.chance(0.3)) server.create()
      server.append(this.#events.message())
    } else if (roll < 52) {
      server.online = !server.online
      server.changed()
    } else if (roll < 56) {
      server.authorized = !server.authorized
    } else if (roll < 59) {
      server.flakiness = random.chance(0.5) ? 0.3 : 0
    } else if (roll < 62) {
      server.remove()
    } else if (roll < 66) {
      server.create()
      for (let more = random.below(8); more > 0; more -= 1) server.append(this.#events.message())
    } else if (roll < 76) {
      this.#killWorker()
    } else if (roll < 82) {
      if (this.#tabs.size < 3) this.#openTab()
      else this.#closeTab()
    } else if (roll < 86) {
      storage.full = !storage.full
    } else if (roll < 90) {
      storage.refused = !storage.refused
    } else if (roll < 92) {
      this.#deploy()
    } else if (roll < 94) {
      // Its collections were cleaned up and are used again.
      random.pick([...this.#tabs.keys()]).resync()
    } else {
      for (const tab of this.#tabs.keys()) tab.reconnect()
    }
  }

  /** `SIDESTREAM_TRACE=1` tells what happens in a world. */
  #trace(what: string): void {
    if (process.env['SIDESTREAM_TRACE'] === undefined) return
    const tabs = [...this.#tabs].map(([tab, worker]) => `${tab.process.name}@${tab.offset}/${worker.process.name}:${tab.status?.connection ?? '-'}`)
    process.stdout.write(`${String(this.#world.now)} ${what} | ${tabs.join(' ')}\n`)
  }

  #settings(): StreamSettings {
    return {
      url: URL,
      scope: '',
      collections: DEFINITIONS[this.#definition]!,
      live: true,
      contentType: null,
      batching: true,
      backoff: null,
      cache: { durability: 'relaxed', version: '' },
    }
  }

  #startWorker(): Worker {
    const process = new Process(`worker ${String((this.#ids += 1))}`)
    const host = new Host(
      {
        clock: { after: (delayMs, task) => this.#world.after(process, delayMs, task) },
        locks: this.#storage.locks(process),
        random: () => this.#world.random.next(),
        newId: () => `id${String((this.#ids += 1))}`,
        openStore: () => this.#storage.open(process),
        createSource: () => this.#server.source(process),
      },
      () => new Map(),
    )
    return { process, host }
  }

  #openTab(): void {
    const tab = new SimTab(this.#world, `tab ${String((this.#ids += 1))}`, this.#settings())
    const definition = this.#definition
    tab.onApplied = () => {
      this.#batches += 1
      this.#check(() => {
        this.#checkTab(tab, definition)
      })
    }
    const worker = (this.#shared ? [...this.#tabs.values()][0] : undefined) ?? this.#startWorker()
    this.#tabs.set(tab, worker)
    tab.connect(worker.host, worker.process)
  }

  #closeTab(): void {
    const { random } = this.#world
    const [tab, worker] = random.pick([...this.#tabs])
    this.#tabs.delete(tab)
    const left = tab.leave()
    const isLast = ![...this.#tabs.values()].includes(worker)
    if (isLast && random.chance(0.5)) worker.process.kill()
    else this.#calls.set(left, worker.process)
    if (this.#tabs.size === 0) this.#openTab()
  }

  #killWorker(): void {
    const dead = this.#world.random.pick([...this.#tabs.values()])
    dead.process.kill()
    this.#kills += 1
    let heir: Worker | null = null
    for (const [tab, worker] of this.#tabs) {
      if (worker !== dead) continue
      heir ??= this.#startWorker()
      this.#tabs.set(tab, heir)
      tab.connect(heir.host, heir.process)
    }
  }

  /** A new version of the application: every tab reloads with it. */
  #deploy(): void {
    for (const [tab, { process }] of this.#tabs) {
      void tab.leave()
      process.kill()
    }
    this.#tabs = new Map()
    this.#definition = this.#world.random.below(DEFINITIONS.length)
    this.#openTab()
  }

  /** Heals everything and waits until nothing is left to be done. */
  async #rest(): Promise<void> {
    const server = this.#server
    server.online = true
    server.authorized = true
    server.flakiness = 0
    this.#storage.full = false
    this.#storage.refused = false
    if (!server.stream) server.create()
    server.append(this.#events.message())
    server.changed()
    const stream = server.stream!
    // A dead worker answers nobody; the tab's link rejects those calls, and has tests of its own.
    const pending = new Set([...this.#calls].flatMap(([call, { alive }]) => (alive ? [call] : [])))
    for (const call of pending) call.finally(() => pending.delete(call)).catch(() => undefined)
    for (let step = 0; ; step += 1) {
      if (step % 200 === 0) for (const tab of this.#tabs.keys()) tab.reconnect()
      await settle()
      const atRest = [...this.#tabs.keys()].every((tab) => tab.ready && !tab.isBetween && tab.offset === stream.tail && this.#isCurrent(tab))
      if (atRest && pending.size === 0 && this.#isStored(stream)) break
      if (step > REST_STEPS || !(await this.#step())) throw new Error(this.#describeUnrest(pending.size))
    }
  }

  #isCurrent(tab: SimTab): boolean {
    return isDeepStrictEqual(tab.rows(), this.#fold(this.#server.stream!, this.#server.stream!.tail, this.#definition))
  }

  #isStored(stream: Incarnation): boolean {
    const { meta } = this.#storage.medium
    return meta !== null && meta.offset === stream.tail && isDeepStrictEqual(this.#storedRows(), this.#fold(stream, stream.tail, this.#definition))
  }

  #check(assertion: () => void): void {
    try {
      assertion()
    } catch (error) {
      this.#failure ??= error as Error
    }
  }

  /** I1: at the offset it claims, a tab shows the fold of that prefix, of one of the stream's lives. */
  #checkTab(tab: SimTab, definition: number): void {
    const rows = tab.rows()
    const lives = this.#server.incarnations
    if (lives.some((life) => isDeepStrictEqual(rows, this.#fold(life, tab.offset, definition)))) return
    throw new Error(`${tab.process.name} at ${tab.offset} shows ${JSON.stringify(rows)}`)
  }

  /** I2 and I5. */
  #checkStored(process: Process): void {
    if (this.#storage.holder(CACHE) !== process) throw new Error(`${process.name} wrote without the lock`)
    const { meta } = this.#storage.medium
    if (!meta || meta.offset === START_OFFSET) return
    const rows = this.#storedRows()
    const lives = this.#server.incarnations
    if (lives.some((life) => DEFINITIONS.some((_, definition) => isDeepStrictEqual(rows, this.#fold(life, meta.offset, definition))))) return
    throw new Error(`stored at ${meta.offset} is ${JSON.stringify(rows)}`)
  }

  /** The stored segments as anybody would read them. */
  #storedRows(): PlainRows {
    const { segments, meta } = this.#storage.medium
    const shapes = (JSON.parse(meta!.fingerprint) as [unknown, unknown, unknown, [string, string, string][]])[3]
    const rows = new Map(shapes.map(([name]) => [name, new Map<string, object>()]))
    for (const { collection, rows: stored, deleted } of [...segments.values()].sort((a, b) => a.id - b.id)) {
      const target = rows.get(collection)!
      for (const row of stored) target.set(row['id'] as string, row)
      for (const key of deleted) target.delete(key)
    }
    return plainRows([...rows].map(([name, entries]) => [name, entries.entries()] as const))
  }

  #fold(life: Incarnation, offset: string, definition: number): PlainRows | null {
    const prefix = life.prefix(offset)
    if (prefix === null) return null
    const id = `${offset} ${String(definition)}`
    let folds = this.#folds.get(life)
    if (!folds) this.#folds.set(life, (folds = new Map()))
    let fold = folds.get(id)
    if (!fold) folds.set(id, (fold = naiveFold(prefix, undefined, DEFINITIONS[definition]!)))
    return fold
  }

  #describeUnrest(pending: number): string {
    const tabs = [...this.#tabs.keys()].map((tab) => ({ name: tab.process.name, offset: tab.offset, ready: tab.ready, current: this.#isCurrent(tab), between: tab.isBetween, status: tab.status }))
    return `no rest: tail ${this.#server.stream!.tail}, stored ${String(this.#storage.medium.meta?.offset)}, ${String(pending)} calls pending, ${JSON.stringify(tabs)}`
  }
}
