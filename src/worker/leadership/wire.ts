import type { Endpoint } from 'comlink'
import { PROTOCOL_VERSION } from '../../shared/protocol.ts'
import type { Channel, EngineEnv } from '../env.ts'
import { isRecord } from '../tabs/guards.ts'
import type { Lanes } from '../tabs/ports.ts'

/** A follower gives a sign of life this often, and the leader answers it, ms. */
const BEAT_MS = 1000
/** A leader that has not been heard for so long is looked for anew, ms. */
const SILENCE_MS = 3000
/** A message that others have overtaken is waited for this long, ms. */
const GAP_MS = 1000
/** Messages that have overtaken one are kept; more than so many cannot be an accident. */
const MOST_EARLY = 1000

export type Side = 'leader' | 'follower'

/** A message of a session. `lane` null: a sign of life, or (`bye`) the last one. */
interface Frame {
  readonly sidestream: number
  readonly from: Side
  /** The leader's term; 0 from a follower. */
  readonly term: number
  /** Number of this message in its direction; of a sign of life, that of the last one before it. */
  readonly seq: number
  readonly lane: 'engine' | 'tab' | null
  readonly bye: boolean
  readonly body: unknown
}

export interface WireOptions {
  readonly env: EngineEnv
  readonly name: string
  readonly side: Side
  /** The leader's own term; for a follower, the lowest that it listens to. */
  readonly term: number
  /** A follower has heard the leader for the first time. */
  onWelcome?(term: number): void
  /** The other end is gone, silent, or has lost a message. */
  onBroken(): void
}

/**
 * A session between a follower and its leader over a channel of its own: two lanes whose messages arrive in order and
 * once, or not at all: then the wire breaks, and the follower opens another one.
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
    if (side === 'follower') this.#scheduleBeat()
  }

  get isWelcome(): boolean {
    return this.#term !== null
  }

  readonly lanes: Lanes = { engine: this.#lane('engine'), tab: this.#lane('tab') }

  /** Says that this end lives, and what it has sent. */
  beat(): void {
    this.#post({ seq: this.#sent, lane: null, bye: false, body: null })
  }

  /** Ends the session; the other end is told. */
  close(): void {
    if (this.#closed) return
    this.#post({ seq: this.#sent, lane: null, bye: true, body: null })
    this.#closed = true
    this.#cancelBeat?.()
    this.#cancelGap?.()
    this.#channel?.close()
  }

  #lane(lane: 'engine' | 'tab'): Endpoint {
    return {
      postMessage: (body) => {
        if (this.#closed) return
        this.#sent += 1
        this.#post({ seq: this.#sent, lane, bye: false, body })
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
      // A former leader that has woken up may think that it still is one.
      if (frame.term < term || (this.#term !== null && frame.term !== this.#term)) return
      if (this.#term === null) {
        this.#term = frame.term
        this.#options.onWelcome?.(frame.term)
      }
    }
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
      const event = { data: frame.body } as unknown as Event
      for (const listener of this.#listeners[frame.lane!]) listener(event)
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

  #scheduleBeat(): void {
    const { clock } = this.#options.env
    const scheduled = clock.now()
    this.#cancelBeat = clock.after(BEAT_MS, () => {
      const now = clock.now()
      // Silence while this end itself was asleep says nothing of the other one.
      if (now - scheduled > 2 * BEAT_MS) this.#heard = now
      if (now - this.#heard > SILENCE_MS) {
        this.#break()
        return
      }
      this.beat()
      this.#scheduleBeat()
    })
  }

  #break(): void {
    if (this.#closed) return
    this.close()
    this.#options.onBroken()
  }
}

const isFrame = (value: unknown): value is Frame =>
  isRecord(value) &&
  value['sidestream'] === PROTOCOL_VERSION &&
  (value['from'] === 'leader' || value['from'] === 'follower') &&
  Number.isFinite(value['term']) &&
  Number.isSafeInteger(value['seq']) &&
  (value['lane'] === null || value['lane'] === 'engine' || value['lane'] === 'tab') &&
  typeof value['bye'] === 'boolean'
