import { askOutbox } from '../../../src/main/outbox-calls.ts'
import { OutboxList } from '../../../src/main/outbox-list.ts'
import { Writes, type WritesOptions } from '../../../src/main/writes.ts'
import type { Outcome } from '../../../src/shared/calls.ts'
import { SidestreamError } from '../../../src/shared/errors.ts'
import type { StreamSettings } from '../../../src/shared/settings.ts'
import type { SyncMode } from '../../../src/shared/state-schema.ts'
import type { TabStatus } from '../../../src/shared/status.ts'
import type { Write } from '../../../src/shared/write.ts'
import { SimTab } from '../sim-tab.ts'
import type { World } from '../world.ts'

/** A tab that writes. It has the real list of pending writes, and the real code for writes that are not acknowledged. */
export class WriteTab {
  readonly sim: SimTab
  readonly outbox: OutboxList
  readonly #writes: Writes
  /** How often `onRejected` was called. */
  rejected = 0
  /** `durable` of the latest status. */
  isDurable = false

  constructor(world: World, name: string, settings: StreamSettings, mode: SyncMode) {
    this.sim = new SimTab(world, name, settings, 0, mode)
    const { sim } = this
    this.outbox = new OutboxList({
      // The list asks for one of two calls, which answer alike.
      ask: (id, name) => askOutbox((ask) => sim.request((engine) => ask(engine as never)), id, name),
      onRejected: () => { this.rejected += 1 },
      report: ({ message }) => { throw new Error(message) },
    })
    const link = {
      get isOpen() { return sim.isOpen },
      session: () => new Promise<never>(() => undefined),
      call: (call: (engine: never) => Promise<unknown>) => sim.request((engine) => call(engine as never)),
    } as WritesOptions['link']
    this.#writes = new Writes({ link, wake: () => undefined, status: { epoch: '', failovers: 0 } })
    sim.writes = {
      opened: (status) => {
        this.#note(status)
        this.#writes.opened(status)
      },
      status: (status) => {
        this.#note(status)
        this.#writes.follow(status)
      },
      stored: (ids, status) => {
        if (status) this.#note(status)
        this.#writes.stored(ids)
      },
      outbox: (news) => { this.outbox.apply(news) },
    }
  }

  #note({ durable }: TabStatus): void {
    this.isDurable = durable
  }

  get name(): string {
    return this.sim.process.name
  }

  /** Settles with the engine's acknowledgement, or refusal. */
  write(write: Write): Promise<void> {
    return this.#writes.store(write)
  }

  /** @param onDone called in the worker, with its answer: also when the tab does not get it any more */
  async clear(discardWrites: boolean, onDone: (outcome: Outcome<null>) => void): Promise<Outcome<null>> {
    const outcome = await this.sim.request((engine) => {
      const call = engine.clearCache(discardWrites)
      call.then(onDone, () => undefined)
      return call
    })
    if (outcome.ok && discardWrites) this.#writes.rejectAll(new SidestreamError('CLOSED', 'the write was discarded by clearCache()'))
    return outcome
  }

  leave(): Promise<void> {
    this.#writes.rejectAll(new SidestreamError('CLOSED', 'StreamDB closed'))
    return this.sim.leave()
  }
}
