import { Replica } from '../../src/main/replica.ts'
import { PROTOCOL_VERSION, type DiffBatch, type EngineContract, type StreamSettings } from '../../src/shared/protocol.ts'
import type { EngineStatus } from '../../src/shared/status.ts'
import type { Host } from '../../src/worker/host.ts'
import { plainRows, type PlainRows } from '../support/naive-fold.ts'
import { Process, type World } from './world.ts'

/** A tab: the real replica over plain maps, and a port whose messages take their time. */
export class SimTab {
  readonly process: Process
  readonly #world: World
  readonly #settings: StreamSettings
  readonly #rows: ReadonlyMap<string, Map<string, object>>
  readonly #replica: Replica
  #gone: AbortController | null = null
  #contract: EngineContract | null = null
  #partial = false
  ready = false
  status: EngineStatus | null = null
  /** Called when a batch has been applied whole. */
  onApplied: (tab: SimTab, batch: DiffBatch) => void = () => undefined

  constructor(world: World, name: string, settings: StreamSettings) {
    this.#world = world
    this.#settings = settings
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
    })
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

  /** Joins an engine in `worker`; a new one after the last has died. */
  connect(host: Host, worker: Process): void {
    const gone = new AbortController()
    this.#gone = gone
    const contract = host.admit(
      { version: PROTOCOL_VERSION, settings: this.#settings, request: { headers: {}, params: {} }, wantsEvents: false, hasRows: this.#replica.hasRows },
      {
        apply: async (batch) => {
          const copy = structuredClone(batch)
          await this.#world.io(this.process)
          if (gone.signal.aborted || !worker.alive) return await new Promise(() => undefined)
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
          this.status = status
        },
        requestValues: () => Promise.resolve({ ok: true, value: { headers: {}, params: {} } }),
      },
      gone,
      { home: 'worker', aliveLock: null },
    )
    this.#replica.follow(contract.ping())
    this.#contract = contract
    contract.start()
  }

  reconnect(): void {
    this.#contract?.reconnect()
  }

  resync(): void {
    this.#replica.lost()
    for (const rows of this.#rows.values()) rows.clear()
    this.#contract?.resync()
  }

  /** A call whose answer must come, or be rejected. */
  async clearCache(): Promise<boolean> {
    return (await this.#contract?.clearCache())?.ok ?? false
  }

  leave(): Promise<void> {
    this.process.kill()
    this.#gone?.abort()
    return this.#contract?.leave() ?? Promise.resolve()
  }
}
