import { abortable } from '../../shared/abortable.ts'
import { SidestreamError, toErrorData, type ErrorCode } from '../../shared/errors.ts'
import { ClearedMark } from '../../shared/cleared-mark.ts'
import { Gate } from '../../shared/gate.ts'
import { PendingKeys } from '../../shared/pending-keys.ts'
import { haveAfter, haveDuring } from '../../shared/have.ts'
import type { Ack, DiffBatch } from '../../shared/batch.ts'
import type { EngineContract, Hello, HelloReply, Outcome, ReconnectReason, TabContract, TabDescription } from '../../shared/calls.ts'
import { statusAfter, type TabStatus } from '../../shared/status.ts'
import type { SubsetChange } from '../../shared/subset.ts'
import { isRecord } from '../../shared/guards.ts'

export interface SeatOptions {
  readonly hello: Hello
  readonly tab: TabContract
  /** Aborts when the tab is gone. */
  readonly gone: AbortController
  /** The tab's epoch: it stays the same when the leader changes. */
  readonly epoch: string
  readonly aliveLock: string | null
}

/** Joins an engine. `life` aborts when the seat leaves that engine. */
export type Enter = (tab: TabContract, life: AbortController) => EngineContract

/**
 * A tab's place in its own worker. The tab's session with its worker stays, while the engine behind the seat may change: this
 * worker's engine when it leads, else the leader's. The seat tells each engine which rows the tab has, so the tab gets only the
 * rows that it lacks.
 */
export class Seat {
  readonly #options: SeatOptions
  readonly #first = new Gate<HelloReply>()
  #life: AbortController | null = null
  #engine: EngineContract | null = null
  /** Resolves when there is an engine again. */
  #attached = new Gate<EngineContract>()
  #inFlight: Promise<unknown> = Promise.resolve()
  #tab: Omit<TabDescription, 'subsets' | 'cleared' | 'pendingKeys'>
  readonly #pending: PendingKeys
  /** A user who has signed out stays signed out with each next engine. */
  readonly #cleared: ClearedMark
  /** The tab has called `reconnect()` while there was no engine. */
  #reconnect: ReconnectReason | null = null
  /** The subsets that the tab holds, by the tab's ids. */
  readonly #subsets = new Map<number, SubsetChange>()
  /** Changes of subsets since the last {@link hello}. */
  #untold: SubsetChange[] = []
  /** `visible` of the last {@link hello}. */
  #toldVisible: boolean
  #started = false
  #status: TabStatus | null = null

  constructor(options: SeatOptions) {
    this.#options = options
    const { subsets, cleared, pendingKeys, ...tab } = options.hello.tab
    this.#pending = new PendingKeys(new Map(options.hello.settings.collections.map(({ name, primaryKey }) => [name, primaryKey])), pendingKeys)
    this.#tab = tab
    this.#cleared = new ClearedMark(cleared)
    this.#toldVisible = tab.visible
    this.#note(subsets)
    options.gone.signal.addEventListener('abort', () => {
      this.#life?.abort(GONE)
      this.#attached.reject(GONE)
      this.#first.reject(GONE)
    })
  }

  get isAttached(): boolean {
    return this.#engine !== null
  }

