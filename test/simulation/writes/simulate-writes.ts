import type { OutboxEntry } from '../../../src/worker/core/outbox.ts'
import { toldByHead } from '../../../src/worker/core/stored-phases.ts'
import { isDeepStrictEqual } from 'node:util'
import type { DiffBatch } from '../../../src/shared/batch.ts'
import type { Outcome } from '../../../src/shared/calls.ts'
import type { OutboxMedium } from '../../../src/worker/store/memory-outbox.ts'
import { EventMaker } from '../sim-events.ts'
import { SimServer, WELL, type Misbehaviour } from '../sim-server.ts'
import { type Process, settle, World } from '../world.ts'
import { Device, OUTBOX } from './device.ts'
import { codeOf, Ledger, type Entry } from './ledger.ts'
import { RowsCheck } from './rows-check.ts'
import { WriteMaker } from './write-maker.ts'
import type { WriteTab } from './write-tab.ts'

/** The most requests of a worker within a minute, besides those that bring something. */
const MOST_REQUESTS = 60
/** Steps within which a healed world has to come to rest. */
const REST_STEPS = 20_000
/** Storage that has failed is tried again within this time, ms. */
const REOPEN_MS = 90_000
/** A change is stored within this time, ms. */
const STORE_MS = 1000
/** A write is acknowledged within this time, while nothing is in its way, ms. */
const ACKNOWLEDGE_MS = 20_000
/** So many of the last things that happened are part of a failure's message. */
const LAST_ACTS = 12

export interface WritesOutcome {
  readonly writes: number
  readonly acknowledged: number
  readonly appended: number
  readonly parked: number
  readonly kills: number
  readonly freezes: number
  /** How many pending writes were seen in rows; `offline`: while the server could not be reached; `shown`: rows seen at an acknowledgement. */
  readonly overlaid: number
  readonly offline: number
  readonly shown: number
}

/**
 * One world of writes, from a seed. Tabs write, send parked writes again and give writes up; workers die, leaders freeze, storage
 * fills up, fails and hangs, users sign out; the server goes away, loses answers, forgets producers, fences them, refuses writes,
 * and loses its stream. These are checked at every step, and once more when everything is healed and at rest:
 *
 * - I9 no write is in a stream twice or in part; every acknowledged write is there, in order, or is parked, or is in the outbox
 * - I1 each tab shows the stream's rows and the acknowledged writes that are not in them; at rest, the naive fold
 * - I7 every call settles: a write is acknowledged soon when nothing is in its way
 * - I10 requests are bounded
 *
 * @throws Error with the seed, and with what happened last
 */
export async function simulateWrites(seed: number): Promise<WritesOutcome> {
  const simulation = new Simulation(seed)
  try {
    return await simulation.run()
  } catch (error) {
    throw new Error(`seed ${String(seed)}: ${error instanceof Error ? error.message : String(error)}\n${simulation.last.join('\n')}`, { cause: error })
  }
}

interface SignOut {
  readonly calledAt: number
  readonly discards: boolean
}

class Simulation {
  readonly last: string[] = []
  readonly #world: World
  readonly #server: SimServer
  readonly #device: Device
  readonly #events: EventMaker
  readonly #maker: WriteMaker
  readonly #ledger = new Ledger()
  readonly #rows: RowsCheck
  readonly #refused = new Set<string>()
  readonly #calls = new Map<Promise<unknown>, { readonly ends: ReadonlyArray<Process>; readonly what: string }>()
  /** Which faults this world has. Without the first three, the checks of what tabs show can be stricter. */
  readonly #has: Readonly<Record<'badStorage' | 'freezes' | 'clears' | 'badServer', boolean>>
  /** Sign-outs that may delete the outbox yet. */
  readonly #signOuts = new Set<SignOut>()
  #failure: Error | null = null
  #writes = 0
  #clears = 0

