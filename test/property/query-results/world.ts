import { isDeepStrictEqual } from 'node:util'
import { createCollection, createLiveQueryCollection, Query, type Collection, type InitialQueryBuilder, type IR } from '@tanstack/db'
import * as v from 'valibot'
import { createStreamDB } from '../../../src/main/create-stream-db.ts'
import type { ResultUtils } from '../../../src/shared/named-queries.ts'
import { createStateSchema } from '../../../src/shared/state-schema.ts'
import type { QueryEngine } from '../../../src/worker/ports.ts'
import { QueryRunner } from '../../../src/worker/queries/runner.ts'
import { naiveFold } from '../../support/naive-fold.ts'
import type { AliveLocks } from '../subsets/alive-locks.ts'
import { EngineProcess } from '../subsets/engine-process.ts'
import { MemoryStream } from '../subsets/memory-stream.ts'
import { nextTurn } from '../subsets/next-turn.ts'
import { buildOf } from '../worker-queries/random-query.ts'
import { plainOf, type Build, type Changes, type Shown, type Sources } from '../worker-queries/world.ts'
import type { Part, Plan, Step } from './plan.ts'

const anyRow = v.looseObject({ id: v.string() })
const definition = (type: string) => ({ schema: anyRow, type, primaryKey: 'id', syncMode: 'on-demand' as const })
const schema = createStateSchema({ a: definition('a'), b: definition('b'), c: definition('c') })
const SHAPES = Object.entries(schema).map(([name, { type, primaryKey }]) => ({ name, type, primaryKey }))

const engine: QueryEngine = { version: 'v', create: (options) => new QueryRunner({ ...options, named: {} }) }

export interface Outcome {
  answers: number
  /** Answers of more than one row. */
  large: number
  /** Windows that were moved. */
  moves: number
  /** Queries that ran in the tab. */
  fallbacks: number
}

interface Mounted {
  readonly tab: Db
  readonly build: Build
  readonly ir: IR.QueryIR
  readonly result: Collection<any, string, ResultUtils>
  readonly unsubscribe: () => void
  part: Part | null
  moving: unknown
  /** What it shows; null when that has changed since somebody looked. */
  shown: Shown | null
}

const openDb = (stream: MemoryStream, process: EngineProcess) =>
  createStreamDB({
    streamOptions: { url: stream.url, contentType: 'application/json', backoffOptions: { initialDelay: 1, maxDelay: 5, multiplier: 1.5 } },
    state: schema,
    worker: process.worker,
    cache: false,
  })
type Db = ReturnType<typeof openDb>

let worlds = 0

/**
 * One world: tabs whose queries run in a worker, a stream that changes, windows that move, and a worker that dies in the middle. At
 * rest each result is what the same query has in a plain TanStack DB over the naive fold of the stream.
 * @throws Error when it is not
 */
export async function run(planned: Plan, options: { readonly outcome: Outcome; readonly locks: AliveLocks; readonly restLimitMs: number }): Promise<void> {
  const world = new World(planned, options)
  try {
    for (const query of planned.queries) world.mount(0, query)
    for (const each of planned.before) await world.take(each)
    await world.take({ act: 'kill', turns: 0 })
    for (const each of planned.after) await world.take(each)
    await world.rest()
  } finally {
    world.close()
  }
}

class World {
  readonly #options: Parameters<typeof run>[1]
  readonly #stream = new MemoryStream(`http://results.test/${String((worlds += 1))}`)
  readonly #process: EngineProcess
  readonly #tabs: ReadonlyArray<Db>
  #mounted: Mounted[] = []

  constructor({ tabs, beginning }: Plan, options: Parameters<typeof run>[1]) {
    this.#options = options
    this.#stream.append(eventsOf(beginning))
    this.#process = new EngineProcess(this.#stream.fetch, options.locks, engine)
    this.#tabs = Array.from({ length: tabs }, () => openDb(this.#stream, this.#process))
  }