  /** The tab's hello to its next engine, once the tab has answered the former engine's last batch. */
  async hello(): Promise<Hello> {
    await this.#inFlight
    this.#untold = []
    this.#toldVisible = this.#tab.visible
    return { ...this.#options.hello, tab: { ...this.#tab, cleared: this.#cleared.isCleared, subsets: [...this.#subsets.values()], pendingKeys: this.#pending.all } }
  }

  /** Lets an engine serve the tab. The engine has the tab's present {@link hello}. */
  async attach(enter: Enter): Promise<void> {
    this.detach()
    if (this.#options.gone.signal.aborted) return
    const life = new AbortController()
    this.#life = life
    try {
      const engine = enter(this.#tabDuring(life.signal), life)
      const reply = await abortable(Promise.resolve(engine.hello()), life.signal)
      if (!isRecord(reply)) return
      if (reply.ok) this.#onEngine(engine, reply)
      else this.#first.resolve(reply)
    } catch (error) {
      // The seat has not left this engine, so the engine has refused the tab: the tab has to know.
      if (!life.signal.aborted) this.#first.resolve({ ok: false, error: toErrorData(error, 'WORKER_START_FAILED') })
    }
  }

  #onEngine(engine: EngineContract, reply: HelloReply & { ok: true }): void {
    this.#engine = engine
    this.#tab = { ...this.#tab, failovers: this.#tab.failovers + 1 }
    this.#status ??= reply.status
    const { epoch, aliveLock } = this.#options
    this.#first.resolve({ ok: true, epoch, status: reply.status, aliveLock })
    this.#attached.resolve(engine)
    const { visible } = this.#tab
    if (this.#untold.length > 0) engine.subsets(this.#untold.splice(0))
    if (visible !== this.#toldVisible) engine.visible(visible)
    this.#cleared.told(reply.status.cleared)
    if (this.#reconnect !== null) engine.reconnect(this.#reconnect)
    this.#reconnect = null
    if (!this.#started) return
    this.#tell(statusAfter(reply.status, this.#status))
    engine.start()
  }

  /** The engine is lost: its pending calls reject. */
  detach(): void {
    this.#life?.abort(LOST)
    this.#life = null
    if (!this.#engine) return
    this.#engine = null
    this.#attached = new Gate()
    if (this.#status) this.#tell({ ...this.#status, connection: 'connecting', upToDate: false })
  }

  /** The contract that the tab calls. */
  readonly contract: EngineContract = {
    hello: () => this.#first.promise,
    ping: () => this.#options.epoch,
    start: () => {
      this.#started = true
      this.#engine?.start()
    },
    reconnect: (reason) => {
      this.#cleared.set(false)
      if (this.#engine) this.#engine.reconnect(reason)
      else this.#reconnect = reason
    },
    resync: () => {
      this.#tab = { ...this.#tab, have: null }
      this.#engine?.resync()
    },
    visible: (visible) => {
      this.#tab = { ...this.#tab, visible }
      this.#engine?.visible(visible)
    },
    subsets: (changes) => {
      this.#note(changes)
      if (this.#engine) this.#engine.subsets(changes)
      else this.#untold.push(...changes)
    },
    write: (write) => this.#call('WORKER_DIED', (engine) => engine.write(write)),
    retryWrite: (id) => this.#call('WORKER_DIED', (engine) => engine.retryWrite(id)),
    discardWrite: (id) => this.#call('WORKER_DIED', (engine) => engine.discardWrite(id)),
    append: (body, options) => this.#call('STREAM_ERROR', (engine) => engine.append(body, options)),
    streamEnd: () => this.#call('STREAM_ERROR', (engine) => engine.streamEnd()),
    clearCache: async (discardWrites) => {
      const outcome = await this.#call('STORAGE_FAILED', (engine) => engine.clearCache(discardWrites))
      if (outcome.ok) this.#cleared.set(true)
      return outcome
    },
    inspect: () => this.#call('WORKER_DIED', async (engine) => engine.inspect()),
    leave: async () => {
      const engine = this.#engine
      const life = this.#life?.signal
      try {
        if (engine && life) await abortable(engine.leave(), life)
      } catch {
        // The engine is gone already.
      } finally {
        this.#options.gone.abort()
      }
    },
  }

  #note(changes: ReadonlyArray<SubsetChange>): void {
    for (const change of changes) {
      if (change.subset) this.#subsets.set(change.id, change)
      else this.#subsets.delete(change.id)
    }
  }

  /** Sends a status that the seat itself makes; an engine's status goes through {@link #tabDuring}. */
  #tell(status: TabStatus): void {
    this.#status = status
    void Promise.resolve(this.#options.tab.status(status)).catch(() => undefined)
  }

  /** A pending call rejects when the engine is lost. The engine may have received it or not, so only the caller can repeat it. */
  async #call<T>(fallback: ErrorCode, call: (engine: EngineContract) => Promise<Outcome<T>>): Promise<Outcome<T>> {
    try {
      const engine = this.#engine ?? (await this.#attached.promise)
      const life = this.#life?.signal
      return await (life ? abortable(call(engine), life) : call(engine))
    } catch (error) {
      return { ok: false, error: toErrorData(error, fallback) }
    }
  }

  #onApplied(batch: DiffBatch): void {
    const { modes } = this.#tab
    this.#tab = {
      ...this.#tab,
      have: haveAfter(batch),
      modes: Object.fromEntries(Object.entries(modes).map(([name, mode]) => [name, mode === 'progressive' && !batch.filling.includes(name) ? 'eager' : mode])),
    }
  }

  /** The tab, as the present engine reaches it; calls of a former engine have no effect. */
  #tabDuring(life: AbortSignal): TabContract {
    const { tab, epoch } = this.#options
    return {
      apply: async (batch: DiffBatch): Promise<Ack> => {
        if (life.aborted) return 'resync'
        this.#tab = { ...this.#tab, have: haveDuring(this.#tab.have, batch), hasRows: true }
        this.#pending.note(batch)
        const status = batch.status && statusAfter(batch.status, this.#status)
        if (status) this.#cleared.told(status.cleared)
        const work = tab.apply({ ...batch, epoch, status })
        this.#inFlight = work.catch(() => undefined)
        const ack = await work
        if (ack !== 'applied') this.#tab = { ...this.#tab, have: null }
        else if (batch.last) this.#onApplied(batch)
        if (status) this.#status = status
        return ack
      },
      status: (status) => {
        if (life.aborted) return
        const own = statusAfter(status, this.#status)
        this.#status = own
        this.#cleared.told(own.cleared)
        // The tab's answer gives the engine its credit back.
        return tab.status(own)
      },
      outbox: (news) => (life.aborted ? undefined : tab.outbox(news)),
      requestValues: () => tab.requestValues(),
    }
  }
}

const LOST = new SidestreamError('WORKER_DIED', 'the tab whose worker led is gone', { retryable: true })
const GONE = new SidestreamError('TAB_GONE', 'the tab is gone', { retryable: true })
