import { isDeepStrictEqual } from 'node:util'
import type { SyncMode } from '../../../src/shared/state-schema.ts'
import type { AliveLocks } from './alive-locks.ts'
import { EngineProcess } from './engine-process.ts'
import { crowd, stirred } from './events.ts'
import { MemoryStream } from './memory-stream.ts'
import { nextTurn } from './next-turn.ts'
import type { Plan, Step } from './plan.ts'
import { isOrdered, isSelective } from './queries.ts'
import { Reference } from './reference.ts'
import { Tab, type Mounted } from './tab.ts'

export interface Outcome {
  answers: number
  rows: number
  moves: number
  unmounts: number
  /** Times that a tab was seen to hold nothing but what its queries ask for. */
  exact: number
  /** Times that a tab was seen to hold nothing when nothing was asked for. */
  empty: number
  /** Times that the engine died under its tabs. */
  deaths: number
}

export const NOTHING: Outcome = { answers: 0, rows: 0, moves: 0, unmounts: 0, exact: 0, empty: 0, deaths: 0 }

export interface RunOptions {
  readonly outcome: Outcome
  /** What the page takes for `navigator.locks`. */
  readonly locks: AliveLocks
  /** Time within which everything comes to rest. */
  readonly restLimitMs: number
}

/** A tab whose handshake is with a worker that has died waits for 10 s, and then takes another worker. */
const HANDSHAKE_MS = 11_000

let worlds = 0

/**
 * One world: a stream that changes in every way, goes offline and is made anew; tabs with live queries that come, go and move
 * their windows; transactions that fail; engines that die. Whenever it is at rest every query shows what the same query shows over a local copy of the stream's state, and a tab that holds rows on
 * demand holds those that its queries ask for.
 * @throws Error when something is not as it should be
 */
export async function run(planned: Plan, { outcome, locks, restLimitMs }: RunOptions): Promise<void> {
  const world = new World(planned, outcome, locks, restLimitMs)
  try {
    for (const each of planned.steps) await world.take(each)
    await world.rest()
    await world.takeLeave()
  } finally {
    world.close()
  }
}

class World {
  readonly #plan: Plan
  readonly #outcome: Outcome
  readonly #restLimitMs: number
  readonly #stream: MemoryStream
  readonly #tabs: Tab[]
  readonly #locks: AliveLocks
  #engine: EngineProcess
  /** An engine has died, and a tab that opens may still be given that one. */
  #hasDied = false

  constructor(planned: Plan, outcome: Outcome, locks: AliveLocks, restLimitMs: number) {
    this.#plan = planned
    this.#restLimitMs = restLimitMs
    this.#locks = locks
    this.#outcome = outcome
    this.#stream = new MemoryStream(`http://world.test/${String((worlds += 1))}`)
    this.#stream.append(planned.beginning)
    this.#stream.append(crowd(planned.crowd))
    this.#engine = new EngineProcess(this.#stream.fetch, locks)
    this.#tabs = planned.tabs.map((mode) => this.#open(mode))
  }

