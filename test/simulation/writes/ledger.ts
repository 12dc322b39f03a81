import type { SidestreamError } from '../../../src/shared/errors.ts'
import type { Write } from '../../../src/shared/write.ts'
import type { OutboxMedium } from '../../../src/worker/store/memory-outbox.ts'
import type { Incarnation } from '../sim-server.ts'
import type { WriteTab } from './write-tab.ts'

/** `waiting` no answer yet · `gone` the tab is gone · `refused` by the engine, with a code. After the last two the write may be stored or not. */
type Outcome = 'waiting' | 'acknowledged' | 'refused' | 'gone'

/** Where the stream ended at a moment. */
export interface Mark {
  readonly life: Incarnation | null
  readonly lives: number
  readonly messages: number
}

/** All that is known of a write. */
export interface Entry {
  readonly write: Write
  readonly tab: WriteTab
  readonly issuedAt: number
  /** Where the stream ended when the write was made. */
  readonly mark: Mark
  outcome: Outcome
  /** When the outcome became known. */
  settledAt: number
  /** How often engines had lost what they had in memory, when the write was made. */
  readonly lossesBefore: number
  /** Its place in the last stored outbox in which it was seen: only writes of one producer can be compared. */
  place: { readonly producer: string; readonly number: number } | null
  /** It was parked at least once, or the server will refuse it. */
  wasParked: boolean
  /** The application has asked for it to be sent again, or to be given up; `unknown` without an answer that says so. */
  retried: boolean
  discarded: 'no' | 'unknown' | 'yes'
  /** It was acknowledged while writes were in memory only: it may have been sent before a write that is stored. */
  inMemory: boolean
  /** It may have been removed with the cache. */
  cleared: boolean
}

/** Knows every write that was made, and what has become of it. */
export class Ledger {
  readonly #entries = new Map<string, Entry>()
  readonly #byRow = new Map<string, Entry[]>()
  #head: OutboxMedium['head'] = null
  /** How many messages of each life of the stream were looked at. */
  readonly #counted = new Map<Incarnation, number>()
  readonly #found = new Map<Incarnation, Map<string, number[]>>()
  /** Ids of all producers whose outbox was stored. Each other outbox was in memory only. */
  readonly #storedProducers = new Set<string>()
  acknowledged = 0

  get all(): Iterable<Entry> {
    return this.#entries.values()
  }

  entry(id: string): Entry | undefined {
    return this.#entries.get(id)
  }

  /** Writes of a row, in the order in which they were made. */
  ofRow(address: string): ReadonlyArray<Entry> {
    return this.#byRow.get(address) ?? []
  }

  get rows(): Iterable<string> {
    return this.#byRow.keys()
  }

  get waiting(): ReadonlyArray<Entry> {
    return [...this.all].filter(({ outcome }) => outcome === 'waiting')
  }

  issue(tab: WriteTab, write: Write, now: number, mark: Mark, lossesBefore: number): Entry {
    const entry: Entry = { write, tab, issuedAt: now, mark, outcome: 'waiting', settledAt: 0, lossesBefore, place: null, wasParked: false, retried: false, discarded: 'no', inMemory: false, cleared: false }
    this.#entries.set(write.id, entry)
    for (const address of new Set(write.mutations.map(({ collection, key }) => `${collection} ${key}`))) this.#byRow.set(address, [...this.ofRow(address), entry])
    return entry
  }

  settle(entry: Entry, outcome: Outcome, now: number): void {
    entry.outcome = outcome
    entry.settledAt = now
    if (outcome === 'acknowledged') this.acknowledged += 1
  }

  /** A tab is gone without a word. */
  lose(tab: WriteTab, now: number): void {
    for (const entry of this.waiting) if (entry.tab === tab) this.settle(entry, 'gone', now)
  }

