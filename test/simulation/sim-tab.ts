import { HeldSubsets } from '../../src/main/held-subsets.ts'
import { Replica } from '../../src/main/replica.ts'
import type { DiffBatch } from '../../src/shared/batch.ts'
import { PROTOCOL_VERSION, type EngineContract, type Hello, type HelloReply, type TabContract } from '../../src/shared/calls.ts'
import type { StreamSettings } from '../../src/shared/settings.ts'
import type { SyncMode } from '../../src/shared/state-schema.ts'
import type { TabStatus } from '../../src/shared/status.ts'
import type { SubsetChange } from '../../src/shared/subset.ts'
import type { OutboxNews } from '../../src/shared/write.ts'
import { SidestreamError } from '../../src/shared/errors.ts'
import type { Admission } from '../../src/worker/tabs/admission.ts'
import { plainRows, type PlainRows } from '../support/naive-fold.ts'
import type { SimQuery } from './sim-queries.ts'
import { Process, type World } from './world.ts'

/** The collection that a tab need not hold all of. */
const PART = 'items'

/** Part of every tab's headers; no channel and no storage may ever have it. */
export const SECRET = 'bearer of the canary'

/** A tab's connection to one worker. */
interface Line {
  readonly worker: Process
  readonly contract: EngineContract
  /** On their way to the worker. */
  readonly calls: Array<(engine: EngineContract) => void>
  /** Calls without an answer: each is rejected when the line ends. */
  readonly pending: Set<(error: Error) => void>
}

/** The part of a tab that writes. */
export interface SimWrites {
  /** A session is open. @param epoch of the engine, by its status */
  opened(status: TabStatus): void
  status(status: TabStatus): void
  /** The rows of these writes are in the tab. @param status comes with them, if any does */
  stored(ids: ReadonlyArray<string>, status: TabStatus | null): void
  outbox(news: OutboxNews): void
}

/** A tab: the real replica over plain maps, and a port whose messages take their time. */
export class SimTab {
  readonly process: Process
  readonly definition: number
  readonly #world: World
  readonly #settings: StreamSettings
  readonly #rows: ReadonlyMap<string, Map<string, object>>
  readonly #replica: Replica
  #line: Line | null = null
  /** Changes of subsets since the present hello. */
  #untold: ReadonlyArray<SubsetChange> = []
  readonly #subsets: HeldSubsets
  /** Of its queries, whether their rows are here. */
  readonly #queries = new Map<SimQuery, boolean>()
  mode: SyncMode
  #partial = false
  /** Workers that it has had. */
  #workers = 0
  ready = false
  isVisible = true
  status: TabStatus | null = null
  /** The tab's engine was told that the cache of an earlier engine was cleared, and the tab has not called `reconnect()` since. */
  isSignedOut = false
  /** Called when a batch has been applied whole. */
  onApplied: (tab: SimTab, batch: DiffBatch) => void = () => undefined
  writes: SimWrites | null = null