  async take(next: Step): Promise<void> {
    switch (next.act) {
      case 'append':
        this.#stream.append(next.items)
        break
      case 'stir':
        if (this.#plan.crowd > 0) this.#stream.append(stirred(next.stir, this.#plan.crowd))
        break
      case 'remake':
        this.#stream.remake(next.items)
        break
      case 'offline':
      case 'online':
        this.#stream.online = next.act === 'online'
        break
      case 'hope':
        this.#tabAt(next.tab).hope(next.optimism)
        break
      case 'mount':
        this.#tabAt(next.tab).mount(next.query, next.manner)
        break
      case 'unmount': {
        const found = this.#mountedAt(next.which)
        if (found) found.tab.unmount(found.mounted)
        if (found) this.#outcome.unmounts += 1
        break
      }
      case 'move': {
        const found = this.#mountedAt(next.which, ({ query: { window: first } }) => first !== null)
        found?.mounted.move(next.to)
        if (found) this.#outcome.moves += 1
        break
      }
      case 'preload':
        this.#tabAt(next.tab).preload()
        break
      case 'unmount-all':
        this.#tabAt(next.tab).unmountAll()
        break
      case 'clean-up':
        await this.#tabAt(next.tab).cleanUp()
        break
      case 'reopen': {
        const index = next.tab % this.#tabs.length
        this.#tabs[index]!.close()
        this.#tabs[index] = this.#open(this.#tabs[index]!.mode)
        break
      }
      case 'restart':
        for (const each of this.#tabs) each.close()
        this.#engine.kill()
        this.#engine = new EngineProcess(this.#stream.fetch, this.#locks)
        this.#tabs.splice(0, Infinity, ...this.#plan.tabs.map((mode) => this.#open(mode)))
        break
      case 'kill':
        await this.#kill()
        break
      case 'rest':
        await this.rest()
        break
    }
    for (let turn = 0; turn < next.turns; turn += 1) await nextTurn()
  }

  /** Waits until every query shows the answer. @throws Error when one does not come to it */
  async rest(): Promise<void> {
    this.#stream.online = true
    const reference = new Reference(this.#stream.items)
    const checks: Array<() => string | null> = []
    for (const [index, each] of this.#tabs.entries()) {
      if (!each.isStarted) continue
      const name = `tab ${String(index)}`
      checks.push(() => (each.isHoping ? `${name} is in a transaction` : null))
      checks.push(() => (each.isAt(this.#stream.tail) ? null : `${name} is not at the end: ${each.describe()}`))
      for (const mounted of each.mounted) {
        const answer = await reference.answer(mounted.query, mounted.shown)
        this.#outcome.answers += 1
        this.#outcome.rows += answer.length
        checks.push(() => compare(name, mounted, answer))
      }
      checks.push(await this.#holding(name, each, reference))
    }
    await until(checks, this.#restLimitMs + (this.#hasDied ? HANDSHAKE_MS : 0))
  }

  /** All queries go: nothing is held for them any more. */
  async takeLeave(): Promise<void> {
    for (const each of this.#tabs) each.unmountAll()
    await this.rest()
  }

  close(): void {
    for (const each of this.#tabs) each.close()
  }

  async #holding(name: string, each: Tab, reference: Reference): Promise<() => string | null> {
    const expect = (count: number) => () => (each.held === count ? null : `${name} (${each.mode}) holds ${String(each.held)} items, not ${String(count)}`)
    if (!each.holdsLittle) return expect(reference.items.size)
    if (each.mounted.length === 0) {
      this.#outcome.empty += 1
      return expect(0)
    }
    if (!each.mounted.every(({ query: of }) => isSelective(of))) return () => null
    this.#outcome.exact += 1
    const wanted = await Promise.all(each.mounted.map(({ query: of }) => reference.matching(of)))
    return expect(new Set(wanted.flat()).size)
  }

  /** Not while a tab that is here is in its handshake: a handshake without an answer is waited for, for 10 s. */
  async #kill(): Promise<void> {
    this.#stream.online = true
    const isServed = this.#tabs.map((each) => () => (!each.isStarted || each.isServed ? null : `no engine serves ${each.describe()}`))
    await until(isServed, this.#restLimitMs)
    this.#engine.kill()
    this.#hasDied = true
    this.#outcome.deaths += 1
  }

  #open(mode: SyncMode): Tab {
    return new Tab(mode, this.#stream, this.#engine, this.#plan.isCached)
  }

  #tabAt(index: number): Tab {
    return this.#tabs[index % this.#tabs.length]!
  }

  #mountedAt(index: number, wanted: (mounted: Mounted) => boolean = () => true): { tab: Tab; mounted: Mounted } | null {
    const all = this.#tabs.flatMap((each) => each.mounted.filter(wanted).map((mounted) => ({ tab: each, mounted })))
    return all[index % all.length] ?? null
  }
}

function compare(name: string, mounted: Mounted, answer: unknown[]): string | null {
  const unrest = mounted.unrest()
  // Groups come in no order of their own.
  const [rows, wanted] = isOrdered(mounted.query) ? [mounted.rows(), answer] : [sorted(mounted.rows()), sorted(answer)]
  if (unrest === null && isDeepStrictEqual(rows, wanted)) return null
  return `${name}, ${JSON.stringify(mounted.query)} at ${JSON.stringify(mounted.shown)}: ${unrest ?? 'it is at rest'}
shows   ${JSON.stringify(rows)}
instead ${JSON.stringify(wanted)}`
}

async function until(checks: ReadonlyArray<() => string | null>, limitMs: number): Promise<void> {
  const limit = performance.now() + limitMs
  for (const check of checks) {
    for (let failure = check(); failure !== null; failure = check()) {
      if (performance.now() > limit) throw new Error(failure)
      await nextTurn()
    }
  }
}

const sorted = (rows: readonly unknown[]): unknown[] => [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