  constructor(seed: number) {
    this.#world = new World(seed)
    const { random } = this.#world
    this.#server = new SimServer(this.#world)
    this.#server.rejects = (event) => this.#refused.has(String((event as { headers?: { txid?: unknown } } | null)?.headers?.txid))
    this.#events = new EventMaker(random)
    this.#maker = new WriteMaker(random)
    this.#rows = new RowsCheck(this.#server, this.#ledger)
    this.#has = { badStorage: random.chance(0.4), freezes: random.chance(0.4), clears: random.chance(0.2), badServer: random.chance(0.7) }
    this.#device = new Device({
      world: this.#world,
      server: this.#server,
      onOpened: (tab) => { tab.sim.onApplied = (_, batch) => { this.#onApplied(tab, batch) } },
      onGone: (tab, politely) => { if (!politely) this.#ledger.lose(tab, this.#world.now) },
      onSent: (what) => { this.#act(what) },
      onLeave: (tab, call, worker) => { this.#calls.set(call, { ends: [worker], what: `${tab.name} leaves ${worker.name}` }) },
    })
    this.#device.storage.onOutboxDeleted = (outbox) => { this.#onOutboxDeleted(outbox) }
    this.#act(`${this.#device.topology} ${JSON.stringify(this.#has)}${this.#server.strict ? ' strict' : ''}`)
  }

  async run(): Promise<WritesOutcome> {
    const { random } = this.#world
    this.#device.openTab()
    for (let step = 200 + random.below(600); step > 0; step -= 1) {
      if (random.chance(0.12)) this.#happen()
      await this.#step()
    }
    await this.#rest()
    const { kills, freezes } = this.#device
    return {
      writes: this.#writes,
      acknowledged: this.#ledger.acknowledged,
      appended: [...this.#ledger.all].filter(({ write }) => this.#server.incarnations.some((life) => this.#ledger.found(life, write.id).length > 0)).length,
      parked: this.#parked().size,
      kills,
      freezes,
      overlaid: this.#rows.overlaid,
      offline: this.#rows.offline,
      shown: this.#rows.acknowledged,
    }
  }

  #act(what: string): void {
    this.last.push(`${String(this.#world.now)} ${what}`)
    if (process.env['SIDESTREAM_TRACE'] !== undefined) process.stdout.write(`${this.last.at(-1)!}\n`)
    if (this.last.length > LAST_ACTS) this.last.splice(1, 1)
  }

  async #step(): Promise<boolean> {
    const more = await this.#world.step()
    this.#check(() => {
      this.#ledger.look(this.#device.storage.outboxes.get(OUTBOX))
      this.#assertPrompt()
      this.#assertFewRequests()
    })
    if (this.#failure) throw this.#failure
    return more
  }

  #check(assertion: () => void): void {
    try {
      assertion()
    } catch (error) {
      this.#failure ??= error as Error
    }
  }

  /** Something happens. */
  #happen(): void {
    const { random } = this.#world
    const device = this.#device
    const tab = random.pick([...device.tabs.keys()])
    const roll = random.below(100)
    if (roll < 42) this.#write(tab)
    else if (roll < 52) this.#append()
    else if (roll < 60) this.#toggle('online')
    else if (roll < 66) this.#decide(tab)
    else if (roll < 72) {
      this.#act('a worker dies')
      device.killWorker()
      // The next engine finds a request that may have arrived, and the server does not know its producer any more.
      if (device.kills % 2 === 0) this.#server.forgetProducers()
    } else if (roll < 79) {
      if (device.tabs.size < 3 && random.chance(0.6)) this.#act(`${device.openTab().name} opens`)
      else {
        const politely = random.chance(0.5)
        this.#act(`${tab.name} ${politely ? 'closes' : 'crashes'}`)
        device.closeTab(tab, politely)
        if (device.tabs.size === 0) this.#act(`${device.openTab().name} opens`)
      }
    } else if (roll < 81) tab.sim.show(!tab.sim.isVisible)
    else if (roll < 84) for (const each of device.tabs.keys()) each.sim.reconnect()
    else if (roll < 85) tab.sim.resync()
    else if (roll < 90) this.#disturbServer()
    else if (roll < 95 && this.#has.badStorage) this.#disturbStorage()
    else if (roll < 98 && this.#has.freezes) {
      if (random.chance(0.2)) device.air.badness = random.chance(0.5) ? 0.2 : 0
      else device.freezeOrThaw()
      this.#act(`air ${String(device.air.badness)}, frozen: ${[...device.frozen].map(({ name }) => name).join(', ')}`)
    } else if (this.#has.clears && random.chance(0.5)) this.#clear(tab)
  }

  #write(tab: WriteTab): void {
    const { random, now } = this.#world
    this.#writes += 1
    const write = this.#maker.next(now)
    const entry = this.#ledger.issue(tab, write, now, this.#rows.mark(), this.#device.losses)
    if (random.chance(0.08)) {
      this.#refused.add(write.id)
      entry.wasParked = true
    }
    this.#act(`${tab.name} makes ${write.id}${entry.wasParked ? ', which is bad' : ''}: ${write.mutations.map(({ kind, collection, key }) => `${kind} ${collection} ${key}`).join(', ')}`)
    const clears = this.#signOuts.size > 0 ? null : this.#clears
    tab.write(write).then(
      () => { this.#check(() => { this.#onAcknowledged(entry, this.#clears === clears) }) },
      (error: unknown) => {
        this.#act(`${write.id} is refused: ${codeOf(error)}`)
        this.#ledger.settle(entry, 'refused', this.#world.now)
      },
    )
  }

  #onAcknowledged(entry: Entry, isUncleared: boolean): void {
    const { write, tab } = entry
    this.#act(`${write.id} is acknowledged`)
    this.#ledger.look(this.#device.storage.outboxes.get(OUTBOX))
    this.#ledger.settle(entry, 'acknowledged', this.#world.now)
    entry.inMemory = !tab.isDurable
    if (tab.isDurable && !this.#isKept(entry)) throw new Error(`${tab.name} was told that ${write.id} is stored, and it is not`)
    // A write that is in the stream leaves the outbox when tabs show it, if the cache cannot be stored. The next engine, with older rows, is
    // handed the write again by a tab that was not told, and shows it when it has read so far.
    const mayComeLater = this.#has.badStorage && this.#rows.isAhead(entry)
    if (isUncleared && !entry.wasParked && entry.discarded === 'no' && !entry.cleared && !mayComeLater) this.#rows.assertAcknowledged(entry)
  }

  /** The write is stored, or was, or is in a stream. */
  #isKept({ write, place, cleared, discarded }: Entry): boolean {
    return place !== null || cleared || discarded !== 'no' || this.#server.incarnations.some((life) => this.#ledger.found(life, write.id).length > 0)
  }

