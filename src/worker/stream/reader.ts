import { describe, type ErrorData } from '../../shared/errors.ts'
import { START_OFFSET, type LiveMode, type StreamBatch } from '../../shared/protocol.ts'
import type { ConnectionState, EngineStatus } from '../../shared/status.ts'
import { AnchorCheck, type Anchor } from '../core/anchor.ts'
import { nextConnection, retryDelayMs, type ConnectionEvent } from '../core/connection.ts'
import type { EngineEnv } from '../env.ts'
import { SourceError, type StreamSource } from './source.ts'

export interface ReaderOptions {
  readonly env: Pick<EngineEnv, 'clock' | 'random'>
  readonly source: StreamSource
  readonly live: LiveMode
  /** Where reading goes on, and what precedes that place. */
  readonly position: () => { readonly offset: string; readonly anchor: Anchor | null }
  /** Takes a batch that continues what was read before. */
  readonly onBatch: (batch: StreamBatch) => Promise<void>
  /** The stream has the anchor's events still. */
  readonly onSame: (anchor: Anchor, items: ReadonlyArray<unknown>) => void
  /** The stream is not the one that was read before, or is gone: it is read from its start. */
  readonly onOther: () => Promise<void>
  /** There is no stream, and there was none when it was last asked for. */
  readonly onMissing: () => void
  readonly onConnection: (connection: ConnectionState) => void
  /** A failed attempt, or (`counts` false) a server that cannot be reached and is tried again. */
  readonly onFailure: (error: ErrorData, counts: boolean) => void
}

type Again = 'now' | 'later' | 'on-request'

/**
 * Reads a stream for as long as its engine lives: connects, makes sure that it is still the same stream, backs off, waits
 * for credentials, and rests when it is told to.
 */
export class StreamReader {
  readonly #options: ReaderOptions
  #connection: ConnectionState = 'idle'
  #closed = false
  /** Why it rests although there would be something to read; null when it does not. */
  #halted: 'hide' | 'forget' | null = null
  /** Only a request can make it go on: at the end of a stream, or without credentials. */
  #atEnd = false
  #read: AbortController | null = null
  #check: AnchorCheck | null = null
  #attempts = 0
  #wake: (() => void) | null = null

  constructor(options: ReaderOptions) {
    this.#options = options
  }

