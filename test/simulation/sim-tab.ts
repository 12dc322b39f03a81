import { Replica } from '../../src/main/replica.ts'
import { PROTOCOL_VERSION, type DiffBatch, type EngineContract, type Hello, type HelloReply, type StreamSettings, type TabContract } from '../../src/shared/protocol.ts'
import type { EngineStatus } from '../../src/shared/status.ts'
import type { Admission } from '../../src/worker/host.ts'
import { plainRows, type PlainRows } from '../support/naive-fold.ts'
import { Process, type World } from './world.ts'

/** A tab's connection to one worker. */
interface Line {
  readonly worker: Process
  readonly contract: EngineContract
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
  #partial = false
  /** Workers that it has had. */
  #workers = 0
  ready = false
  isVisible = true
  status: EngineStatus | null = null
  /** Called when a batch has been applied whole. */
  onApplied: (tab: SimTab, batch: DiffBatch) => void = () => undefined

  constructor(world: World, name: string, settings: StreamSettings, definition: number) {
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
      onCommitted: () => undefined,
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

  /** Connects to a worker; to another one after the last has died. */
  connect(admission: Admission, worker: Process): void {
    this.#line = null
    this.#replica.follow(null)
    void this.#open(admission, worker)
  }

  async #open(admission: Admission, worker: Process): Promise<void> {
    const hello: Hello = {
      version: PROTOCOL_VERSION,
      client: this.lock,
      settings: this.#settings,
      request: { headers: {}, params: {} },
      wantsEvents: false,
      hasRows: this.#replica.hasRows,
      have: this.#replica.have,
      modes: {},
      subsets: [],
      tabLock: this.lock,
      failovers: this.#workers,
      visible: this.isVisible,
    }
    this.#workers += 1
    const turn = this.#workers
    await this.#world.io(worker)
    const contract = admission.admit(hello, this.#contract(worker, turn), new AbortController())
    const reply = await Promise.resolve(contract.hello()).catch((): HelloReply => ({ ok: false, error: { code: 'TAB_GONE', message: 'left', retryable: true } }))
    await this.#world.io(this.process)
    if (turn !== this.#workers) return
    if (!reply.ok) throw new Error(`${this.process.name} was refused: ${reply.error.message}`)
    this.#replica.follow(reply.epoch)
    this.#line = { worker, contract }
    this.#call((engine) => { engine.start() })
  }

  #contract(worker: Process, turn: number): TabContract {
    return {
      apply: async (batch) => {
        const copy = structuredClone(batch)
        await this.#world.io(this.process)
        if (turn !== this.#workers) return await new Promise(() => undefined)
        this.#partial = true
        const ack = await this.#replica.apply(copy)
        if (ack === 'applied' && copy.last) {
          this.#partial = false
          this.ready ||= copy.ready
          this.onApplied(this, copy)
        }
        await this.#world.io(worker)
        return ack
      },
      status: (status) => {
        this.#world.after(this.process, 0, () => {
          if (turn === this.#workers) this.status = status
        })
      },
      requestValues: () => Promise.resolve({ ok: true, value: { headers: {}, params: {} } }),
    }
  }

  #call(call: (engine: EngineContract) => void): void {
    const line = this.#line
    if (line) this.#world.after(line.worker, this.#world.random.below(5), () => { call(line.contract) })
  }

  show(isVisible: boolean): void {
    this.isVisible = isVisible
    this.#call((engine) => { engine.visible(isVisible) })
  }

  reconnect(): void {
    this.#call((engine) => { engine.reconnect() })
  }

  /** Its collections were cleaned up and are used again. */
  resync(): void {
    this.#replica.lost()
    for (const rows of this.#rows.values()) rows.clear()
    this.#call((engine) => { engine.resync() })
  }

  /** A call whose answer must come, or be rejected. */
  clearCache(): Promise<unknown> {
    const line = this.#line
    return line ? this.#world.io(line.worker).then(() => line.contract.clearCache()) : Promise.resolve()
  }

  /** Closes; settles when the worker has answered. */
  leave(): Promise<void> {
    const line = this.#line
    this.#workers += 1
    return line ? this.#world.io(line.worker).then(() => line.contract.leave()) : Promise.resolve()
  }

  /** The tab is gone without a word. */
  crash(): void {
    this.#workers += 1
    this.process.kill()
  }
}
