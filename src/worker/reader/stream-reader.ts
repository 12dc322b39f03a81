import { describe, type ErrorData } from '../../shared/errors.ts'
import type { ReconnectReason } from '../../shared/calls.ts'
import type { StreamBatch } from '../../shared/batch.ts'
import type { LiveMode, StreamSettings } from '../../shared/settings.ts'
import type { ConnectionState, EngineStatus } from '../../shared/status.ts'
import type { Anchor } from '../core/anchor.ts'
import { nextConnection, type ConnectionEvent } from '../core/connection.ts'
import type { RequestKind } from '../core/request-pace.ts'
import { type EngineEnv, type Requests, SourceError, type StreamSource } from '../ports.ts'
import { Continuity, type ReadingPlace } from './continuity.ts'
import { QuietCheck } from './quiet-check.ts'
import { RequestGate } from './request-gate.ts'

export interface ReaderOptions {
  readonly env: Pick<EngineEnv, 'clock' | 'random'>
  readonly source: StreamSource
  readonly settings: Pick<StreamSettings, 'live' | 'backoff' | 'silenceTimeoutMs'>
  readonly place: () => ReadingPlace
  /** Settles when the {@link place} is certain. Until then a read may begin, but nothing that comes of it is believed. */
  readonly settled: () => Promise<void>
  /** Takes a batch that continues what was read before. @throws SourceError `older` */
  readonly onBatch: (batch: StreamBatch) => Promise<void>
  /** A long answer to a read of all events is arriving: gets its items so far, which the batch has once more. */
  readonly onBeginning: (items: ReadonlyArray<unknown>) => void
  /** The read is over: an answer that was arriving will not come whole. */
  readonly onReadEnd: () => void
  /** The stream still has the anchor's events. */
  readonly onSame: (anchor: Anchor, items: ReadonlyArray<unknown>) => void
  /** The stream is not the one that was read before: it is read from its start. */
  readonly onOther: () => void
  /** There is no stream any more, and so there are no rows. */
  readonly onMissing: () => void
  readonly onConnection: (connection: ConnectionState) => void
  /** A failed attempt. */
  readonly onFailure: (error: ErrorData) => void
}

/**
 * `resting`: at the end of a stream, or without credentials, until `reconnect` or `askAgain` · `hide`: no tab is visible ·
 * `forget`: the cache was cleared
 */
type Phase = 'reading' | 'resting' | 'hide' | 'forget' | 'closed'

/** When the next read begins: `next` at once, `on-request` after a rest. */
type Again = 'next' | 'on-request'

/** The shortest time between two answers that would drop rows, ms. */
const DOUBT_PAUSE_MS = 1000
/** The longest pause between two requests while the server shows an older copy of the stream, ms. */
const OLDER_PAUSE_MS = 2000
/** How long the status stays `live` without an answer when a live connection is made again, ms. */
const QUIET_MS = 1000

/**
 * Reads a stream for as long as its engine lives: connects, makes sure that it is still the same stream, backs off, waits
 * for credentials, and rests when it is told to.
 */
export class StreamReader {
  readonly #options: ReaderOptions
  readonly #gate: RequestGate
  readonly #quiet: QuietCheck
  readonly #live: LiveMode
  readonly #continuity: Continuity
  #connection: ConnectionState = 'idle'
  #phase: Phase = 'reading'
  #read: AbortController | null = null
  #isFresh = false
  #wake: (() => void) | null = null
  #cancelQuiet: (() => void) | null = null

