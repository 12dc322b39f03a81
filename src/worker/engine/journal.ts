import type { InvalidEvent, StreamBatch } from '../../shared/batch.ts'
import type { ErrorData } from '../../shared/errors.ts'
import { parseStateEvent } from '../../shared/events.ts'
import type { ConnectionNote, Inspection, QuarantinedEvent, ReadEvent } from '../../shared/inspection.ts'
import type { ConnectionState } from '../../shared/status.ts'
import { excerpt } from '../core/excerpt.ts'
import type { Clock } from '../ports.ts'

const MOST_NOTES = 60
const MOST_QUARANTINED = 20
const MOST_EVENTS = 100
/** How much of an event is shown, in characters: of a quarantined one, and of one that was just read. */
const QUARANTINED_TEXT = 2000
const EVENT_TEXT = 300
/** For how long an engine keeps the events that it reads after it was looked at, ms. */
const LOOK_MS = 5000

interface Kept {
  readonly number: number
  readonly at: number
  readonly offset: string
  readonly item: unknown
}

/** What a panel is told of the past: changes of the connection, quarantined events, and (while it looks) the last events. */
export class Journal {
  readonly #clock: Clock
  readonly #notes: ConnectionNote[] = []
  readonly #quarantined: QuarantinedEvent[] = []
  /** Null while nobody looks. */
  #events: Kept[] | null = null
  #read = 0
  #cancel: () => void = () => undefined
  #isClosed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  connection(state: ConnectionState, why: ConnectionNote['why'], error: ErrorData | null): void {
    this.#notes.push({ at: this.#clock.now(), state, why, error })
    if (this.#notes.length > MOST_NOTES) this.#notes.shift()
  }

  take({ items, offset }: StreamBatch, invalid: ReadonlyArray<InvalidEvent>): void {
    if (invalid.length === 0 && !this.#events) return
    const at = this.#clock.now()
    for (const { code, reason, event } of invalid.slice(-MOST_QUARANTINED)) {
      this.#quarantined.push({ at, code, reason: excerptOf(reason), offset, text: excerpt(event, QUARANTINED_TEXT) })
    }
    this.#quarantined.splice(0, this.#quarantined.length - MOST_QUARANTINED)
    if (!this.#events) return
    const first = Math.max(0, items.length - MOST_EVENTS)
    for (let index = first; index < items.length; index += 1) this.#events.push({ number: this.#read + index, at, offset, item: items[index] })
    this.#read += items.length
    this.#events.splice(0, this.#events.length - MOST_EVENTS)
  }

  /** From now on the events are kept, for a while. */
  look(): Pick<Inspection, 'connections' | 'quarantined' | 'events'> {
    if (!this.#isClosed) {
      this.#events ??= []
      this.#cancel()
      this.#cancel = this.#clock.after(LOOK_MS, () => {
        this.#events = null
      })
    }
    return { connections: [...this.#notes], quarantined: [...this.#quarantined], events: (this.#events ?? []).map(readEvent) }
  }

  /** The cache was cleared: nothing of its events is told any more. */
  forget(): void {
    this.#quarantined.length = 0
    if (this.#events) this.#events = []
  }

  close(): void {
    this.#isClosed = true
    this.#cancel()
    this.#events = null
  }
}

/** A reason may have a long key in it. */
const excerptOf = (reason: string): string => (reason.length > EVENT_TEXT ? `${reason.slice(0, EVENT_TEXT)}…` : reason)

function readEvent({ number, at, offset, item }: Kept): ReadEvent {
  const parsed = parseStateEvent(item)
  const kept = { number, at, offset, kind: parsed.kind, type: '', key: '', text: excerpt(parsed.kind === 'change' ? parsed.event.value : item, EVENT_TEXT) }
  if (parsed.kind === 'malformed') return { ...kept, operation: parsed.reason }
  if (parsed.kind === 'control') return { ...kept, operation: parsed.event.headers.control }
  const { type, key, headers } = parsed.event
  return { ...kept, type: type.slice(0, EVENT_TEXT), key: key.slice(0, EVENT_TEXT), operation: headers.operation }
}
