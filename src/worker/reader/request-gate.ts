import type { ReconnectReason } from '../../shared/calls.ts'
import type { BackoffSettings } from '../../shared/settings.ts'
import { backoffOf } from '../core/backoff.ts'
import { RequestPace, type RequestKind } from '../core/request-pace.ts'
import { SilenceLimit } from '../core/silence.ts'
import type { EngineEnv, RequestEnd } from '../ports.ts'

/** {@link RequestGate.hurry} may give up a request that has been silent for this long, ms. */
const MOMENT_MS = 1000

export interface RequestGateOptions {
  readonly env: Pick<EngineEnv, 'clock' | 'random'>
  readonly backoff: BackoffSettings | null
  readonly silenceTimeoutMs: number
  /** The server has said nothing for too long. */
  readonly onSilent: (kind: RequestKind, silentMs: number) => void
}

/** The gate of all requests that read a stream, one at a time: it holds a request back, and limits its silence. */
export class RequestGate {
  readonly #options: RequestGateOptions
  readonly #pace: RequestPace
  readonly #limit: SilenceLimit
  #turns = 0
  #waiting: { readonly go: () => void; readonly cancel: () => void } | null = null
  #request: { readonly kind: RequestKind; readonly sentAt: number; heardAt: number } | null = null
  #cancelWatch: (() => void) | null = null
  /** Since when a request may go out but waits for the application's headers, ms; null when none waits. */
  #dueSince: number | null = null
  /** The last request failed: timers and messages get a turn before the next one, whatever the clock says. */
  #hasFailed = false
  /** {@link MOMENT_MS}, doubled each time {@link hurry} gives up a catch-up request: a slow server then has time to answer. */
  #momentMs = MOMENT_MS

  constructor(options: RequestGateOptions) {
    this.#options = options
    this.#pace = new RequestPace(backoffOf(options.backoff))
    this.#limit = new SilenceLimit(options.silenceTimeoutMs)
  }

  /** Settles when a request may go out. */
  async turn(): Promise<void> {
    const { clock } = this.#options.env
    const turn = (this.#turns += 1)
    this.#waiting?.go()
    // When a later turn has begun, this turn belongs to a read that is over.
    while (turn === this.#turns) {
      const delayMs = this.#pace.delayMs(clock.now())
      if (delayMs <= 0 && !this.#hasFailed) {
        this.#dueSince = clock.now()
        return
      }
      this.#hasFailed = false
      await new Promise<void>((resolve) => {
        const go = (): void => {
          this.#waiting?.cancel()
          this.#waiting = null
          resolve()
        }
        this.#waiting = { go, cancel: clock.after(Math.ceil(delayMs), go) }
      })
    }
  }

  /** A request goes out. */
  sent(kind: RequestKind): void {
    const now = this.#options.env.clock.now()
    this.#pace.sent(now)
    this.#request = { kind, sentAt: now, heardAt: now }
    this.#dueSince = null
    this.#watch()
  }

  /** Something has come from the server. */
  heard(): void {
    if (!this.#request) return
    this.#request.heardAt = this.#options.env.clock.now()
    this.#momentMs = MOMENT_MS
  }

  over(end: RequestEnd): void {
    const { clock, random } = this.#options.env
    const now = clock.now()
    if (end.isIdle && this.#request) this.#limit.held(now - this.#request.sentAt)
    this.abandon()
    this.#hasFailed = !end.ok
    // A stream object of the application reports ends only.
    if (end.ok) this.#momentMs = MOMENT_MS
    this.#pace.over(end, now, random())
  }

  /** Forgets the request under way, if there is one. */
  abandon(): void {
    this.#request = null
    this.#dueSince = null
    this.#cancelWatch?.()
    this.#cancelWatch = null
  }

  /** A live request waits for news. */
  get isLive(): boolean {
    return this.#request?.kind === 'live'
  }

  /** A request has been silent for a moment. */
  get isSilent(): boolean {
    return this.#request !== null && this.#options.env.clock.now() - this.#request.heardAt >= this.#momentMs
  }

  /** The offset has moved, by so many events. */
  moved(events: number): void {
    this.#momentMs = MOMENT_MS
    this.#pace.moved(this.#options.env.clock.now(), events)
    this.#waiting?.go()
  }

  /** As after {@link moved}, the next request may be waiting already: the client asks for it before the answer is handled. */
  continued(): void {
    this.#pace.continued()
    this.#waiting?.go()
  }

  pause(leastMs: number, mostMs: number): void {
    this.#pace.pause(this.#options.env.clock.now(), leastMs, mostMs)
  }

  /**
   * Ends a wait, or gives up a request that has been silent for a moment, if the {@link ReconnectReason reason} allows it.
   */
  hurry(reason: ReconnectReason): void {
    const now = this.#options.env.clock.now()
    const request = this.#request
    if (request && (reason === 'preload' || !this.isSilent)) return
    if (!request && this.#dueSince !== null && reason !== 'application') return
    if (!this.#pace.hurry(now, reason)) return
    if (this.#dueSince !== null) {
      const silentMs = now - this.#dueSince
      this.abandon()
      this.#options.onSilent('live', silentMs)
    }
    if (request) {
      if (request.kind === 'catch-up') this.#momentMs *= 2
      this.#giveUp(now)
      this.#pace.continued()
    }
    this.#waiting?.go()
  }

  #watch(): void {
    this.#cancelWatch?.()
    const { clock } = this.#options.env
    const request = this.#request
    if (!request) return
    this.#cancelWatch = clock.after(Math.max(1, request.heardAt + this.#limit.of(request.kind) - clock.now()), () => {
      this.#cancelWatch = null
      const now = clock.now()
      if (now - request.heardAt >= this.#limit.of(request.kind)) this.#giveUp(now)
      else this.#watch()
    })
  }

  #giveUp(now: number): void {
    const request = this.#request
    if (!request) return
    const { kind, heardAt } = request
    this.over({ kind, ok: kind === 'live', isIdle: false, retryAfterMs: 0 })
    this.#options.onSilent(kind, now - heardAt)
  }
}
