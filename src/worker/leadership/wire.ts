import type { Endpoint } from 'comlink'
import { PROTOCOL_VERSION } from '../../shared/calls.ts'
import type { Channel, EngineEnv } from '../ports.ts'
import { isPlausibleTerm } from '../core/leadership.ts'
import type { Lanes } from '../tabs/comlink.ts'
import { isFrame, type Frame, type Lane, type Side, type WireHello } from './messages.ts'

/** Interval of a follower's signs of life, ms; the leader answers each. */
const BEAT_MS = 1000
/** After this silence of the leader, ms, a follower looks for a leader again. */
const LEADER_SILENCE_MS = 3000
/**
 * After this silence of a follower, ms, the leader drops it: its tab is frozen, or is gone and no lock has shown that. A tab that
 * wakes up looks for the leader by itself.
 */
const FOLLOWER_SILENCE_MS = 30_000
/** How long a missing message is waited for, ms, when later messages have come. */
const GAP_MS = 1000
/** The most early messages that are kept while one is missing; with more the session ends. */
const MOST_EARLY = 1000
/** A message with a number further ahead than this is forged: no end sends so many messages without an answer. */
const MOST_AHEAD = 1_000_000

export interface WireOptions {
  readonly env: EngineEnv
  readonly name: string
  readonly side: Side
  /** The leader's own term; for a follower, the lowest that it listens to. */
  readonly term: number
  /** A follower has heard the leader for the first time. */
  onWelcome?(term: number): void
  /** The leader has received the hello of the follower's tab. */
  onHello?(hello: unknown): void
  /** The other end is gone, silent, or has lost a message. */
  onBroken(): void
}

/**
 * A session between a follower and its leader over a channel of its own. The messages of its lanes arrive in order and once. When
 * a message is lost the wire breaks, and the follower opens another one.
 */
export class Wire {
  readonly #options: WireOptions
  readonly #channel: Channel | null
  readonly #listeners = { engine: new Set<(event: Event) => void>(), tab: new Set<(event: Event) => void>() }
  /** Early messages, by their number. */
  readonly #early = new Map<number, Frame>()
  #sent = 0
  #received = 0
  /** The highest number that the other end is known to have sent. */
  #announced = 0
  /** Term of the leader that this follower listens to; null before its first message. */
  #term: number | null = null
  #heard: number
  #cancelBeat: (() => void) | null = null
  #cancelGap: (() => void) | null = null
  #closed = false

  constructor(options: WireOptions) {
    this.#options = options
    const { env, name, side } = options
    this.#channel = env.openChannel(name, (message) => {
      if (!this.#closed && isFrame(message) && message.from !== side) this.#take(message)
    })
    this.#heard = env.clock.now()
    this.#scheduleBeat()
  }

  get isWelcome(): boolean {
    return this.#term !== null
  }

  readonly lanes: Lanes = { engine: this.#lane('engine'), tab: this.#lane('tab') }

  /** Sends the tab's hello: a follower's first message. */
  introduce(hello: WireHello): void {
    this.#send('hello', hello)
  }

  /** Sends a sign of life, with the number of the last message. */
  beat(): void {
    this.#post({ seq: this.#sent, lane: null, bye: false, body: null })
  }

  /** Ends the session, and tells the other end. */
  close(): void {
    if (this.#closed) return
    this.#post({ seq: this.#sent, lane: null, bye: true, body: null })
    this.#closed = true
    this.#cancelBeat?.()
    this.#cancelGap?.()
    this.#channel?.close()
  }

  #send(lane: Lane, body: unknown): void {
    if (this.#closed) return
    this.#sent += 1
    this.#post({ seq: this.#sent, lane, bye: false, body })
  }

  #lane(lane: 'engine' | 'tab'): Endpoint {
    return {
      postMessage: (body) => {
        this.#send(lane, body)
      },
      addEventListener: (_, listener) => {
        this.#listeners[lane].add(listener as (event: Event) => void)
      },
      removeEventListener: (_, listener) => {
        this.#listeners[lane].delete(listener as (event: Event) => void)
      },
    }
  }

  #post(frame: Pick<Frame, 'seq' | 'lane' | 'bye' | 'body'>): void {
    const { side, term } = this.#options
    if (!this.#closed) this.#channel?.post({ sidestream: PROTOCOL_VERSION, from: side, term: side === 'leader' ? term : 0, ...frame })
  }

  #take(frame: Frame): void {
    const { side, term, env } = this.#options
    if (side === 'follower') {
      // A former leader that has woken up may believe that it still leads.
      if (frame.term < term || (this.#term !== null && frame.term !== this.#term)) return
      // Without a known leader every term is accepted: no leader can be deposed, and a clock that was set back must not hide one.
      if (term > 0 && !isPlausibleTerm(frame.term, term, Math.max(env.clock.now(), env.wallNow()))) return
      if (this.#term === null) {
        this.#term = frame.term
        this.#options.onWelcome?.(frame.term)
      }
    }
    if (frame.seq > this.#received + MOST_AHEAD) return
    this.#heard = env.clock.now()
    if (frame.bye) {
      this.#break()
      return
    }
    if (frame.lane === null) {
      if (side === 'leader') this.beat()
    } else if (frame.seq > this.#received) {
      this.#early.set(frame.seq, frame)
    }
    this.#announced = Math.max(this.#announced, frame.seq)
    this.#deliver()
  }

  #deliver(): void {
    for (;;) {
      const frame = this.#early.get(this.#received + 1)
      if (!frame || this.#closed) break
      this.#early.delete(frame.seq)
      this.#received = frame.seq
      if (frame.lane === 'hello') this.#options.onHello?.(frame.body)
      else if (frame.lane !== null) this.#hand(frame.lane, frame.body)
    }
    if (this.#closed) return
    if (this.#received === this.#announced) {
      this.#cancelGap?.()
      this.#cancelGap = null
      return
    }
    if (this.#early.size > MOST_EARLY) {
      this.#break()
      return
    }
    const lacking = this.#received
    this.#cancelGap ??= this.#options.env.clock.after(GAP_MS, () => {
      this.#cancelGap = null
      if (this.#received === lacking) this.#break()
      else this.#deliver()
    })
  }

  #hand(lane: 'engine' | 'tab', body: unknown): void {
    const event = { data: body } as unknown as Event
    for (const listener of this.#listeners[lane]) listener(event)
  }

  /** A follower sends signs of life; both ends notice when the other end is silent. */
  #scheduleBeat(): void {
    const { side, env: { clock } } = this.#options
    const silenceMs = side === 'follower' ? LEADER_SILENCE_MS : FOLLOWER_SILENCE_MS
    const scheduled = clock.now()
    this.#cancelBeat = clock.after(BEAT_MS, () => {
      const now = clock.now()
      // Silence while this end itself was asleep says nothing about the other end.
      if (now - scheduled > 2 * BEAT_MS) this.#heard = now
      if (now - this.#heard > silenceMs) {
        this.#break()
        return
      }
      if (side === 'follower') this.beat()
      this.#scheduleBeat()
    })
  }

  #break(): void {
    if (this.#closed) return
    this.close()
    this.#options.onBroken()
  }
}
