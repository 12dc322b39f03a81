import type { InvalidEvent, StreamBatch } from '../../shared/batch.ts'
import { withoutTooDeep, type RawEvents } from './raw-events.ts'

/** The most raw events that wait for a tab; with more, the stream waits for the tab. */
const WAITING_ITEMS = 20_000
/** The most reports of quarantined events that wait for a slow tab; later reports are dropped. */
const WAITING_REPORTS = 1000

/** Raw events, and reports of quarantined events, that wait for one tab. */
export class EventQueue {
  readonly #wantsEvents: boolean
  #events: StreamBatch[] = []
  #invalid: ReadonlyArray<InvalidEvent> = []
  /** Number of raw events that the tab was too slow for; while it is not 0, the tab gets no raw events. */
  #missed = 0
  #waiting: (() => void)[] = []

  constructor(wantsEvents: boolean) {
    this.#wantsEvents = wantsEvents
  }

  get isEmpty(): boolean {
    return this.#events.length + this.#invalid.length === 0
  }

  /** Whether more events can be taken. */
  get hasRoom(): boolean {
    return countItems(this.#events) < WAITING_ITEMS
  }

  /** @param after the tab has been handed the events up to this offset already */
  add({ events, invalid }: RawEvents, after: string): void {
    if (!this.#wantsEvents) {
      this.#report(invalid)
      return
    }
    const fresh = withoutTooDeep({ events: events.filter(({ offset }) => after < offset), invalid })
    if (this.#missed > 0) this.#missed += countItems(fresh.events)
    else this.#events.push(...fresh.events)
    this.#report(fresh.invalid)
  }

  /** Takes out everything that waits. */
  take(): RawEvents {
    const taken = { events: this.#events, invalid: this.#invalid }
    this.#events = []
    this.#invalid = []
    this.wake()
    return taken
  }

  /** The tab has not taken these events and reports: they come before all others. */
  putBack({ events, invalid }: RawEvents): void {
    this.#events.unshift(...events)
    this.#invalid = [...invalid, ...this.#invalid].slice(0, WAITING_REPORTS)
  }

  /** Settles when there is room, or the queue is of no use any more. */
  async room(): Promise<void> {
    if (!this.hasRoom) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** The tab is not waited for any longer, because it may be frozen. It goes without raw events until it answers. */
  miss(): void {
    this.#missed += countItems(this.#events)
    this.#events = []
    this.wake()
  }

  /** The tab answers again. @returns how many raw events it has missed */
  answered(): number {
    const missed = this.#missed
    this.#missed = 0
    return missed
  }

  /** Ends the waits for room. */
  wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  #report(invalid: ReadonlyArray<InvalidEvent>): void {
    this.#invalid = [...this.#invalid, ...invalid].slice(0, WAITING_REPORTS)
  }
}

const countItems = (batches: ReadonlyArray<StreamBatch>): number => batches.reduce((sum, { items }) => sum + items.length, 0)