  constructor(options: ReaderOptions) {
    this.#options = options
    const { live, backoff, silenceTimeoutMs } = options.settings
    this.#live = live
    this.#continuity = new Continuity({ clock: options.env.clock, place: options.place, onSame: options.onSame })
    this.#quiet = new QuietCheck({ clock: options.env.clock, source: options.source })
    this.#gate = new RequestGate({
      env: options.env,
      backoff,
      silenceTimeoutMs,
      onSilent: (kind, silentMs) => {
        this.#read?.abort(silence(kind, silentMs))
      },
    })
  }

  /** Settles once the reader is closed and nothing is under way. */
  async run(): Promise<void> {
    while (this.#now() !== 'closed') {
      const phase = this.#now()
      if (phase === 'hide' || phase === 'forget') this.#transition(phase)
      if (phase !== 'reading') {
        await new Promise<void>((resolve) => (this.#wake = resolve))
        continue
      }
      const again = await this.#connect()
      if (again === 'on-request' && this.#now() === 'reading') this.#phase = 'resting'
    }
  }

  /** Ends a wait (for credentials, for the server, for a stream to appear) and tries now. */
  reconnect(reason: ReconnectReason): void {
    if (this.#phase === 'closed') return
    this.#go()
    this.#gate.hurry(reason)
  }

  /** A tab wants rows now: gives up a request that has been silent for a moment, but not a live request on a quiet stream. */
  hurry(): void {
    if (this.#phase !== 'reading') return
    if (this.#gate.isLive) this.#hurryLive()
    else this.#gate.hurry('online')
  }

  /** What has been silent for a moment is given up, unless the stream ends where that request waits. */
  #hurryLive(): void {
    const read = this.#read
    const isStill = (): boolean => read === this.#read && this.#gate.isLive && this.#gate.isSilent
    if (!isStill()) return
    this.#quiet.whenAllowed(
      () => (isStill() ? this.#options.place().offset : null),
      () => {
        if (isStill()) this.#gate.hurry('online')
      },
    )
  }

  /** Reads on past all HTTP caches; gives up the request under way. */
  askAgain(): void {
    if (this.#phase !== 'reading' && this.#phase !== 'resting') return
    this.#isFresh = true
    this.#gate.pause(0, OLDER_PAUSE_MS)
    this.#read?.abort()
    this.#go()
  }

  /** Stops reading: no tab is visible (`hide`, until {@link show} or {@link reconnect}), or the cache was cleared (`forget`). */
  halt(why: 'hide' | 'forget'): void {
    if (this.#phase === 'closed' || (why === 'hide' && this.#phase !== 'reading')) return
    this.#phase = why
    this.#read?.abort()
    this.#transition(why)
    this.#wake?.()
  }

  /** A tab is visible, or waits for rows. */
  show(): void {
    if (this.#phase === 'hide') this.#go()
  }

  close(): void {
    this.#phase = 'closed'
    this.#quiet.close()
    this.#read?.abort()
    this.#wake?.()
    this.#transition('close')
  }

  /** The end of the stream has been reached. */
  upToDate(): void {
    this.#transition('up-to-date')
  }

  #go(): void {
    this.#phase = 'reading'
    this.#wake?.()
  }

  /** A method, because TypeScript would narrow the field and not see that it changes during an `await`. */
  #now(): Phase {
    return this.#phase
  }

  /** One session with the stream. @returns when to begin the next */
  async #connect(): Promise<Again> {
    const read = new AbortController()
    this.#read = read
    this.#announce()
    const { offset } = this.#options.place()
    const isStill = this.#options.settled().then(() => this.#options.place().offset === offset)
    try {
      const end = await this.#options.source.read({
        offset: this.#continuity.begin(),
        live: this.#live,
        isFresh: this.#isFresh,
        signal: read.signal,
        requests: this.#requestsOf(read.signal),
        onBatch: async (batch) => {
          if (await isStill) await this.#onBatch(batch, read.signal)
          else read.abort()
        },
        onAnswer: () => {
          this.#transition('responded')
        },
        onBeginning: (items) => {
          if (!read.signal.aborted) this.#options.onBeginning(items)
        },
      })
      if (!(await isStill)) return 'next'
      const silence: unknown = read.signal.reason
      if (end === 'aborted' && silence instanceof SourceError) return this.#onFailure(silence)
      if (end === 'ended') this.#transition('ended')
      return end === 'aborted' ? 'next' : 'on-request'
    } catch (error) {
      if (!(await isStill)) return 'next'
      return this.#onFailure(error instanceof SourceError ? error : new SourceError('unreachable', describe(error)))
    } finally {
      // A read that has failed must not deliver anything any more.
      read.abort()
      this.#options.onReadEnd()
      this.#gate.abandon()
      this.#cancelQuiet?.()
      if (this.#read === read) this.#read = null
    }
  }

  /** Passes a read's reports to the gate. Once the read is over, its reports are ignored: another read has followed. */
  #requestsOf(signal: AbortSignal): Requests {
    const gate = this.#gate
    return {
      turn: () => (signal.aborted ? Promise.resolve() : gate.turn()),
      sent: (kind) => {
        if (!signal.aborted) gate.sent(kind)
      },
      heard: () => {
        if (!signal.aborted) gate.heard()
      },
      dropped: () => {
        if (!signal.aborted) gate.abandon()
      },
      over: (end) => {
        if (!signal.aborted) gate.over(end)
      },
    }
  }

  /** A live connection is made again from time to time. The status changes only when no answer comes. */
  #announce(): void {
    if (this.#connection !== 'live') {
      this.#transition('connect')
      return
    }
    this.#cancelQuiet = this.#options.env.clock.after(QUIET_MS, () => {
      this.#transition('connect')
    })
  }

  #onFailure({ failure, message, status, data }: SourceError): Again {
    if (this.#now() === 'closed') return 'on-request'
    const fail = (code: ErrorData['code'], retryable: boolean): void => {
      this.#options.onFailure(data ?? { code, message, retryable, status })
    }
    switch (failure) {
      case 'interrupted':
        return 'next'
      case 'unauthorized':
        fail('NEEDS_AUTH', true)
        this.#transition('unauthorized')
        return 'on-request'
      case 'missing': {
        fail('STREAM_NOT_FOUND', true)
        if (!this.#continuity.isMissing()) return this.#doubted()
        this.#options.onMissing()
        this.#transition('missing')
        return 'next'
      }
      case 'bad-offset':
        fail('STREAM_ERROR', true)
        if (!this.#continuity.isOther()) return this.#doubted()
        this.#options.onOther()
        return 'next'
      case 'older':
        fail('STREAM_ERROR', true)
        if (!this.#continuity.isBehindForGood()) return this.#doubted()
        this.#options.onOther()
        return 'next'
      case 'refused':
      case 'application':
        fail('STREAM_ERROR', false)
        this.#transition('refused')
        return 'next'
      case 'unreachable':
        fail('OFFLINE', true)
        this.#transition('unreachable')
        return 'next'
    }
  }

  /** The server contradicts its earlier answers: it is asked again after a pause, past all HTTP caches. */
  #doubted(): Again {
    const { olderLeftMs } = this.#options.place()
    this.#isFresh = true
    this.#gate.pause(DOUBT_PAUSE_MS, olderLeftMs === null ? Infinity : Math.min(olderLeftMs, OLDER_PAUSE_MS))
    this.#transition('unreachable')
    return 'next'
  }

  async #onBatch(batch: StreamBatch, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#now() === 'closed') return
    const isCounted = !this.#options.place().isReplacing
    const before = this.#options.place().offset
    const { news: fresh, isProgress } = this.#continuity.take(batch)
    if (fresh === null) {
      if (isProgress) this.#gate.continued()
      return
    }
    const hasMoved = fresh.items.length > 0 && fresh.offset > before
    // The next reading is no progress before it is shown: it may have to be read again and again.
    if (hasMoved && isCounted) this.#gate.moved(fresh.items.length)
    else if (hasMoved) this.#gate.continued()
    if (isCounted) {
      this.#continuity.settle()
      this.#isFresh = false
    }
    this.#transition('responded')
    await this.#options.onBatch(fresh)
  }

  #transition(event: ConnectionEvent): void {
    const connection = nextConnection(this.#connection, event)
    if (event !== 'connect' || connection !== this.#connection) {
      this.#cancelQuiet?.()
      this.#cancelQuiet = null
    }
    if (connection === this.#connection) return
    this.#connection = connection
    this.#options.onConnection(connection)
  }
}

/** A silent live request may be lost or slow: the next request shows which. A server answers a catch-up request at once. */
const silence = (kind: RequestKind, silentMs: number): SourceError => {
  const message = `the server has said nothing for ${String(Math.round(silentMs / 1000))} s`
  return new SourceError(kind === 'live' ? 'interrupted' : 'unreachable', message)
}

/** Whether the rows are up to date in this state of the connection. */
export const isUpToDate = (connection: EngineStatus['connection']): boolean => connection === 'live' || connection === 'ended'
