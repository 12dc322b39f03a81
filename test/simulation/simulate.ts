import { isDeepStrictEqual } from 'node:util'
import { cacheName } from '../../src/shared/names.ts'
import type { DiffBatch } from '../../src/shared/batch.ts'
import { PROTOCOL_VERSION } from '../../src/shared/calls.ts'
import { START_OFFSET } from '../../src/shared/position.ts'
import type { CollectionShape, StreamSettings } from '../../src/shared/settings.ts'
import type { SyncMode } from '../../src/shared/state-schema.ts'
import type { EngineEnv } from '../../src/worker/ports.ts'
import { Host } from '../../src/worker/host.ts'
import type { Admission } from '../../src/worker/tabs/admission.ts'
import { Team } from '../../src/worker/leadership/team.ts'
import { naiveFold, plainRows, type PlainRows } from '../support/naive-fold.ts'
import { PlainSealing } from '../support/plain-sealing.ts'
import { SimAir } from './sim-air.ts'
import { EventMaker } from './sim-events.ts'
import { SimServer, WELL, type Incarnation, type Misbehaviour } from './sim-server.ts'
import { anyQuery } from './sim-queries.ts'
import { SimStorage } from './sim-storage.ts'
import { SECRET, SimTab } from './sim-tab.ts'
import { Process, World, settle } from './world.ts'

const USERS: CollectionShape = { name: 'users', type: 'user', primaryKey: 'id' }
const ITEMS: CollectionShape = { name: 'items', type: 'item', primaryKey: 'id' }
/** Versions of the application, which differ in what they make of the stream. */
const DEFINITIONS: ReadonlyArray<ReadonlyArray<CollectionShape>> = [[USERS, ITEMS], [USERS], [USERS, { ...ITEMS, type: 'stranger' }]]

const URL = 'http://sim/stream'
/** Longer than the server holds a long-poll, ms. */
const SILENCE_MS = 5000
const CACHE = cacheName(URL, '')
/** Requests of a worker within a minute that bring nothing, at most: those of a back-off, and those that tabs ask for. */
const MOST_FRUITLESS = 60
/** Steps within which a healed world has to come to rest. */
const REST_STEPS = 20_000
/** Time within which closed tabs have to leave nothing behind, ms. */
const EMPTY_MS = 60_000

/**
 * `shared` one worker for all tabs · `team` one for each, of which one leads · `alone` one for each, which know nothing of
 * each other, as without channels
 */
type Topology = 'shared' | 'team' | 'alone'

/** A sign-out. */
interface Clear {
  /** Engines of lower numbers had begun before it. */
  readonly before: number
  /** When it was asked for, by the wall clock. */
  readonly at: number
  /**
   * Who has begun to remove the cache since, until it was answered: a removal notes itself in the registry first. Other deletions do
   * not count, for example of a cache of an earlier format; and a sign-out that could not read the outbox removes nothing (world 41644).
   */
  readonly removers: Set<Process>
  /** `failed`: storage failed; a removal that has begun is tried again. Null: not answered, or never heard. */
  outcome: 'done' | 'failed' | null
}

interface Worker {
  readonly process: Process
  readonly admission: Admission
}

export interface Outcome {
  readonly steps: number
  readonly commits: number
  readonly batches: number
  readonly kills: number
  readonly freezes: number
  readonly steals: number
  readonly failovers: number
  readonly txids: number
  readonly pauses: number
  /** Batches after which an answered query of a tab that does not hold all was looked at. */
  readonly answers: number
  /** Sign-outs that were answered, and those of them that storage was in the way of. */
  readonly clears: number
  readonly failedClears: number
}