  /** Notes what is stored now. */
  look(stored: OutboxMedium | undefined): void {
    if (!stored?.head || stored.head === this.#head) return
    this.#head = stored.head
    const producer = stored.head.producer.id
    this.#storedProducers.add(producer)
    for (const { number, write, phase } of stored.entries.values()) {
      const entry = this.#entries.get(write.id)
      if (!entry) continue
      // A write that is not acknowledged as stored may get another place: in the next outbox after a sign-out, or when a commit that was
      // given up is done late.
      if (entry.place?.producer !== producer || entry.outcome !== 'acknowledged' || entry.inMemory) entry.place = { producer, number }
      entry.wasParked ||= phase === 'parked'
    }
  }

  /** The positions of a write's events in one life of the stream (a life ends when the stream is made again). */
  found(life: Incarnation, id: string): ReadonlyArray<number> {
    const from = this.#counted.get(life) ?? 0
    const found = this.#found.get(life) ?? new Map<string, number[]>()
    this.#found.set(life, found)
    for (const [index, items] of life.messages.slice(from).entries()) {
      for (const [place, item] of items.entries()) {
        const txid = (item as { headers?: { txid?: unknown } } | null)?.headers?.txid
        if (typeof txid === 'string') found.set(txid, [...(found.get(txid) ?? []), (from + index) * 1e6 + place])
      }
    }
    this.#counted.set(life, life.messages.length)
    return found.get(id) ?? []
  }

  /** Whether an event of a write is among the first messages of a life. */
  isWithin(life: Incarnation, id: string, messages: number): boolean {
    return this.found(life, id).some((position) => position < messages * 1e6)
  }

  /**
   * I9, for what is in the streams: no write is there twice or in part, and writes that an outbox has sent are in its order. Writes
   * that were sent again after a refusal may be in any place.
   */
  assertStreams(lives: ReadonlyArray<Incarnation>): void {
    for (const life of lives) {
      /** Entries that were sent by the outbox in which they have a place, with the position of their events. */
      const placed: Array<{ readonly entry: Entry; readonly position: number }> = []
      for (const entry of this.all) {
        const { write, discarded, retried, place } = entry
        const found = this.found(life, write.id)
        if (found.length === 0) continue
        const copies = this.#copiesOf(life, entry)
        if (copies.length > 1 && !this.#mayBeTwice(entry, copies)) throw new Error(`${write.id} is in the stream ${String(copies.length)} times`)
        if (discarded === 'yes') throw new Error(`${write.id} was discarded, and is in the stream`)
        const own = copies.find(({ sender }) => sender === place?.producer)
        if (own && !retried) placed.push({ entry, position: own.position })
      }
      const last = new Map<string, Entry>()
      for (const { entry } of placed.sort((a, b) => a.position - b.position)) {
        const { producer, number } = entry.place!
        const before = last.get(producer)
        if (before && before.place!.number > number) throw new Error(`${before.write.id} was acknowledged after ${entry.write.id}, and is in the stream before it`)
        last.set(producer, entry)
      }
    }
  }

  /** The copies of a write in a stream. @throws when one of them is not whole */
  #copiesOf(life: Incarnation, { write }: Entry): Array<{ readonly position: number; readonly sender: string | null }> {
    const found = this.found(life, write.id)
    const { length } = write.mutations
    if (found.length % length !== 0) throw new Error(`${write.id} has ${String(length)} events, and ${String(found.length)} of them are in the stream`)
    if (found.some((position, index) => index % length > 0 && position !== found[index - 1]! + 1)) throw new Error(`${write.id} is torn`)
    return found.filter((_, index) => index % length === 0).map((position) => ({ position, sender: life.senders[Math.floor(position / 1e6)]! }))
  }

  /**
   * A tab without an acknowledgement hands its write on again. An engine that is in memory only does not know what is stored, and a
   * stored outbox does not know what such an engine has sent. Stored outboxes know of each other, unless the cache was cleared between.
   */
  #mayBeTwice({ outcome, inMemory, cleared }: Entry, copies: ReadonlyArray<{ readonly sender: string | null }>): boolean {
    if (cleared) return true
    const isStored = copies.map(({ sender }) => sender !== null && this.#storedProducers.has(sender))
    // Before a stored outbox took the write, an engine in memory had sent it.
    if (outcome === 'acknowledged' && !inMemory && isStored[0]) return false
    return isStored.filter(Boolean).length <= 1
  }

  /**
   * I9, at rest: every acknowledged write is in a stream, or parked, or waits in an outbox.
   * @param parked ids of the writes that tabs list; at rest, these are the parked ones
   * @param waiting ids of the writes in an outbox that no tab lists
   * @param losses how often engines have lost what they had in memory
   */
  assertNoneLost(lives: ReadonlyArray<Incarnation>, parked: ReadonlySet<string>, waiting: ReadonlySet<string>, losses: number): void {
    const present = lives.at(-1)!
    for (const entry of this.all) {
      const { write, outcome, place, cleared, discarded, lossesBefore } = entry
      const isParked = parked.has(write.id)
      const copies = this.#copiesOf(present, entry)
      if (isParked && copies.length > 0 && !this.#mayBeTwice(entry, [...copies, { sender: place?.producer ?? null }])) throw new Error(`${write.id} is in the stream, and parked`)
      if (outcome !== 'acknowledged' || cleared || discarded !== 'no' || isParked || waiting.has(write.id)) continue
      if (lives.some((life) => this.found(life, write.id).length > 0)) continue
      // It was in memory only, as `durable` said, and was lost with its worker.
      if (place === null && losses > lossesBefore) continue
      throw new Error(`${write.id} was acknowledged, and is lost`)
    }
  }
}

/** The code of a refusal. */
export const codeOf = (error: unknown): string => (error as SidestreamError).code