  constructor(world: World, name: string, settings: StreamSettings, definition: number, mode: SyncMode) {
    this.mode = settings.collections.some(({ name: collection }) => collection === PART) ? mode : 'eager'
    this.#world = world
    this.#settings = settings
    this.definition = definition
    this.process = new Process(name)
    this.#rows = new Map(settings.collections.map((collection) => [collection.name, new Map<string, object>()]))
    this.#replica = new Replica({
      collections: new Map(
        settings.collections.map(({ name: collection, primaryKey }) => [
          collection,
          {
            primaryKey,
            sink: {
              write: ({ rows, deleted }) => {
                const target = this.#rows.get(collection)!
                for (const row of rows) target.set(String(row[primaryKey]), row)
                for (const key of deleted) target.delete(key)
                return true
              },
              keys: () => this.#rows.get(collection)!.keys(),
              isObserved: false,
              markReady: () => undefined,
            },
          },
        ]),
      ),
      now: () => world.now,
      pause: () => world.io(this.process, 5),
      onCommitError: (error) => {
        throw error
      },
      onCommitted: ({ served, stored, last }, visible) => {
        this.#subsets.onServed(served, visible)
        // The last part of a diff may still remove rows.
        if (!last) this.writes?.stored(stored, null)
      },
    })
    this.#subsets = new HeldSubsets({
      send: (changes) => {
        if (this.#line) this.#call((engine) => { engine.subsets(changes) })
        else this.#untold = [...this.#untold, ...changes]
      },
      onFallback: () => undefined,
      hasNoRows: () => false,
    })
  }

  /** It has looked for a worker at least once. */
  get isConnected(): boolean {
    return this.#workers > 0
  }

  /** Its rows are of some position, from which it goes on. */
  get hasPosition(): boolean {
    return this.#replica.have !== null
  }

  get lock(): string {
    return `lock of ${this.process.name}`
  }

  get offset(): string {
    return this.#replica.offset
  }

  /** Between two parts of one diff: the rows are of no single offset. */
  get isBetween(): boolean {
    return this.#partial
  }

  rows(): PlainRows {
    return plainRows([...this.#rows].map(([name, rows]) => [name, rows.entries()] as const))
  }

  /** Keys of rows that show pending changes, by collection. */
  get pendingKeys(): Readonly<Record<string, ReadonlyArray<string>>> {
    return this.#replica.pendingKeys
  }

  get isOpen(): boolean {
    return this.#line !== null
  }

  /** Connects to a worker; to another one after the last has died. */
  connect(admission: Admission, worker: Process): void {
    for (const reject of this.#line?.pending ?? []) reject(new SidestreamError('WORKER_DIED', 'the worker has died', { retryable: true }))
    this.#line = null
    this.#replica.follow(null)
    void this.#open(admission, worker)
  }

  async #open(admission: Admission, worker: Process): Promise<void> {
    const hello: Hello = {
      version: PROTOCOL_VERSION,
      client: this.lock,
      settings: this.#settings,
      request: this.#world.random.chance(0.5) ? { headers: { authorization: SECRET }, params: {} } : null,
      wantsEvents: false,
      wantsRejected: this.writes !== null,
      tabLock: this.lock,
      tab: {
        hasRows: this.#replica.hasRows,
        have: this.#replica.have,
        modes: this.mode === 'eager' ? {} : { [PART]: this.mode },
        subsets: this.#subsets.all(),
        pendingKeys: this.#replica.pendingKeys,
        visible: this.isVisible,
        failovers: this.#workers,
        cleared: this.status?.cleared ?? false,
      },
    }
    this.isSignedOut = hello.tab.cleared
    this.#untold = []
    this.#workers += 1
    const turn = this.#workers
    await this.#world.io(worker)
    const contract = admission.admit(hello, this.#contract(worker, turn), new AbortController())
    const reply = await Promise.resolve(contract.hello()).catch((): HelloReply => ({ ok: false, error: { code: 'TAB_GONE', message: 'left', retryable: true } }))
    await this.#world.io(this.process)
    if (turn !== this.#workers) return
    if (!reply.ok) throw new Error(`${this.process.name} was refused: ${reply.error.message}`)
    this.#replica.follow(reply.epoch)
    this.#line = { worker, contract, calls: [], pending: new Set() }
    const untold = this.#untold
    if (untold.length > 0) this.#call((engine) => { engine.subsets(untold) })
    if (this.isVisible !== hello.tab.visible) this.show(this.isVisible)
    this.#call((engine) => { engine.start() })
    this.writes?.opened(reply.status)
  }

  #contract(worker: Process, turn: number): TabContract {
    // On their way. A port keeps the order of its messages.
    const statuses: TabStatus[] = []
    const hear = (): void => {
      for (const status of statuses.splice(0)) {
        this.status = status
        this.writes?.status(status)
      }
    }
    return {
      apply: async (batch) => {
        const copy = structuredClone(batch)
        await this.#world.io(this.process)
        if (turn !== this.#workers) return await new Promise(() => undefined)
        hear()
        this.#partial = true
        const ack = await this.#replica.apply(copy)
        if (ack === 'applied' && copy.last) {
          this.#partial = false
          this.ready ||= copy.ready && copy.filling.length === 0
          if (this.mode === 'progressive' && copy.ready && copy.filling.length === 0) {
            this.mode = 'eager'
            this.#subsets.onWhole(PART)
          }
          this.onApplied(this, copy)
          if (copy.status) this.writes?.status(copy.status)
        }
        if (ack === 'applied' && copy.last) this.writes?.stored(copy.stored, copy.status)
        await this.#world.io(worker)
        return ack
      },
      status: (status) => {
        statuses.push(status)
        this.#world.after(this.process, 0, () => {
          if (turn === this.#workers) hear()
        })
      },
      outbox: async (news) => {
        const copy = structuredClone(news)
        await this.#world.io(this.process, 5)
        if (turn === this.#workers) this.writes?.outbox(copy)
        await this.#world.io(worker, 5)
      },
      requestValues: () => Promise.resolve({ ok: true, value: { headers: { authorization: SECRET }, params: {} } }),
    }
  }

  #call(call: (engine: EngineContract) => void): void {
    const line = this.#line
    if (!line) return
    // None overtakes another: whichever of them is due, the first is the one that arrives.
    line.calls.push(call)
    this.#world.after(line.worker, this.#world.random.below(5), () => { line.calls.shift()!(line.contract) })
  }

  /** A call with an answer. @throws SidestreamError `WORKER_DIED` when the session ends before it */
  request<T>(call: (engine: EngineContract) => Promise<T>): Promise<T> {
    const pending = this.#line?.pending
    if (!pending) return Promise.reject(new SidestreamError('WORKER_DIED', 'no session is open', { retryable: true }))
    return new Promise((resolve, reject) => {
      pending.add(reject)
      const settle = (answer: () => void): void => {
        this.#world.after(this.process, this.#world.random.below(5), () => {
          pending.delete(reject)
          answer()
        })
      }
      this.#call((engine) => {
        call(engine).then((value) => { settle(() => { resolve(value) }) }, (error: unknown) => { settle(() => { reject(error as Error) }) })
      })
    })
  }

  /** A query is mounted. */
  ask(query: SimQuery): void {
    if (this.mode === 'eager' && !this.#queries.has(query)) return
    this.#queries.set(query, false)
    const loaded = this.#subsets.load(PART, query.demand)
    if (loaded === true) this.#queries.set(query, true)
    else loaded.then(() => { if (this.#queries.has(query)) this.#queries.set(query, true) }, () => undefined)
  }

  /** One of its queries goes. */
  forget(): void {
    const [query] = this.#queries.keys()
    if (!query) return
    this.#queries.delete(query)
    this.#subsets.unload(query.demand)
  }

  /** Queries whose rows are here. */
  get answered(): number {
    return [...this.#queries.values()].filter(Boolean).length
  }

  /** Rows that its queries are answered with lack, of those that there are in all; and whether all are answered. */
  lacks(all: Record<string, unknown>): { readonly rows: ReadonlyArray<unknown>; readonly isAnswered: boolean } {
    const own = this.rows()[PART]!
    const lacking = [...this.#queries].flatMap(([query, isAnswered]) => (isAnswered ? query.answer(Object.values(all) as Array<Record<string, unknown>>) : []))
    return {
      rows: lacking.filter((row) => !Object.hasOwn(own, (row as { id: string }).id)),
      isAnswered: [...this.#queries.values()].every(Boolean),
    }
  }

  /** What all of its queries together have to show of these rows. */
  wanted(all: Record<string, unknown>): Record<string, unknown> {
    const rows = [...this.#queries.keys()].flatMap((query) => query.answer(Object.values(all) as Array<Record<string, unknown>>))
    return Object.fromEntries([...new Set(rows)].map((row) => [row['id'] as string, row] as const).sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  show(isVisible: boolean): void {
    this.isVisible = isVisible
    this.#call((engine) => { engine.visible(isVisible) })
  }

  reconnect(): void {
    this.isSignedOut = false
    this.#call((engine) => { engine.reconnect('application') })
  }

  /** Its collections were cleaned up and are used again. */
  resync(): void {
    this.#replica.lost()
    for (const rows of this.#rows.values()) rows.clear()
    this.#call((engine) => { engine.resync() })
  }

  /** A call whose answer must come, or be rejected. */
  clearCache(discardWrites = false): Promise<unknown> {
    const line = this.#line
    return line ? this.#world.io(line.worker).then(() => line.contract.clearCache(discardWrites)) : Promise.resolve()
  }

  /** Closes; settles when the worker has answered. */
  leave(): Promise<void> {
    const line = this.#line
    this.#workers += 1
    for (const reject of line?.pending ?? []) reject(new SidestreamError('CLOSED', 'StreamDB closed'))
    return line ? this.#world.io(line.worker).then(() => line.contract.leave()) : Promise.resolve()
  }

  /** The tab is gone without a word. */
  crash(): void {
    this.#workers += 1
    this.process.kill()
  }
}
