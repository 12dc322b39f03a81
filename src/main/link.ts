import { fromErrorData, SidestreamError, toErrorData } from '../shared/errors.ts'
import type { EngineContract, Hello, TabContract } from '../shared/calls.ts'
import { abortable } from '../shared/abortable.ts'
import { connect, type Remote, type Session } from './connect.ts'
import type { OpenEndpoint } from './endpoint.ts'
import { LINK_TRANSITIONS, type LinkEvent, type LinkPhase } from './link-phase.ts'

/** How long a closing tab waits for the engine to store its unstored changes, ms. */
const LEAVE_LIMIT_MS = 1000
/** Pause before a dead worker is replaced, ms; times the number of deaths in a row. */
const RESTART_DELAY_MS = 200
const RESTARTS = 5
/** Pause before a worker that did not start is followed by another one, ms; it doubles with each failure in a row. */
const START_AGAIN_MS = 2000
const STARTS_AGAIN = 5
/** The heartbeat, for workers that hold no lock, or hang: its interval, and the wait for an answer, ms. */
const HEARTBEAT_MS = 10_000
const HEARTBEAT_LIMIT_MS = 30_000

export interface LinkOptions {
  /** Opens an engine. @param bypass 1 avoids shared workers, 2 avoids all workers: number of workers of another version so far, or 2 where no worker may start */
  open(bypass: number): OpenEndpoint | Promise<OpenEndpoint>
  hello(): Promise<Hello>
  readonly tab: TabContract
  /** A session is open: the first one, and one after each restart. */
  onSession(session: Session): void
  /** The session was lost, or could not be opened. `final`: those who wait for rows are told, because another session may never come. */
  onDown(error: SidestreamError, final: boolean): void
}

/** The opening of one session, and the session while it lives. */
class Attempt {
  /** Aborts when the session ends; its reason is the error of the pending calls. */
  readonly life = new AbortController()
  /** The worker; null until it is there, and once it is given back. */
  endpoint: OpenEndpoint | null = null
  readonly session: Promise<Session>

  constructor(open: (attempt: Attempt) => Promise<Session>) {
    this.session = open(this)
  }
}

type ActivePhase = 'opening' | 'open'

/** Only an active link holds a worker. */
type LinkState =
  | { readonly phase: ActivePhase; readonly attempt: Attempt }
  | { readonly phase: Exclude<LinkPhase, ActivePhase>; readonly attempt: null }

/**
 * The tab's link to its engine: opened on demand, replaced when the worker dies. A pending call rejects when the worker dies, and
 * on {@link close}.
 */
export class Link {
  readonly #options: LinkOptions
  #state: LinkState = { phase: 'idle', attempt: null }
  readonly #end = new AbortController()
  #hasOpened = false
  #deaths = 0
  /** Workers in a row that did not start. */
  #failures = 0
  #bypass = 0
  /** A call may open the next session before this timer ends; the timer then finds that session. */
  #restartTimer: ReturnType<typeof setTimeout> | undefined

  constructor(options: LinkOptions) {
    this.#options = options
  }

