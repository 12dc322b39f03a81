import { abortable } from '../../shared/abortable.ts'
import { SidestreamError, toErrorData, type ErrorCode } from '../../shared/errors.ts'
import { Gate } from '../../shared/gate.ts'
import { haveAfter, haveDuring } from '../../shared/have.ts'
import type { Ack, DiffBatch } from '../../shared/batch.ts'
import type { EngineContract, Hello, HelloReply, Outcome, TabContract } from '../../shared/calls.ts'
import type { Have } from '../../shared/position.ts'
import { statusAfter, type EngineStatus } from '../../shared/status.ts'
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
  #have: Have | null
  #modes: Hello['modes']
  /** The subsets that the tab holds, by the tab's ids. */
  readonly #subsets = new Map<number, SubsetChange>()
  /** Changes of subsets since the last {@link hello}. */
  #untold: SubsetChange[] = []
  #hasRows: boolean
  #failovers: number
  #visible: boolean
  /** `#visible` at the last {@link hello}. */
  #toldVisible: boolean
  #started = false
  #status: EngineStatus | null = null
  /** The former engine was cleared: the new engine is not started before the application calls `reconnect()`. */
  #held = false

  constructor(options: SeatOptions) {
    this.#options = options
    const { have, hasRows, failovers, visible, modes, subsets } = options.hello
    this.#have = have
    this.#modes = modes
    this.#note(subsets)
    this.#hasRows = hasRows
    this.#failovers = failovers
    this.#visible = visible
    this.#toldVisible = visible
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
    this.#toldVisible = this.#visible
    return {
      ...this.#options.hello,
      have: this.#have,
      modes: this.#modes,
      subsets: [...this.#subsets.values()],
      hasRows: this.#hasRows,
      failovers: this.#failovers,
      visible: this.#visible,
    }
  }

  /** Lets an engine serve the tab. The engine has the tab's present {@link hello}. */
  async attach(enter: Enter): Promise<void> {
    this.detach()
    if (this.#options.gone.signal.aborted) return
    // A user who has signed out stays signed out with every next engine. Decided before the new engine can send its status.
    this.#held = this.#status?.cleared ?? false
    const life = new AbortController()
    this.#life = life
    try {
      const engine = enter(this.#tabDuring(life.signal), life)
      const reply = await abortable(Promise.resolve(engine.hello()), life.signal)
      if (!isRecord(reply)) return
      if (reply.ok) this.#onEngine(engine, reply)
      else this.#first.resolve(reply)
    } catch (error) {
      // When the seat has not left this engine, the engine refuses the tab, which the tab has to know.
      if (!life.signal.aborted) this.#first.resolve({ ok: false, error: toErrorData(error, 'WORKER_START_FAILED') })
    }
  }

  #onEngine(engine: EngineContract, reply: HelloReply & { ok: true }): void {
    this.#engine = engine
    this.#failovers += 1
    this.#status ??= reply.status
    const { epoch, aliveLock } = this.#options
    this.#first.resolve({ ok: true, epoch, status: reply.status, aliveLock })
    this.#attached.resolve(engine)
    if (this.#untold.length > 0) engine.subsets(this.#untold.splice(0))
    if (this.#visible !== this.#toldVisible) engine.visible(this.#visible)
    if (!this.#started) return
    this.#tell(statusAfter(reply.status, this.#status, this.#held))
    if (!this.#held) engine.start()
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
      if (this.#held) this.#engine?.start()
      this.#held = false
      this.#engine?.reconnect(reason)
    },
    resync: () => {
      this.#have = null
      this.#engine?.resync()
    },
    visible: (visible) => {
      this.#visible = visible
      this.#engine?.visible(visible)
    },
    subsets: (changes) => {
      this.#note(changes)
      if (this.#engine) this.#engine.subsets(changes)
      else this.#untold.push(...changes)
    },
    append: (body, options) => this.#call('STREAM_ERROR', (engine) => engine.append(body, options)),
    streamEnd: () => this.#call('STREAM_ERROR', (engine) => engine.streamEnd()),
    clearCache: () => this.#call('STORAGE_FAILED', (engine) => engine.clearCache()),
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

  /** What the seat itself says; an engine's status goes by {@link #tabDuring}. */
  #tell(status: EngineStatus): void {
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
    this.#have = haveAfter(batch)
    this.#modes = Object.fromEntries(Object.entries(this.#modes).map(([name, mode]) => [name, mode === 'progressive' && !batch.filling.includes(name) ? 'eager' : mode]))
  }

  /** The tab, as the present engine reaches it; calls of a former engine have no effect. */
  #tabDuring(life: AbortSignal): TabContract {
    const { tab, epoch } = this.#options
    return {
      apply: async (batch: DiffBatch): Promise<Ack> => {
        if (life.aborted) return 'resync'
        this.#have = haveDuring(this.#have, batch)
        this.#hasRows = true
        const status = batch.status && statusAfter(batch.status, this.#status, this.#held)
        const work = tab.apply({ ...batch, epoch, status })
        this.#inFlight = work.catch(() => undefined)
        const ack = await work
        if (ack !== 'applied') this.#have = null
        else if (batch.last) this.#onApplied(batch)
        if (status) this.#status = status
        return ack
      },
      status: (status) => {
        if (life.aborted) return
        this.#status = statusAfter(status, this.#status, this.#held)
        // Its answer is the engine's credit.
        return tab.status(this.#status)
      },
      requestValues: () => tab.requestValues(),
    }
  }
}

const LOST = new SidestreamError('WORKER_DIED', 'the tab whose worker led is gone', { retryable: true })
const GONE = new SidestreamError('TAB_GONE', 'the tab is gone', { retryable: true })
