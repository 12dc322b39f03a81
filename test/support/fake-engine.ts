import { expose, wrap } from 'comlink'
import type { Remote } from '../../src/main/connect.ts'
import type { ConnectMessage, EngineContract, Hello, Outcome, TabContract } from '../../src/shared/calls.ts'
import type { Ack, DiffBatch } from '../../src/shared/batch.ts'
import type { Inspection } from '../../src/shared/inspection.ts'
import type { RowData } from '../../src/shared/row.ts'
import { INITIAL_TAB_STATUS, type TabStatus } from '../../src/shared/status.ts'
import type { SubsetChange } from '../../src/shared/subset.ts'
import type { Write } from '../../src/shared/write.ts'

const PENDING_SEQ = Number.MAX_SAFE_INTEGER

/** A worker whose engine stores writes when the test says so. For the option `worker`. */
export class FakeEngine {
  epoch = 'e1'
  readonly hellos: Hello[] = []
  /** The writes that the engine was handed, in order, also those that it has already. */
  readonly writes: Write[] = []
  readonly calls: string[] = []
  /** The changes of subsets that it was told. */
  readonly subsets: SubsetChange[] = []
  /** The answer to a write; null gives none. */
  answer: Outcome<null> | null = { ok: true, value: null }
  cleared: Outcome<null> = { ok: true, value: null }
  /** What it says of itself. */
  inspection: unknown = null
  /** Whether it lives: an engine that does not gives no answer to a ping. */
  isAlive = true
  #tab!: Remote<TabContract>
  #offset = 0

  /** The option. */
  readonly make = (): Worker =>
    ({
      postMessage: (message: ConnectMessage) => {
        this.hellos.push(message.hello)
        this.#tab = wrap<TabContract>(message.tab as MessagePort) as unknown as Remote<TabContract>
        expose(this.#contract(), message.engine as MessagePort)
      },
      addEventListener: () => undefined,
      removeEventListener: () => undefined,
      terminate: () => undefined,
    }) as unknown as Worker

  get tab(): Remote<TabContract> {
    return this.#tab
  }

  get status(): TabStatus {
    return { ...INITIAL_TAB_STATUS, epoch: this.epoch, where: 'leader', connection: 'live', ready: true, upToDate: true }
  }

  /** Sends a batch that follows the last one; with `replace`, one that begins anew. */
  async send(change: Partial<DiffBatch> = {}): Promise<Ack> {
    const from = change.replace ? '-1' : this.#offset === 0 ? '-1' : String(this.#offset)
    const to = change.last === false ? from : String((this.#offset += 1))
    return this.#tab.apply({
      epoch: this.epoch, from, to, branch: 'b', seq: 1, digest: 0, last: true, diffs: [], replace: false, replaced: [], served: [], filling: [], isFill: false,
      txids: [], stored: [], ready: true, stale: false, status: null, events: [], invalid: [], ...change,
    })
  }

  /** Acknowledges a write of whole rows, with its rows. */
  async acknowledge({ id, mutations }: Write): Promise<void> {
    const collections = [...new Set(mutations.map(({ collection }) => collection))]
    const diffs = collections.map((collection) => {
      const own = mutations.filter((mutation) => mutation.collection === collection)
      const rows = own.flatMap((mutation): RowData[] => (mutation.kind === 'put' ? [{ ...mutation.value, id: mutation.key, _seq: PENDING_SEQ }] : []))
      return { collection, rows, deleted: own.flatMap(({ kind, key }) => (kind === 'remove' ? [key] : [])), pending: own.map(({ key }) => key) }
    })
    await this.send({ stored: [id], diffs })
  }

  #contract(): EngineContract {
    const note = <T>(name: string, value: T): T => (this.calls.push(name), value)
    return {
      hello: () => ({ ok: true, epoch: this.epoch, status: this.status, aliveLock: null }),
      ping: () => (this.isAlive ? this.epoch : 'another'),
      start: () => note('start', undefined),
      reconnect: () => undefined,
      resync: () => note('resync', undefined),
      visible: () => undefined,
      subsets: (changes) => void this.subsets.push(...changes),
      append: () => Promise.resolve({ ok: true, value: null }),
      write: (write) => (this.writes.push(write), note('write', this.answer ? Promise.resolve(this.answer) : new Promise(() => undefined))),
      retryWrite: (id) => note(`retry ${id}`, Promise.resolve({ ok: true, value: true })),
      discardWrite: (id) => note(`discard ${id}`, Promise.resolve({ ok: true, value: false })),
      streamEnd: () => Promise.resolve({ ok: true, value: null }),
      clearCache: (discardWrites) => note(`clearCache ${String(discardWrites)}`, Promise.resolve(this.cleared)),
      inspect: () => Promise.resolve({ ok: true, value: this.inspection as Inspection }),
      leave: () => Promise.resolve(),
    }
  }
}