  async take(next: Step): Promise<void> {
    switch (next.act) {
      case 'append':
        this.#stream.append(eventsOf(next.changes))
        break
      case 'move':
        this.#move(next.which, next.part)
        break
      case 'mount':
        this.mount(next.tab, next.query)
        break
      case 'unmount':
        if (this.#mounted.length > 1) this.#unmount(this.#mounted[next.which % this.#mounted.length]!)
        break
      case 'kill':
        // A tab that is in its handshake waits long for an answer.
        await this.#until(() => (this.#tabs.every((each) => !this.#isUsed(each) || isServed(each)) ? null : 'a tab is not served'))
        this.#process.kill()
        break
      case 'rest':
        await this.rest()
        break
    }
    for (let turn = 0; turn < next.turns; turn += 1) await nextTurn()
  }

  mount(tab: number, query: ReadonlyArray<number>): void {
    const db = this.#tabs[tab % this.#tabs.length]!
    const build = buildOf(query)
    const result = db.liveQuery((q) => build(q, db.collections as unknown as Sources)) as unknown as Mounted['result']
    const subscription = result.subscribeChanges(() => {
      mounted.shown = null
    })
    const ir = irOf(build(new Query() as unknown as InitialQueryBuilder, db.collections as unknown as Sources))
    const unsubscribe = (): void => {
      subscription.unsubscribe()
    }
    const mounted: Mounted = { tab: db, build, ir, result, unsubscribe, part: null, moving: null, shown: null }
    this.#mounted.push(mounted)
  }

  /** Waits until each query shows the answer. @throws Error when one does not come to it */
  async rest(): Promise<void> {
    const { outcome } = this.#options
    const sources = sourcesOf(this.#stream.items)
    for (const mounted of this.#mounted) {
      const answer = answerOf(mounted, sources)
      outcome.answers += 1
      if (Object.keys(answer.rows).length > 1) outcome.large += 1
      await this.#until(() => {
        const { stale, offset } = mounted.tab.status.getSnapshot()
        if (stale || offset !== this.#stream.tail) return `a tab is at ${offset}, not at ${this.#stream.tail}`
        if (mounted.moving) return 'a window is moving'
        if (mounted.shown) return DIFFERS
        const shown = (mounted.shown = asShown(mounted.result.entries(), mounted.ir))
        return isDeepStrictEqual(shown, answer) ? null : DIFFERS
      }, () => `${JSON.stringify(mounted.part)}\nshows   ${JSON.stringify(mounted.shown)}\ninstead ${JSON.stringify(answer)}`)
      mounted.shown = null
      if (mounted.tab.status.getSnapshot().fallbacks[mounted.result.id] !== undefined) outcome.fallbacks += 1
    }
  }

  close(): void {
    for (const mounted of [...this.#mounted]) this.#unmount(mounted)
    for (const each of this.#tabs) each.close()
    this.#process.kill()
  }

  #isUsed(tab: Db): boolean {
    return this.#mounted.some((mounted) => mounted.tab === tab)
  }

  #move(which: number, part: Part): void {
    const ordered = this.#mounted.filter(({ result, ir }) => result.utils.getWindow() && !ir.singleResult)
    const mounted = ordered[which % ordered.length]
    if (!mounted) return
    this.#options.outcome.moves += 1
    mounted.part = part
    const moving = mounted.result.utils.setWindow(part)
    mounted.moving = moving === true ? null : moving
    if (moving === true) return
    moving.finally(() => {
      if (mounted.moving === moving) mounted.moving = null
    }).catch(() => undefined)
  }

  #unmount(mounted: Mounted): void {
    this.#mounted = this.#mounted.filter((other) => other !== mounted)
    mounted.unsubscribe()
    void mounted.result.cleanup()
  }

  async #until(check: () => string | null, describe = (): string => ''): Promise<void> {
    const limit = performance.now() + this.#options.restLimitMs
    for (let failure = check(); failure !== null; failure = check()) {
      if (performance.now() > limit) throw new Error(`${failure} ${describe()}`)
      await nextTurn()
    }
  }
}

const DIFFERS = 'a result is another one:'

const isServed = (db: Db): boolean => !['idle', 'offline', 'closed'].includes(db.status.getSnapshot().connection)

const eventsOf = (changes: Changes): unknown[] =>
  changes.map(([type, key, value]) => JSON.parse(JSON.stringify({ type, key, ...(value && { value }), headers: { operation: value ? 'upsert' : 'delete' } })) as unknown)

const irOf = (query: unknown): IR.QueryIR => (query as { _getQuery(): IR.QueryIR })._getQuery()

function sourcesOf(items: readonly unknown[]): Sources {
  const fold = naiveFold(items, undefined, SHAPES)
  return Object.fromEntries(SHAPES.map(({ name }) => [name, local(Object.values(fold[name]!))]))
}

const local = (rows: readonly unknown[]): Collection<any, string> =>
  createCollection<any, string>({
    getKey: (row) => row.id as string,
    startSync: true,
    sync: {
      sync: ({ begin, write, commit, markReady }) => {
        begin()
        for (const value of rows) write({ type: 'insert', value })
        void commit()
        markReady()
      },
    },
  })

function answerOf({ build, part, ir }: Mounted, sources: Sources): Shown {
  const query = (q: InitialQueryBuilder): any => {
    const built: any = build(q, sources)
    return part ? built.limit(part.limit).offset(part.offset) : built
  }
  const live = createLiveQueryCollection({ query, startSync: true }) as unknown as Collection<any, string | number>
  // An inner collection is empty until somebody listens.
  const subscription = live.subscribeChanges(() => undefined)
  const shown = asShown(live.entries(), ir)
  subscription.unsubscribe()
  void live.cleanup()
  return shown
}

function asShown(rows: Iterable<readonly [key: unknown, row: unknown]>, { orderBy = [] }: IR.QueryIR): Shown {
  const entries = [...rows].map(([key, row]) => [typeof key === 'string' ? key : `\0${typeof key}:${String(key)}`, plainOf(row)] as const)
  return { rows: Object.fromEntries(entries), order: orderBy.length > 0 ? entries.map(([key]) => key) : null }
}