/**
 * One world, from a seed: a server that goes away, comes back, forgets its stream and makes it again; storage that fills
 * up, fails and hangs; workers that die between any two steps; leaders that freeze and wake up; channels that lose and reorder;
 * tabs that come, go and crash; two versions of the application side by side. Checked all along, and once more when
 * everything is healed and at rest:
 *
 * - I1 each tab equals the naive fold, at every offset that it claims to be at and at the stream's end
 * - I2 what is stored is the fold of the prefix that it claims to be, after every commit
 * - I3 batches are contiguous (the replica refuses others), and no tab ever goes back to an earlier engine or offset
 * - I4 a txid is told with the rows that it stands for, or after them
 * - I5 nobody commits once another one has claimed the cache; at rest one worker leads, and serves every tab
 * - I7 every call settles, the healed world comes to rest, and closed tabs leave no lock behind
 * - I11 after a sign-out nothing of engines that began before it is in storage, though storage may fail, hang and recover
 * - I8 malformed events are among the events
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
  readonly #air: SimAir
  readonly #events: EventMaker
  readonly #sealing = new PlainSealing()
  readonly #topology: Topology
  readonly #pauseWhenHidden: number | null
  #definition = 0
  #tabs = new Map<SimTab, Worker>()
  readonly #frozen = new Set<Process>()
  readonly #calls = new Map<Promise<unknown>, Process>()
  readonly #folds = new Map<Incarnation, Map<string, PlainRows>>()
  /** What each tab has shown last. */
  readonly #shown = new Map<SimTab, { readonly origin: Incarnation | null; readonly offset: string; readonly branch: string; readonly engine: number; isFirm: boolean }>()
  #failure: Error | null = null
  #cleared = false
  #moments = 0
  readonly #clears: Clear[] = []
  #ids = 0
  #commits = 0
  #batches = 0
  #kills = 0
  #freezes = 0
  #failovers = 0
  #txids = 0
  #pauses = 0
  #answers = 0

  constructor(seed: number) {
    this.#world = new World(seed)
    this.#server = new SimServer(this.#world)
    this.#storage = new SimStorage(this.#world, CACHE)
    this.#events = new EventMaker(this.#world.random)
    this.#air = new SimAir(this.#world)
    this.#air.onSaid = (message) => {
      this.#check(() => {
        if (JSON.stringify(message).includes(SECRET)) throw new Error(`a channel carries a tab's headers: ${JSON.stringify(message)}`)
      })
    }
    this.#topology = this.#world.random.pick<Topology>(['shared', 'shared', 'team', 'team', 'team', 'team', 'alone'])
    this.#pauseWhenHidden = this.#world.random.chance(0.5) ? 300 : null
    this.#storage.onCommit = (process) => {
      this.#commits += 1
      this.#check(() => {
        this.#checkStored(process)
        this.#checkCleared()
      })
    }
    this.#storage.onDoom = (process, at) => {
      for (const clear of this.#clears) if (clear.outcome === null && clear.at < at) clear.removers.add(process)
    }
  }

  async run(): Promise<Outcome> {
    const { random } = this.#world
    this.#openTab()
    const steps = 100 + random.below(300)
    for (let step = 0; step < steps; step += 1) {
      if (random.chance(0.25)) this.#act()
      await this.#step()
    }
    await this.#rest()
    await this.#empty()
    return {
      steps,
      commits: this.#commits,
      batches: this.#batches,
      kills: this.#kills,
      freezes: this.#freezes,
      steals: this.#storage.steals,
      failovers: this.#failovers,
      txids: this.#txids,
      pauses: this.#pauses,
      answers: this.#answers,
      clears: this.#clears.filter(({ outcome }) => outcome !== null).length,
      failedClears: this.#clears.filter(({ outcome }) => outcome === 'failed').length,
    }
  }

  async #step(): Promise<boolean> {
    const more = await this.#world.step()
    this.#check(() => {
      this.#checkRequests()
    })
    if (this.#failure) throw this.#failure
    return more
  }

  /** Something happens to the world. */
  #act(): void {
    const { random } = this.#world
    const server = this.#server
    const storage = this.#storage
    const roll = random.below(120)
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
      server.faults = { ...server.faults, flakiness: random.chance(0.5) ? 0.3 : 0 }
    } else if (roll < 62) {
      server.remove()
    } else if (roll < 66) {
      server.create()
      for (let more = random.below(8); more > 0; more -= 1) server.append(this.#events.message())
    } else if (roll < 72) {
      this.#killWorker()
    } else if (roll < 79) {
      if (this.#tabs.size < 4) this.#openTab()
      else this.#closeTab()
    } else if (roll < 82) {
      storage.full = !storage.full
    } else if (roll < 84) {
      if (random.chance(0.5)) storage.refused = !storage.refused
      else if (storage.isHanging) storage.answerAgain()
      else storage.hang()
    } else if (roll < 86) {
      this.#definition = random.below(DEFINITIONS.length)
    } else if (roll < 88) {
      const tab = random.pick([...this.#tabs.keys()])
      tab.resync()
      this.#loosen(tab)
    } else if (roll < 93) {
      this.#freezeOrThaw()
    } else if (roll < 95) {
      this.#air.badness = random.chance(0.5) ? 0.2 : 0
    } else if (roll < 96) {
      for (const tab of this.#tabs.keys()) if (random.chance(0.7)) tab.show(!tab.isVisible)
    } else if (roll < 97) {
      this.#air.intrude((name) => this.#intrusion(name))
    } else if (roll < 98 && random.chance(0.4)) {
      this.#clear()
    } else if (roll >= 118) {
      server.lag()
    } else if (roll >= 112) {
      server.faults = random.chance(0.4) ? WELL : { ...server.faults, ...random.pick<Partial<Misbehaviour>>([{ copies: 0.4 }, { silence: 0.1 }, { blinks: 0.5 }, { haste: 1 }]) }
    } else if (roll >= 100) {
      const tab = random.pick([...this.#tabs.keys()])
      if (random.chance(0.6)) tab.ask(anyQuery(random))
      else tab.forget()
    } else {
      for (const tab of this.#tabs.keys()) tab.reconnect()
    }
  }

  /** Rows of no position can only be replaced, by whatever there is. */
  #loosen(tab: SimTab): void {
    const shown = this.#shown.get(tab)
    if (shown && !tab.hasPosition) shown.isFirm = false
  }

  /** Another program of the origin, or another version of this one, says something. */
  #intrusion(name: string): unknown {
    const { random } = this.#world
    return random.pick<unknown>([
      null,
      'text',
      { sidestream: PROTOCOL_VERSION },
      { sidestream: PROTOCOL_VERSION, kind: 'seek', session: 's' },
      ...[1e300, 2 ** 53, 2 ** 52, 1.5, Number.NaN, Number.POSITIVE_INFINITY, this.#world.now + 1e10].map((term) => ({ sidestream: PROTOCOL_VERSION, kind: 'lead', term })),
      { sidestream: PROTOCOL_VERSION, from: 'leader', term: 1e300, seq: 0, lane: null, bye: false, body: null },
      { sidestream: PROTOCOL_VERSION, from: 'follower', term: 0, seq: Number.MAX_SAFE_INTEGER, lane: null, bye: false, body: null },
      { sidestream: PROTOCOL_VERSION + 1, kind: 'lead', term: 1e15 },
      { sidestream: PROTOCOL_VERSION, kind: 'lead', term: -1 },
      { sidestream: PROTOCOL_VERSION, from: 'leader', term: 'high', seq: 1, lane: 'tab', bye: false },
      { sidestream: PROTOCOL_VERSION, from: 'leader', term: 0, seq: 1, lane: 'tab', bye: false, body: { id: name, type: 'APPLY', path: ['constructor'], argumentList: [] } },
    ])
  }

  #freezeOrThaw(): void {
    const { random } = this.#world
    const [process] = [...this.#frozen]
    if (process && random.chance(0.5)) {
      this.#thaw(process)
      return
    }
    // A shared worker does not freeze with a tab, and who hangs is restarted by the tab's heartbeat.
    if (this.#topology === 'shared') return
    const [tab, worker] = random.pick([...this.#tabs])
    this.#freezes += 1
    for (const each of [tab.process, worker.process]) {
      each.freeze()
      this.#frozen.add(each)
    }
  }

  #thaw(process: Process): void {
    this.#frozen.delete(process)
    process.thaw()
  }

  /** Somebody signs out. */
  #clear(): void {
    const { random } = this.#world
    const [tab, worker] = random.pick([...this.#tabs])
    this.#cleared = true
    // Storage likes to fail just then.
    const roll = random.below(4)
    if (roll === 0) this.#storage.hang()
    if (roll === 1) this.#storage.refused = true
    const clear: Clear = { before: this.#ids, at: this.#wallNow(), removers: new Set(), outcome: null }
    this.#clears.push(clear)
    const call = tab.clearCache()
    this.#calls.set(call, worker.process)
    void call.then((answer) => {
      const { ok, error } = (answer ?? { ok: false }) as { ok: boolean; error?: { code: string } }
      if (ok) clear.outcome = 'done'
      else if (error?.code === 'STORAGE_FAILED') clear.outcome = 'failed'
      this.#check(() => { this.#checkCleared() })
    })
  }

  /** I11: a sign-out that was answered has removed what engines had stored that began before it, and they store nothing more. */
  #checkCleared(): void {
    const { oldestWriter } = this.#storage
    const done = Math.max(0, ...this.#clears.flatMap(({ before, outcome }) => (outcome === 'done' ? [before] : [])))
    if (oldestWriter !== null && oldestWriter < done) throw new Error(`engine id${String(oldestWriter)} has rows in storage, and those of engines before id${String(done)} were cleared`)
  }

  /** I11, where storage failed at first: it is made up for, by whoever has begun the removal and lives. */
  #isCleared(): boolean {
    const { oldestWriter } = this.#storage
    if (oldestWriter === null) return true
    return this.#clears.every(({ before, outcome, removers }) => outcome !== 'failed' || oldestWriter >= before || ![...removers].some(({ alive }) => alive))
  }

  /** `SIDESTREAM_TRACE=1` tells what happens in a world. */
  #trace(what: string): void {
    if (process.env['SIDESTREAM_TRACE'] === undefined) return
    const tabs = [...this.#tabs].map(([tab, worker]) => `${tab.process.name}@${tab.offset}/${worker.process.name}:${tab.status?.connection ?? '-'}`)
    process.stdout.write(`${String(this.#world.now)} ${what} | ${tabs.join(' ')}\n`)
  }

  #settings(definition: number): StreamSettings {
    return {
      url: URL,
      scope: '',
      collections: DEFINITIONS[definition]!,
      live: true,
      contentType: null,
      batching: true,
      backoff: null,
      cache: { durability: 'relaxed', version: '', keepUnusedMs: null },
      pauseWhenHidden: this.#pauseWhenHidden,
      silenceTimeoutMs: SILENCE_MS,
    }
  }

  /** No two moments are the same. */
  #wallNow(): number {
    return this.#world.now + (this.#moments += 1) / 1e6
  }

  #startWorker(): Worker {
    const process = new Process(`worker ${String((this.#ids += 1))}`)
    const env: EngineEnv = {
      clock: { now: () => this.#world.now, after: (delayMs, task) => this.#world.after(process, delayMs, task) },
      locks: this.#storage.locks(process),
      sealing: this.#sealing,
      wallNow: () => this.#wallNow(),
      registry: this.#storage.registryOf(process),
      deleteStore: (name) => this.#storage.delete(process, name),
      storeNames: () => Promise.resolve([]),
      random: () => this.#world.random.next(),
      newId: () => `id${String((this.#ids += 1))}`,
      openChannel: (name, hear) => (this.#topology === 'alone' ? null : this.#air.open(process, name, hear)),
      openStore: () => this.#storage.open(process),
      openOutbox: (name) => this.#storage.openOutbox(process, name),
      createSource: (_, ask) => {
        const source = this.#server.source(process)
        return {
          append: (body, options) => source.append(body, options),
          send: (request, signal) => source.send(request, signal),
          noticesRepetition: source.noticesRepetition,
          end: () => source.end(),
          read: (request) => {
            void ask().then(
              ({ headers }) => {
                this.#check(() => {
                  if (headers['authorization'] !== SECRET) throw new Error(`${process.name} asks with the headers of no tab`)
                })
              },
              () => undefined,
            )
            return source.read(request)
          },
        }
      },
    }
    const host = new Host(env, () => new Map())
    const admission = this.#topology === 'shared' ? host.at({ where: 'shared-worker', aliveLock: null }) : new Team({ env, host, aliveLock: null, version: '1' })
    return { process, admission }
  }

  #openTab(): void {
    const definition = this.#definition
    const tab = new SimTab(this.#world, `tab ${String((this.#ids += 1))}`, this.#settings(definition), definition, this.#world.random.pick<SyncMode>(['eager', 'on-demand', 'on-demand', 'progressive']))
    tab.onApplied = (_, batch) => {
      this.#batches += 1
      this.#trace(`${tab.process.name} gets ${batch.from} to ${batch.to} of ${batch.branch} from ${batch.status?.epoch ?? '-'}${batch.replace ? ', replaced' : ''}`)
      this.#check(() => {
        if (tab.isSignedOut) throw new Error(`${tab.process.name} has signed out, and gets rows`)
        this.#checkTab(tab)
        this.#checkTxids(tab, batch)
        this.#checkOrder(tab, batch)
      })
    }
    const worker = (this.#topology === 'shared' ? [...this.#tabs.values()][0] : undefined) ?? this.#startWorker()
    this.#tabs.set(tab, worker)
    // Its lock first: who waits for it must not get it while the tab lives.
    void this.#storage.locks(tab.process).take(tab.lock).then(() => {
      const present = this.#tabs.get(tab)
      if (present) tab.connect(present.admission, present.process)
    })
  }

  /** A tab is closed, or crashes; with it its worker, unless others use it. */
  #closeTab(): void {
    const { random } = this.#world
    this.#remove(random.pick([...this.#tabs.keys()]), random.chance(0.5))
    if (this.#tabs.size === 0) this.#openTab()
  }

  #remove(tab: SimTab, politely: boolean): void {
    const worker = this.#tabs.get(tab)!
    this.#tabs.delete(tab)
    const isLast = ![...this.#tabs.values()].includes(worker)
    if (politely) {
      const left = tab.leave()
      this.#calls.set(left, worker.process)
      // The tab waits no longer than this for a worker that does not answer.
      this.#world.after(tab.process, 1000, () => { tab.process.kill() })
      void left.then(() => {
        tab.process.kill()
        if (isLast && this.#world.random.chance(0.5)) worker.process.kill()
      })
    } else {
      tab.crash()
      if (isLast) worker.process.kill()
    }
  }

  #killWorker(): void {
    const dead = this.#world.random.pick([...this.#tabs.values()])
    dead.process.kill()
    this.#frozen.delete(dead.process)
    this.#kills += 1
    let heir: Worker | null = null
    for (const [tab, worker] of this.#tabs) {
      if (worker !== dead) continue
      // A frozen page notices nothing before it thaws.
      heir ??= this.#startWorker()
      this.#tabs.set(tab, heir)
      this.#loosen(tab)
      if (tab.isConnected) tab.connect(heir.admission, heir.process)
    }
  }

  /** Heals everything and waits until nothing is left to be done. */
  async #rest(): Promise<void> {
    const server = this.#server
    server.online = true
    server.authorized = true
    server.heal()
    for (const process of [...this.#frozen]) this.#thaw(process)
    for (const tab of this.#tabs.keys()) {
      if (tab.status?.connection === 'paused') this.#pauses += 1
      tab.show(true)
    }
    this.#air.badness = 0
    this.#storage.full = false
    this.#storage.refused = false
    this.#storage.answerAgain()
    if (!server.stream) server.create()
    server.append(this.#events.message())
    server.changed()
    const stream = server.stream!
    // A dead worker answers nobody; the tab's link rejects those calls, and has tests of its own.
    const pending = new Set([...this.#calls].flatMap(([call, { alive }]) => (alive ? [call] : [])))
    for (const call of pending) call.finally(() => pending.delete(call)).catch(() => undefined)
    let isIdle = false
    for (let step = 0; ; step += 1) {
      if (isIdle || step % 200 === 0) for (const tab of this.#tabs.keys()) tab.reconnect()
      await settle()
      const atRest = [...this.#tabs.keys()].every((tab) => tab.ready && !tab.isBetween && tab.offset === stream.tail && this.#isCurrent(tab)) && this.#isServedOnce()
      if (atRest && pending.size === 0 && this.#isStored(stream) && this.#isCleared()) break
      const wasIdle = isIdle
      isIdle = !(await this.#step())
      if (step > REST_STEPS || (wasIdle && isIdle)) throw new Error(this.#describeUnrest(pending.size))
    }
  }

  /** Every tab of a version is served by the same engine, which knows of no others. */
  #isServedOnce(): boolean {
    if (this.#topology === 'alone' || this.#cleared) return true
    return DEFINITIONS.every((_, definition) => {
      const tabs = [...this.#tabs.keys()].filter((tab) => tab.definition === definition)
      const leaders = tabs.filter(({ status }) => status?.where === 'leader')
      return (
        tabs.length === 0 ||
        (new Set(tabs.map(({ status }) => status?.epoch)).size === 1 &&
          tabs.every(({ status }) => status?.tabs === tabs.length) &&
          leaders.length === (this.#topology === 'team' ? 1 : 0))
      )
    })
  }

  /** All tabs are closed: nothing is left of them. */
  async #empty(): Promise<void> {
    const { random } = this.#world
    this.#failovers = [...this.#tabs.keys()].reduce((sum, { status }) => sum + (status?.failovers ?? 0), 0)
    const end = this.#world.now + EMPTY_MS
    for (const tab of [...this.#tabs.keys()]) this.#remove(tab, random.chance(0.7))
    while (this.#world.now < end && (await this.#step()));
    const locks = this.#storage.lockNames()
    if (locks.length > 0) throw new Error(`closed tabs have left ${locks.map((name) => `${name} held by ${this.#storage.holder(name)?.name ?? 'nobody'}`).join(', ')}`)
  }

  #isCurrent(tab: SimTab): boolean {
    const fold = this.#fold(this.#server.stream!, this.#server.stream!.tail, tab.definition)
    if (tab.mode === 'eager' || !fold) return isDeepStrictEqual(tab.rows(), fold)
    return isDeepStrictEqual(tab.rows(), { ...fold, items: tab.wanted(fold['items']!) }) && tab.lacks(fold['items']!).isAnswered
  }

  #isStored(stream: Incarnation): boolean {
    const { meta } = this.#storage.medium
    if (this.#cleared) return true
    return meta !== null && meta.offset === stream.tail && DEFINITIONS.some((_, definition) => isDeepStrictEqual(this.#storedRows(), this.#fold(stream, stream.tail, definition)))
  }

  #check(assertion: () => void): void {
    try {
      assertion()
    } catch (error) {
      this.#failure ??= error as Error
    }
  }

  /** I1: at the offset it claims, a tab shows the fold of that prefix, of one of the stream's lives. */
  #checkTab(tab: SimTab): void {
    const rows = tab.rows()
    if (tab.mode !== 'eager' && tab.answered > 0) this.#answers += 1
    const lives = this.#server.incarnations
    if (lives.some((life) => this.#isFoldOf(tab, rows, life))) return
    throw new Error(`${tab.process.name} (${tab.mode}) at ${tab.offset} shows ${JSON.stringify(rows)}`)
  }

  /** A tab's rows are those of a life's prefix; of what it does not hold whole, those that its answered queries show, and no others' values. */
  #isFoldOf(tab: SimTab, rows: PlainRows, life: Incarnation): boolean {
    const fold = this.#fold(life, tab.offset, tab.definition)
    if (tab.mode === 'eager' || !fold) return isDeepStrictEqual(rows, fold)
    const all = fold['items']!
    return (
      isDeepStrictEqual({ ...rows, items: {} }, { ...fold, items: {} }) &&
      Object.entries(rows['items']!).every(([key, row]) => Object.hasOwn(all, key) && isDeepStrictEqual(row, all[key])) &&
      tab.lacks(all).rows.length === 0
    )
  }

  /** I4: what a tab is told is part of what it shows. */
  #checkTxids(tab: SimTab, { txids }: DiffBatch): void {
    const rows = tab.rows()
    const shown = this.#server.incarnations.filter((life) => this.#isFoldOf(tab, rows, life))
    const known = new Set(shown.flatMap((life) => life.txids(tab.offset)))
    const early = txids.filter((txid) => !known.has(txid))
    if (early.length > 0) throw new Error(`${tab.process.name} at ${tab.offset} is told of ${early.join(', ')}`)
    this.#txids += txids.length
  }

  /** I10: whatever the server does, a worker asks it only so often for nothing. */
  #checkRequests(): void {
    for (const [process, times] of this.#server.fruitless) {
      if (times.length > MOST_FRUITLESS) throw new Error(`${process.name} has asked for nothing ${String(times.length)} times in a minute`)
    }
  }

  /** I3: within one life of the stream a tab never goes back, but to nothing (cleared, or no stream), and a former engine is never heard again. */
  #checkOrder(tab: SimTab, { from, to, branch, status }: DiffBatch): void {
    const before = this.#shown.get(tab)
    const engine = Number(status!.epoch.slice(2))
    const origin = this.#originOf(tab)
    // The server has said that there is no stream, was believed, and shows it again. The tab was busy: it gets both changes as one.
    const isNew = before !== undefined && branch !== before.branch && origin !== null && origin.denials.length > 0
    // Rows of no position can only be replaced, by whatever there is.
    if (before && before.isFirm && from !== START_OFFSET && origin !== null && origin === before.origin && to < before.offset && to !== START_OFFSET && !isNew) throw new Error(`${tab.process.name} goes back from ${before.offset} to ${to}`)
    if (before && engine < before.engine) throw new Error(`${tab.process.name} goes back to engine ${String(engine)}`)
    this.#shown.set(tab, { origin, offset: to, branch, engine, isFirm: true })
  }

  /** The life of the stream that a tab shows; null where lives are alike. */
  #originOf(tab: SimTab): Incarnation | null {
    const rows = tab.rows()
    const origins = this.#server.incarnations.filter((life) => this.#isFoldOf(tab, rows, life))
    return origins.length === 1 ? origins[0]! : null
  }

  /** I2 and I5. */
  #checkStored(process: Process): void {
    const { writer } = this.#storage
    if (writer !== null && writer !== process && this.#storage.holder(CACHE) !== process) throw new Error(`${process.name} wrote after ${writer.name} had claimed the cache`)
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
    const tabs = [...this.#tabs].map(([tab, worker]) => {
      const { where, epoch, tabs: served, connection, storage } = tab.status ?? {}
      return [
        tab.process.name, worker.process.name, `definition ${String(tab.definition)}`, tab.offset, tab.ready ? 'ready' : 'not ready',
        this.#isCurrent(tab) ? 'current' : 'not current', tab.isBetween ? 'between' : '', where, epoch, `${String(served)} tabs`, connection, storage,
      ].join(' ')
    })
    return `no rest: tail ${this.#server.stream!.tail}, stored ${String(this.#storage.medium.meta?.offset)}, ${String(pending)} calls pending\n${tabs.join('\n')}`
  }
}