  #append(): void {
    const server = this.#server
    if (!server.stream && this.#world.random.chance(0.3)) server.create()
    server.append(this.#events.message())
    this.#act('another writer appends')
  }

  #toggle(what: 'online' | 'authorized'): void {
    this.#server[what] = !this.#server[what]
    this.#server.changed()
    this.#act(`${what}: ${String(this.#server[what])}`)
  }

  /** The application sends a write again, or gives it up. */
  #decide(tab: WriteTab): void {
    const { random } = this.#world
    const listed = tab.outbox.getSnapshot()
    if (listed.length === 0) return
    const parked = listed.filter(({ state }) => state === 'parked')
    const { id } = random.pick(parked.length > 0 && random.chance(0.8) ? parked : listed)
    const entry = this.#ledger.entry(id)!
    const isRetry = random.chance(0.5)
    this.#act(`${tab.name} ${isRetry ? 'retries' : 'discards'} ${id}`)
    if (isRetry) {
      entry.retried = true
      if (random.chance(0.7)) this.#refused.delete(id)
    } else if (entry.discarded === 'no') {
      entry.discarded = 'unknown'
    }
    const call = isRetry ? tab.outbox.retry(id) : tab.outbox.discard(id)
    this.#calls.set(call, { ends: [tab.sim.process, this.#device.tabs.get(tab)!.process], what: `${tab.name} decides ${id}` })
    call.then(
      (isDone) => {
        this.#act(`${id}: ${String(isDone)}`)
        // An engine in memory only does not know whether the write is stored too.
        // Where workers know nothing of each other, the write's own tab hands it to another outbox.
        if (!isRetry && isDone && tab.isDurable && this.#device.topology !== 'alone') entry.discarded = 'yes'
      },
      (error: unknown) => { this.#act(`${id}: ${codeOf(error)}`) },
    )
  }

  #disturbServer(): void {
    const { random } = this.#world
    const server = this.#server
    const roll = random.below(10)
    if (roll < 1) this.#toggle('authorized')
    else if (roll < 2) server.forgetProducers()
    else if (roll < 3) server.fence()
    else if (roll < 4) {
      server.remove()
      if (random.chance(0.7)) server.create()
      this.#act('the stream is remade')
    } else if (roll < 5) server.create()
    else if (this.#has.badServer) {
      const one = random.pick<Partial<Misbehaviour>>([{ flakiness: 0.3 }, { copies: 0.4 }, { silence: 0.1 }, { blinks: 0.5 }, { haste: 1 }])
      server.faults = random.chance(0.4) ? WELL : { ...server.faults, ...one }
    }
    this.#act(`server ${String(roll)}: ${JSON.stringify(server.faults)}`)
  }