  /** Settles once the reader is closed and nothing is under way. */
  async run(): Promise<void> {
    while (!this.#isClosed()) {
      if (this.#halted !== null) {
        this.#transition(this.#halted)
        await this.#pause(null)
        continue
      }
      const again = await this.#connect()
      if (this.#isClosed()) return
      if (again === 'now' || this.#halted !== null) continue
      this.#atEnd = again === 'on-request'
      await this.#pause(this.#atEnd ? null : retryDelayMs((this.#attempts += 1), this.#options.env.random()))
      this.#atEnd = false
    }
  }

  /** Tries now what waits: for credentials, for the server, for a stream to appear. */
  reconnect(): void {
    this.#attempts = 0
    this.#halted = null
    this.#wake?.()
    if (this.#connection === 'offline' || this.#connection === 'connecting') this.#read?.abort()
  }

  /** Reads no more until told otherwise: nobody can see the rows (`hide`), or nobody may (`forget`). */
  halt(why: 'hide' | 'forget'): void {
    if (why === 'hide' && (this.#atEnd || this.#halted !== null)) return
    this.#halted = why
    this.#read?.abort()
    this.#wake?.()
  }

  /** Somebody can see the rows. */
  show(): void {
    if (this.#halted !== 'hide') return
    this.#halted = null
    this.#wake?.()
  }

  close(): void {
    this.#closed = true
    this.#read?.abort()
    this.#wake?.()
    this.#transition('close')
  }

  /** The end of the stream has been reached. */
  upToDate(): void {
    this.#transition('up-to-date')
  }

  /** Narrowing would take the answer for final, and others change it while something is awaited. */
  #isClosed(): boolean {
    return this.#closed
  }

  /** One session with the stream. @returns when to begin the next */
  async #connect(): Promise<Again> {
    const read = new AbortController()
    this.#read = read
    this.#transition('connect')
    const { offset, anchor } = this.#options.position()
    this.#check = anchor === null ? null : new AnchorCheck(anchor)
    try {
      const end = await this.#options.source.read({
        offset: anchor?.offset ?? offset,
        live: this.#options.live,
        signal: read.signal,
        onBatch: (batch) => this.#onBatch(batch, read.signal),
        onReachable: (reachable, reason) => {
          this.#onReachable(reachable, reason)
        },
      })
      if (end === 'ended') this.#transition('ended')
      return end === 'aborted' ? 'now' : 'on-request'
    } catch (error) {
      return await this.#onFailure(error instanceof SourceError ? error : new SourceError('unreachable', describe(error)))
    } finally {
      // A read that has failed must not deliver anything any more.
      read.abort()
      if (this.#read === read) this.#read = null
    }
  }

  async #onFailure({ failure, message, status }: SourceError): Promise<Again> {
    if (this.#isClosed()) return 'on-request'
    const fail = (code: ErrorData['code'], retryable: boolean): void => {
      this.#options.onFailure({ code, message, retryable, status }, true)
    }
    switch (failure) {
      case 'unauthorized':
        fail('NEEDS_AUTH', true)
        this.#transition('unauthorized')
        return 'on-request'
      case 'interrupted':
        return 'now'
      case 'bad-offset':
        await this.#options.onOther()
        // A server that does this again and again gets a pause.
        return this.#attempts === 0 ? 'now' : 'later'
      case 'missing':
        fail('STREAM_NOT_FOUND', true)
        if (this.#options.position().offset !== START_OFFSET) {
          await this.#options.onOther()
          return 'now'
        }
        this.#options.onMissing()
        this.#transition('missing')
        return 'later'
      case 'refused':
        fail('STREAM_ERROR', false)
        this.#transition('refused')
        return 'later'
      case 'unreachable':
        fail('OFFLINE', true)
        this.#transition('unreachable')
        return 'later'
    }
  }

  #onReachable(reachable: boolean, reason: SourceError | null): void {
    if (this.#isClosed()) return
    if (reachable) {
      this.#transition('responded')
      return
    }
    this.#options.onFailure({ code: 'OFFLINE', message: reason?.message ?? 'the server cannot be reached', retryable: true }, false)
    this.#transition('unreachable')
  }

  async #onBatch(batch: StreamBatch, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#isClosed()) return
    const fresh = this.#verify(batch)
    if (fresh === null) return
    this.#attempts = 0
    this.#transition('responded')
    await this.#options.onBatch(fresh)
  }

  /**
   * Makes sure that a batch continues what has been read. @returns the batch without what was read before, or null while
   * that is not decided. @throws SourceError `bad-offset` when the stream is another one
   */
  #verify(batch: StreamBatch): StreamBatch | null {
    const other = new SourceError('bad-offset', 'the stream is not the one that was read before')
    if (!this.#check) {
      const { offset } = this.#options.position()
      // Offsets sort as strings (Durable Streams protocol). A server that is asked for what follows an offset beyond its
      // end answers with its end.
      if (offset !== START_OFFSET && batch.items.length === 0 && batch.offset < offset) throw other
      return batch
    }
    const verdict = this.#check.take(batch)
    switch (verdict.kind) {
      case 'other':
        throw other
      case 'more':
        return null
      case 'same':
        this.#options.onSame(this.#check.anchor, this.#check.seen)
        this.#check = null
        return { ...batch, items: verdict.rest }
    }
  }

  /** Waits for `delayMs`, or for a request only. */
  #pause(delayMs: number | null): Promise<void> {
    return new Promise((resolve) => {
      const cancel = delayMs === null ? undefined : this.#options.env.clock.after(delayMs, () => this.#wake?.())
      this.#wake = () => {
        this.#wake = null
        cancel?.()
        resolve()
      }
    })
  }

  #transition(event: ConnectionEvent): void {
    const connection = nextConnection(this.#connection, event)
    if (connection === this.#connection) return
    this.#connection = connection
    this.#options.onConnection(connection)
  }
}

/** What a connection state says of the rows. */
export const isUpToDate = (connection: EngineStatus['connection']): boolean => connection === 'live' || connection === 'ended'
