import { fromErrorData, SidestreamError, toErrorData } from '../shared/errors.ts'
import type { EngineContract, Hello, TabContract } from '../shared/calls.ts'
import { abortable } from '../shared/abortable.ts'
import { connect, type Remote, type Session } from './connect.ts'
import type { OpenEndpoint } from './endpoint.ts'

/** How long a closing tab waits for the engine to store what is left, ms. */
const LEAVE_LIMIT_MS = 1000
/** Pause before a dead worker is replaced, times the number of deaths in a row, ms. */
const RESTART_DELAY_MS = 200
const RESTARTS = 5
/** For workers that hold no lock, or hang: a sign of life is asked for this often, and waited for this long, ms. */
const HEARTBEAT_MS = 10_000
const HEARTBEAT_LIMIT_MS = 30_000

export interface LinkOptions {
  /** @param bypass workers of another version that were met: not to be asked again */
  open(bypass: number): OpenEndpoint | Promise<OpenEndpoint>
  hello(): Promise<Hello>
  readonly tab: TabContract
  /** A session is open; also after each restart. */
  onSession(session: Session): void
  /** The session was lost, or could not be opened. `final` when no other will follow by itself. */
  onDown(error: SidestreamError, final: boolean): void
}

/**
 * The tab's connection to its engine: opened when first needed, replaced when the worker dies. Every call through it has
 * an owner that rejects it on death and on close.
 */
export class Link {
  readonly #options: LinkOptions
  /** Aborts when the present session ends; its reason is the error for the calls under way. */
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

  /** There is a session, or one is being opened. */
  get isActive(): boolean {
    return this.#opening !== null
  }

  /** The last attempt has failed, and no other follows by itself: {@link session} makes one. */
  get isDown(): boolean {
    return this.#isDown
  }

  /** Calls the engine. @throws SidestreamError also `WORKER_DIED`, and `CLOSED` when the call was under way */
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

  /** All attempts are one life: a call that began with the first one is rejected by whatever ends the last one. */
  async #open(): Promise<Session> {
    const life = new AbortController()
    this.#life = life
    this.#isDown = false
    for (;;) {
      try {
        // Not at once: where it throws, the failure must not come before `#opening` is this attempt.
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
        // A shared one may belong to an old tab. Beside it a dedicated one will do, and in the end the page itself.
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
        // A page that was itself asleep has not waited for an answer.
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