  #disturbStorage(): void {
    const { random } = this.#world
    const { storage } = this.#device
    const roll = random.below(5)
    if (roll < 2) storage.full = !storage.full
    else if (roll < 3) storage.refused = !storage.refused
    else if (roll < 4) this.#device.loseConnections()
    else if (storage.isHanging) storage.answerAgain()
    else storage.hang()
    this.#act(`storage ${String(roll)}${storage.full ? ' full' : ''}${storage.refused ? ' refused' : ''}${storage.isHanging ? ' hangs' : ''}`)
  }

  #clear(tab: WriteTab): void {
    const discards = this.#world.random.chance(0.5)
    this.#act(`${tab.name} signs out${discards ? ', and discards writes' : ''}`)
    const calledAt = this.#world.now
    this.#clears += 1
    this.#device.forget()
    const signOut: SignOut = { calledAt, discards }
    this.#signOuts.add(signOut)
    const onDone = (outcome: Outcome<null>): void => {
      this.#device.forget()
      // After any other answer the deletion goes on, or is tried again.
      if (outcome.ok || outcome.error.code === 'WRITES_PENDING') this.#signOuts.delete(signOut)
    }
    const call = tab.clear(discards, onDone)
    this.#calls.set(call, { ends: [tab.sim.process, this.#device.tabs.get(tab)!.process], what: `${tab.name} clears` })
    const onEnd = (answer: string): void => {
      this.#device.forget()
      this.#act(`the sign-out of ${tab.name}: ${answer}`)
    }
    call.then((outcome) => { onEnd(outcome.ok ? 'done' : outcome.error.code) }, (error: unknown) => { onEnd(codeOf(error)) })
  }

  /** A sign-out takes the stored writes with it, also long after its call: its worker was frozen, or has died and the next engine deletes. */
  #onOutboxDeleted({ entries }: OutboxMedium): void {
    this.#device.forget()
    for (const { write } of entries.values()) {
      const entry = this.#ledger.entry(write.id)
      if (!entry) continue
      // Without `discards` only writes that were made during the call may be lost.
      entry.cleared ||= [...this.#signOuts].some(({ discards, calledAt }) => discards || entry.outcome !== 'acknowledged' || entry.settledAt >= calledAt)
    }
  }

  #onApplied(tab: WriteTab, batch: DiffBatch): void {
    const { badStorage, freezes, clears } = this.#has
    if (badStorage || freezes || clears || this.#device.topology === 'alone' || tab.sim.mode !== 'eager' || !batch.ready || batch.status?.durable !== true) return
    this.#check(() => { this.#rows.assertRows(tab, this.#world.now) })
  }

  /** I7: while nothing is in its way, a write is acknowledged soon. */
  #assertPrompt(): void {
    const { badStorage, freezes, clears } = this.#has
    if (badStorage || freezes || clears) return
    for (const { write, issuedAt } of this.#ledger.waiting) {
      if (this.#world.now - Math.max(issuedAt, this.#device.disturbedAt) > ACKNOWLEDGE_MS) throw new Error(`${write.id} has no answer`)
    }
  }

  /** I10: the requests of an outbox are bounded, and so are those of its lookups. */
  #assertFewRequests(): void {
    for (const [{ name }, times] of this.#device.sends) {
      if (times.length > MOST_REQUESTS + 4 * this.#writes) throw new Error(`${name} has sent ${String(times.length)} requests in a minute`)
    }
    for (const [{ name }, times] of this.#server.fruitless) {
      if (times.length > MOST_REQUESTS + this.#writes) throw new Error(`${name} has asked for nothing ${String(times.length)} times in a minute`)
    }
  }

  /** Ids of the writes that tabs list: at rest, only parked ones are left. */
  #parked(): Set<string> {
    return new Set([...this.#device.tabs.keys()].flatMap((tab) => tab.outbox.getSnapshot().map(({ id }) => id)))
  }

  /**
   * Where workers know nothing of each other, the stored outbox may wait for a worker that has no tab any more to end. After a sign-out the
   * tabs that are left may have no engine that opens it.
   */
  #waiting(): Set<string> {
    return new Set(this.#device.topology === 'alone' || this.#has.clears ? this.#stored().map(({ write }) => write.id) : [])
  }

  /** Heals everything, and waits until nothing is left to be done. */
  async #rest(): Promise<void> {
    const server = this.#server
    const device = this.#device
    this.#act('all is healed')
    server.online = true
    server.authorized = true
    server.heal()
    for (const process of [...device.frozen]) device.thaw(process)
    device.air.badness = 0
    device.storage.full = false
    device.storage.refused = false
    device.storage.answerAgain()
    device.disturb()
    for (const tab of device.tabs.keys()) tab.sim.show(true)
    if (!server.stream) server.create()
    server.append(this.#events.message())
    // A call to a dead worker, or of a dead tab, has no answer. The tab's link rejects such calls, and has tests of its own.
    const calls = new Map([...this.#calls].filter(([, { ends }]) => ends.every(({ alive }) => alive)))
    for (const call of calls.keys()) call.finally(() => calls.delete(call)).catch(() => undefined)
    const { badStorage, freezes, clears } = this.#has
    const end = this.#world.now + (badStorage || freezes || clears ? REOPEN_MS : 0)
    /** Since when nothing is left to be done. */
    let calmSince = Infinity
    let isIdle = false
    for (let step = 0; ; step += 1) {
      if (isIdle || step % 200 === 0) for (const tab of device.tabs.keys()) tab.sim.reconnect()
      await settle()
      const isCalm = calls.size === 0 && this.#ledger.waiting.length === 0 && [...device.tabs.keys()].every((tab) => this.#isAtRest(tab))
      calmSince = isCalm ? Math.min(calmSince, this.#world.now) : Infinity
      if (this.#world.now >= Math.max(end, calmSince + STORE_MS)) break
      const wasIdle = isIdle
      isIdle = !(await this.#step())
      if (step > REST_STEPS || (wasIdle && isIdle)) throw new Error(this.#describeUnrest([...calls.values()].map(({ what }) => what)))
    }
    this.#ledger.look(device.storage.outboxes.get(OUTBOX))
    this.#ledger.assertStreams(server.incarnations)
    this.#ledger.assertNoneLost(server.incarnations, this.#parked(), this.#waiting(), device.losses)
    this.#assertLists()
  }

  #isAtRest({ sim, outbox, isDurable }: WriteTab): boolean {
    const stream = this.#server.stream!
    return (
      sim.ready &&
      !sim.isBetween &&
      sim.offset === stream.tail &&
      (isDurable || this.#device.topology === 'alone' || this.#has.clears) &&
      Object.keys(sim.pendingKeys).length === 0 &&
      outbox.getSnapshot().every(({ state }) => state === 'parked') &&
      isDeepStrictEqual(sim.rows(), this.#rows.fold(stream, stream.tail))
    )
  }

  /** All tabs of an engine list the same writes, in the outbox's order. */
  #assertLists(): void {
    const lists = [...this.#device.tabs.keys()].map((tab) => tab.outbox.getSnapshot().map(({ id }) => id))
    for (const ids of lists) {
      const numbers = ids.flatMap((id) => this.#ledger.entry(id)?.place?.number ?? [])
      if (!isDeepStrictEqual(numbers, [...numbers].sort((a, b) => a - b))) throw new Error(`a list is in the order ${ids.join(', ')}`)
    }
    if (this.#device.topology === 'alone' || this.#has.clears) return
    if (lists.some((ids) => !isDeepStrictEqual(ids, lists[0]))) throw new Error(`tabs list different writes: ${JSON.stringify(lists)}`)
    const stored = this.#stored().flatMap(({ phase, write }) => (phase === 'confirmed' ? [] : [write.id]))
    if (!isDeepStrictEqual(lists[0], stored)) throw new Error(`tabs list ${JSON.stringify(lists[0])}, and the device has stored ${JSON.stringify(stored)}`)
  }

  #stored(): OutboxEntry[] {
    const medium = this.#device.storage.outboxes.get(OUTBOX)
    return medium?.head ? toldByHead(medium.head, [...medium.entries.values()].sort((a, b) => a.number - b.number)) : []
  }

  #describeUnrest(calls: ReadonlyArray<string>): string {
    const stored = this.#stored().map(({ write, phase, offset }) => `${write.id} ${phase}${offset === null ? '' : ` at ${offset}`}`)
    const tabs = [...this.#device.tabs].map(([{ name, sim, outbox, isDurable }, { process: worker }]) => {
      const { where, epoch, connection, storage, lastError } = sim.status ?? {}
      const isCurrent = isDeepStrictEqual(sim.rows(), this.#rows.fold(this.#server.stream!, this.#server.stream!.tail))
      const listed = outbox.getSnapshot().map(({ id, state }) => `${id} ${state}`)
      return [
        name, worker.name, sim.offset, sim.ready ? 'ready' : 'not ready', isCurrent ? 'current' : 'not current', where, epoch, connection, storage,
        isDurable ? 'durable' : 'in memory', `lists [${listed.join(', ')}]`, `shows pending ${JSON.stringify(sim.pendingKeys)}`, JSON.stringify(lastError),
      ].join(' ')
    })
    const waiting = this.#ledger.waiting.map(({ write }) => write.id)
    return `no rest: tail ${this.#server.stream!.tail}, pending calls [${calls.join(', ')}], waiting [${waiting.join(', ')}], stored [${stored.join(', ')}]\n${tabs.join('\n')}`
  }
}