  /** Opens the session, if there is none. @throws SidestreamError `WORKER_START_FAILED`, `VERSION_MISMATCH`, `CLOSED` */
  session(): Promise<Session> {
    if (this.#isClosed) return Promise.reject(closedError())
    if (this.#state.attempt) return this.#state.attempt.session
    const attempt = new Attempt((opening) => this.#open(opening))
    this.#transition('open', attempt)
    return attempt.session
  }

  /** A session is open. */
  get isOpen(): boolean {
    return this.#state.phase === 'open'
  }

  /** The last attempt has failed; {@link session} makes another one at once. */
  get isDown(): boolean {
    return this.#state.phase === 'down'
  }

  /** A session has been open, now or before. */
  get hasOpened(): boolean {
    return this.#hasOpened
  }

  /** Calls the engine. @throws SidestreamError as {@link session}, and `WORKER_DIED` or `CLOSED` while the call is pending */
  call<T>(call: (engine: Remote<EngineContract>) => Promise<T>): Promise<T> {
    const session = this.session()
    return abortable(
      session.then(({ engine }) => call(engine)),
      (this.#state.attempt?.life ?? this.#end).signal,
    )
  }

  /** Waits for `work` that does not need the worker: the worker's death does not reject it. @throws SidestreamError `CLOSED` */
  untilClosed<T>(work: Promise<T>): Promise<T> {
    return abortable(work, this.#end.signal)
  }

  get #isClosed(): boolean {
    return this.#state.phase === 'closed'
  }

  #transition(event: LinkEvent, attempt: Attempt | null = this.#state.attempt): void {
    const phase = LINK_TRANSITIONS[this.#state.phase][event]
    // Only `open` leads to an active phase from another one, and brings the attempt.
    this.#state = phase === 'opening' || phase === 'open' ? { phase, attempt: attempt! } : { phase, attempt: null }
  }

  /** The session works: the count of deaths in a row begins again. */
  works(): void {
    this.#deaths = 0
  }

  close(): void {
    if (this.#isClosed) return
    const { attempt } = this.#state
    this.#transition('close')
    this.#end.abort(closedError())
    clearTimeout(this.#restartTimer)
    if (!attempt) return
    attempt.life.abort(closedError())
    const release = (): void => {
      clearTimeout(limit)
      attempt.session.then(({ close }) => { close() }, () => undefined)
      attempt.endpoint?.release()
    }
    const limit = setTimeout(release, LEAVE_LIMIT_MS)
    attempt.session
      .then(({ engine }) => engine.leave())
      .then(release, release)
  }

  /** All tries of an attempt share one signal: a call that began during the first try rejects when the last try fails. */
  async #open(attempt: Attempt): Promise<Session> {
    for (let replaced = false; ;) {
      try {
        // In a microtask: when `open` throws, the link has to hold this attempt already.
        const opened = await Promise.resolve().then(() => this.#options.open(this.#bypass))
        attempt.endpoint = opened
        const session = await connect(opened.endpoint, await this.#options.hello(), this.#options.tab)
        if (this.#isClosed) return session
        this.#hasOpened = true
        this.#failures = 0
        this.#transition('opened')
        this.#watch(session, attempt)
        this.#options.onSession(session)
        return session
      } catch (error) {
        const failure = error instanceof SidestreamError ? error : fromErrorData(toErrorData(error, 'WORKER_START_FAILED'))
        const reused = attempt.endpoint?.reused ?? false
        attempt.endpoint?.release(true)
        attempt.endpoint = null
        const mayStart = failure.code === 'WORKER_START_FAILED' && failure.retryable && !this.#isClosed
        // It may have died without anyone having noticed.
        if (mayStart && reused && !replaced) {
          replaced = true
          continue
        }
        // A shared worker may belong to an old tab: try a dedicated worker next, then the engine in the page. In a page without an
        // origin, as in a sandboxed frame, no worker starts by URL: the engine in the page goes on, without storage.
        const passed = failure.code === 'WORKER_START_FAILED' && globalThis.origin === 'null' ? 2 : Number(failure.code === 'VERSION_MISMATCH')
        if (passed && (this.#bypass += passed) < 3 && !this.#isClosed) continue
        this.#transition('fail')
        attempt.life.abort(failure)
        if (!this.#isClosed) this.#options.onDown(failure, true)
        if (mayStart) this.#startAgain()
        throw failure
      }
    }
  }

  /** Another worker may start: a script that could not be loaded may be there now. Then rows come without another call. */
  #startAgain(): void {
    // A call that has failed meanwhile uses up no start.
    if (this.#restartTimer !== undefined) return
    this.#failures += 1
    if (this.#failures <= STARTS_AGAIN) this.#openAfter(START_AGAIN_MS * 2 ** (this.#failures - 1))
  }

  #openAfter(delayMs: number): void {
    clearTimeout(this.#restartTimer)
    if (this.#isClosed) return
    this.#restartTimer = setTimeout(() => {
      this.#restartTimer = undefined
      this.session().catch(() => undefined)
    }, delayMs)
  }

  /** Notices the worker's death: by the lock that it holds, or by its silence. */
  #watch(session: Session, attempt: Attempt): void {
    const { signal } = attempt.life
    const die = (): void => {
      if (!signal.aborted) this.#die(session, attempt)
    }
    if (session.status.where === 'page') return
    if (session.aliveLock !== null) navigator.locks.request(session.aliveLock, { signal }, die).catch(() => undefined)
    let timer: ReturnType<typeof setTimeout>
    signal.addEventListener('abort', () => {
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
        else if (!signal.aborted) timer = setTimeout(beat, HEARTBEAT_MS)
      }, die)
    }
    beat()
  }

  #die(session: Session, attempt: Attempt): void {
    const error = new SidestreamError('WORKER_DIED', 'the worker has died', { retryable: true })
    const renewable = attempt.endpoint?.renewable ?? false
    attempt.life.abort(error)
    session.close()
    attempt.endpoint?.release(true)
    attempt.endpoint = null
    this.#deaths += 1
    const final = !renewable || this.#deaths > RESTARTS
    this.#transition(final ? 'fail' : 'die')
    this.#options.onDown(error, final)
    if (!final) this.#openAfter(RESTART_DELAY_MS * this.#deaths)
  }
}

export const closedError = (): SidestreamError => new SidestreamError('CLOSED', 'StreamDB closed')
