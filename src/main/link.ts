import { fromErrorData, SidestreamError, toErrorData } from '../shared/errors.ts'
import type { EngineContract, Hello, TabContract } from '../shared/calls.ts'
import { abortable } from '../shared/abortable.ts'
import { connect, type Remote, type Session } from './connect.ts'
import type { OpenEndpoint } from './endpoint.ts'

/** How long a closing tab waits for the engine to store its unstored changes, ms. */
const LEAVE_LIMIT_MS = 1000
/** Pause before a dead worker is replaced, ms; times the number of deaths in a row. */
const RESTART_DELAY_MS = 200
const RESTARTS = 5
/** The heartbeat, for workers that hold no lock, or hang: its interval, and the wait for an answer, ms. */
const HEARTBEAT_MS = 10_000
const HEARTBEAT_LIMIT_MS = 30_000

export interface LinkOptions {
  /** Opens a worker. @param bypass how many workers of another version were met, which are not used again */
  open(bypass: number): OpenEndpoint | Promise<OpenEndpoint>
  hello(): Promise<Hello>
  readonly tab: TabContract
  /** A session is open: the first one, and one after each restart. */
  onSession(session: Session): void
  /** The session was lost, or could not be opened. `final`: no other session follows by itself. */
  onDown(error: SidestreamError, final: boolean): void
}

/**
 * The tab's link to its engine: opened on demand, replaced when the worker dies. A pending call rejects when the worker dies, and
 * on {@link close}.
 */
export class Link {
  readonly #options: LinkOptions
  /** Aborts when the present session ends; its reason is the error of the pending calls. */
  #life = new AbortController()
  #endpoint: OpenEndpoint | null = null
  #opening: Promise<Session> | null = null
  readonly #end = new AbortController()
  #isDown = false
  #deaths = 0
  #bypass = 0
  #restartTimer: ReturnType<typeof setTimeout> | undefined

  constructor(options: LinkOptions) {
    this.#options = options
  }

  /** Opens the session, if there is none. @throws SidestreamError `WORKER_START_FAILED`, `VERSION_MISMATCH`, `CLOSED` */
  session(): Promise<Session> {
    if (this.#closed) return Promise.reject(closedError())
    return (this.#opening ??= this.#open())
  }

  /** A session is open, or is being opened. */
  get isActive(): boolean {
    return this.#opening !== null
  }

  /** The last attempt has failed, and no other follows by itself; {@link session} makes one. */
  get isDown(): boolean {
    return this.#isDown
  }

  /** Calls the engine. @throws SidestreamError as {@link session}, and `WORKER_DIED` or `CLOSED` while the call is pending */
  call<T>(call: (engine: Remote<EngineContract>) => Promise<T>): Promise<T> {
    const session = this.session()
    return abortable(
      session.then(({ engine }) => call(engine)),
      this.#life.signal,
    )
  }

  /** `work` that the worker knows nothing of yet: its death is no reason to give it up. @throws SidestreamError `CLOSED` */
  untilClosed<T>(work: Promise<T>): Promise<T> {
    return abortable(work, this.#end.signal)
  }

  get #closed(): boolean {
    return this.#end.signal.aborted
  }

  /** Proof that the session works: the next death is the first again. */
  thrives(): void {
    this.#deaths = 0
  }

  close(): void {
    if (this.#closed) return
    this.#end.abort(closedError())
    clearTimeout(this.#restartTimer)
    this.#life.abort(closedError())
    const opening = this.#opening
    if (!opening) return
    const release = (): void => {
      clearTimeout(limit)
      opening.then(({ close }) => { close() }, () => undefined)
      this.#endpoint?.release()
    }
    const limit = setTimeout(release, LEAVE_LIMIT_MS)
    opening
      .then(({ engine }) => engine.leave())
      .then(release, release)
  }

  /** All attempts share one signal: a call that began during the first attempt rejects when the last attempt fails. */
  async #open(): Promise<Session> {
    const life = new AbortController()
    this.#life = life
    this.#isDown = false
    for (;;) {
      try {
        // In a microtask: when `open` throws, `#opening` has to be this attempt already.
        const endpoint = await Promise.resolve().then(() => this.#options.open(this.#bypass))
        this.#endpoint = endpoint
        const session = await connect(endpoint.endpoint, await this.#options.hello(), this.#options.tab)
        if (this.#closed) return session
        this.#watch(session, life)
        this.#options.onSession(session)
        return session
      } catch (error) {
        const failure = error instanceof SidestreamError ? error : fromErrorData(toErrorData(error, 'WORKER_START_FAILED'))
        this.#endpoint?.release(true)
        this.#endpoint = null
        // A shared worker may belong to an old tab: try a dedicated worker next, then the engine in the page.
        if (failure.code === 'VERSION_MISMATCH' && (this.#bypass += 1) < 3 && !this.#closed) continue
        this.#opening = null
        this.#isDown = true
        life.abort(failure)
        if (!this.#closed) this.#options.onDown(failure, true)
        throw failure
      }
    }
  }

  /** Notices the worker's death: by the lock that it holds, or by its silence. */
  #watch(session: Session, life: AbortController): void {
    const die = (): void => {
      if (!life.signal.aborted) this.#die(session, life)
    }
    if (session.status.where === 'page') return
    if (session.aliveLock !== null) navigator.locks.request(session.aliveLock, { signal: life.signal }, die).catch(() => undefined)
    let timer: ReturnType<typeof setTimeout>
    life.signal.addEventListener('abort', () => {
      clearTimeout(timer)
    })
    const beat = (): void => {
      const asked = performance.now()
      timer = setTimeout(() => {
        // The page itself was asleep, and has not waited for an answer.
        if (performance.now() - asked > 2 * HEARTBEAT_LIMIT_MS) beat()
        else die()
      }, HEARTBEAT_LIMIT_MS)
      session.engine.ping().then((epoch) => {
        clearTimeout(timer)
        if (epoch !== session.epoch) die()
        else if (!life.signal.aborted) timer = setTimeout(beat, HEARTBEAT_MS)
      }, die)
    }
    beat()
  }

  #die(session: Session, life: AbortController): void {
    const error = new SidestreamError('WORKER_DIED', 'the worker has died', { retryable: true })
    const renewable = this.#endpoint?.renewable ?? false
    life.abort(error)
    session.close()
    this.#endpoint?.release(true)
    this.#endpoint = null
    this.#opening = null
    this.#deaths += 1
    const final = !renewable || this.#deaths > RESTARTS
    this.#isDown = final
    this.#options.onDown(error, final)
    if (final) return
    this.#restartTimer = setTimeout(() => {
      this.session().catch(() => undefined)
    }, RESTART_DELAY_MS * this.#deaths)
  }
}

export const closedError = (): SidestreamError => new SidestreamError('CLOSED', 'StreamDB closed')
