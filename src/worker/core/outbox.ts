import type { ErrorData } from '../../shared/errors.ts'
import { START_OFFSET } from '../../shared/position.ts'
import { changesTheSame, type PendingWrite, type Write } from '../../shared/write.ts'
import type { Moment } from './lineage.ts'
import { writeDigest } from './write-digest.ts'

/**
 * The life of a write in the outbox.
 *
 * - `stored` kept by this engine, on the device or in memory only; not in a request, and not in the stream
 * - `sent` frozen in a request that has no answer yet: it may be in the stream
 * - `confirmed` accepted by the server or the API, or seen in the stream; the cache does not hold its rows yet
 * - `parked` refused, and not in the stream
 * - `gone` of no concern any more
 */
export type WritePhase = 'stored' | 'sent' | 'confirmed' | 'parked' | 'gone'

/** What happens to a write. */
export type WriteEvent =
  | 'freeze' // it is put into a request, whose body stays as it is
  | 'accept' // the server has appended the request, now or before; or the API has taken the write
  | 'see' // its txid has come with the stream
  | 'refuse' // the server refuses this write, or there is no event for it
  | 'thaw' // its request is known not to be in the stream, and is given up
  | 'settle' // the cache holds its rows
  | 'retry' // the application wants it to be sent again
  | 'discard' // the application gives it up

type Row = Readonly<Record<WriteEvent, WritePhase>>

/** A row of the table: an event that it does not name keeps the phase. */
const row = (phase: WritePhase, moves: Partial<Row>): Row => ({
  freeze: phase,
  accept: phase,
  see: phase,
  refuse: phase,
  thaw: phase,
  settle: phase,
  retry: phase,
  discard: phase,
  ...moves,
})

/** Phase → event → the next phase, for every event in every phase. A `sent` write cannot be discarded: it may have arrived. */
export const WRITE_TRANSITIONS: Readonly<Record<WritePhase, Row>> = {
  stored: row('stored', { freeze: 'sent', see: 'confirmed', refuse: 'parked', discard: 'gone' }),
  sent: row('sent', { accept: 'confirmed', see: 'confirmed', refuse: 'parked', thaw: 'stored' }),
  confirmed: row('confirmed', { settle: 'gone' }),
  parked: row('parked', { see: 'confirmed', retry: 'stored', discard: 'gone' }),
  gone: row('gone', {}),
}

/** A write in its place. Each new write gets a higher `number`; writes are sent and shown in the order of their numbers. */
export interface OutboxEntry {
  readonly number: number
  readonly write: Write
  readonly phase: Exclude<WritePhase, 'gone'>
  readonly attempts: number
  readonly error: ErrorData | null
  /** Of a confirmed write: its events are at or before this offset; null when that is not known. */
  readonly offset: string | null
}

/** Writes on their way to the server. Epoch, sequence number and body never change: by the first two the server knows a repetition. */
export interface FrozenRequest {
  readonly epoch: number
  readonly seq: number
  readonly numbers: ReadonlyArray<number>
  /** The events as JSON, with commas between them. */
  readonly body: string
  /** Nothing of the request can be in the stream before this offset, if the stream is the one that was read then. */
  readonly since: string
  /** What was read up to `since`: an offset alone does not tell the stream from one that was made again. Absent when it is not known. */
  readonly moment?: Moment
}

/** The outbox as a producer (Durable Streams protocol, idempotent producers); `seq` counts requests. */
export interface Producer {
  readonly id: string
  readonly epoch: number
  /** Of the next request. */
  readonly seq: number
}

/** The part of an outbox that is not its entries. */
export interface OutboxHead {
  readonly nextNumber: number
  readonly producer: Producer
  readonly request: FrozenRequest | null
}

/** What has to be stored, in one transaction. */
export interface OutboxChange {
  readonly put: ReadonlyArray<OutboxEntry>
  readonly remove: ReadonlyArray<number>
  readonly head: OutboxHead
  /** See {@link Outbox.recent}; null when that has not changed. */
  readonly recent: ReadonlyArray<RecentWrite> | null
}

/** A write that is done with. */
export interface RecentWrite {
  readonly id: string
  /** Of what it has changed (`core/write-digest.ts`); null when that was not stored. */
  readonly digest: number | null
}

/** What a server's answer decides about a request. After an answer that decides nothing, the request is sent again. */
export type Verdict =
  /** 2xx (204 for a repetition), or the API has accepted. @param offset where the stream ends after the request, if the server says so */
  | { readonly kind: 'accepted'; readonly offset: string | null }
  /** A refusal that a repetition would not change. @param isOfAll every write would be refused: the stream is closed */
  | { readonly kind: 'refused'; readonly error: ErrorData; readonly isOfAll: boolean }
  /** 403 with `Producer-Epoch`: a newer epoch of this producer has written. */
  | { readonly kind: 'fenced'; readonly epoch: number }
  /** 409 with `Producer-Expected-Seq`: the server does not know what this producer sent before. */
  | { readonly kind: 'forgotten' }

/** The last answer to a request that may be in the stream; it takes effect when the stream has been read to its end. */
type Doubt =
  | Exclude<Verdict, { readonly kind: 'accepted' }>
  /**
   * No answer, and the server may take a repetition for a new request: of the first request of an epoch, of a request of an earlier
   * engine, or of any request where the server does not notice repetitions.
   */
  | { readonly kind: 'unanswered' }

const FORGOTTEN = { kind: 'forgotten' } as const

/** The most writes of one request. */
export const MOST_WRITES = 1000
/** A request of several writes has no more text than this, in UTF-16 code units. */
const MOST_TEXT = 1_000_000
/** So many writes are remembered that are done with: a tab hands a write on again when its acknowledgement was lost. */
const RECENT_WRITES = 1000

/**
 * Where writes are sent. `backend` is an API of the application: it takes one write at a time, and puts the write's events on the
 * stream in its own time.
 */
export type Target = 'stream' | 'backend'

const mostWrites = (target: Target): number => (target === 'backend' ? 1 : MOST_WRITES)

/**
 * The next epoch is higher than the last one, by a random number up to this. A copy of the storage (of a browser's profile) has the
 * same producer id. If both copies counted up by one, the server would take requests of one copy for repetitions of the other's.
 */
const EPOCH_STEP = 2 ** 30

/**
 * The pending writes of a stream and a scope, in order: what is sent next, and what an answer means. It does no I/O: each method
 * returns what has to be stored.
 *
 * Each write comes into the stream once, by three rules:
 * - A request keeps its epoch, sequence number and body until it is known whether it is in the stream.
 * - An answer that refuses one attempt says nothing about earlier attempts whose answers were lost. Then the stream is read to its
 *   end first.
 * - After each request that is known not to be in the stream the epoch moves on. So the server refuses a late copy of it.
 */
export class Outbox {
  readonly #entries = new Map<number, OutboxEntry>()
  readonly #numbers = new Map<string, number>()
  readonly #random: () => number
  #head: OutboxHead
  /** How many attempts of the request have decided nothing. For a request that was found in storage it is not known: one is counted. */
  #earlierAttempts: number
  #doubt: Doubt | null = null
  readonly #target: Target
  /** Entries that an earlier engine has confirmed. */
  readonly #former = new Set<number>()
  /** The most writes of the next request. A refused request is sent again in halves, until one write is left that the server refuses. */
  #most: number
  /** Digests by id, in order: the oldest are forgotten first. */
  readonly #recent: Map<string, number | null>
  /** Numbers of writes whose events may have come in part only: see {@link seen}. */
  readonly #halfSeen = new Set<number>()

  /**
   * @param entries in the order of their numbers
   * @param recent see {@link recent}
   * @param random in [0, 1)
   */
  constructor(head: OutboxHead, entries: Iterable<OutboxEntry>, recent: Iterable<RecentWrite>, random: () => number, target: Target = 'stream') {
    this.#recent = new Map([...recent].map(({ id, digest }) => [id, digest]))
    this.#target = target
    this.#most = mostWrites(target)
    this.#head = head
    this.#random = random
    this.#earlierAttempts = head.request === null ? 0 : 1
    if (head.request !== null) this.#doubt = { kind: 'unanswered' }
    for (const entry of entries) {
      this.#keep(entry)
      if (entry.phase === 'confirmed') this.#former.add(entry.number)
    }
  }

  /** @param producerId of this outbox alone, in all of the world */
  static empty(producerId: string, random: () => number, target: Target = 'stream'): Outbox {
    return new Outbox({ nextNumber: 1, producer: { id: producerId, epoch: 0, seq: 0 }, request: null }, [], [], random, target)
  }

  /** The last writes that are in the stream and in the cache, or were given up; oldest first. */
  get recent(): ReadonlyArray<RecentWrite> {
    return [...this.#recent].map(([id, digest]) => ({ id, digest }))
  }

  get head(): OutboxHead {
    return this.#head
  }

  /** In order. */
  get entries(): Iterable<OutboxEntry> {
    return this.#entries.values()
  }

  entry(number: number): OutboxEntry | undefined {
    return this.#entries.get(number)
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0
  }

  /** Whether it has the write, or had it not long ago. */
  has(id: string): boolean {
    return this.#numbers.has(id) || this.#recent.has(id)
  }

  /** Whether another write has this write's id, or had it not long ago. */
  isTaken(write: Write): boolean {
    const entry = this.#entries.get(this.#numbers.get(write.id) ?? -1)
    if (entry) return !changesTheSame(entry.write, write)
    const recent = this.#recent.get(write.id)
    return typeof recent === 'number' && recent !== writeDigest(write)
  }

  /** The entries of the request that has no answer yet. */
  get requested(): ReadonlyArray<OutboxEntry> {
    return (this.#head.request?.numbers ?? []).flatMap((number) => this.#entries.get(number) ?? [])
  }

  /** No request waits for an answer, and no confirmed write waits for the cache. */
  get isAtRest(): boolean {
    return this.#head.request === null && [...this.#entries.values()].every(({ phase }) => phase !== 'confirmed')
  }

  /** Adds the entries of another outbox {@link isAtRest}, after all others: they were made while this one could not be opened. */
  adopt(other: Outbox): OutboxChange {
    const adopted: OutboxEntry[] = []
    for (const entry of other.entries) {
      if (this.has(entry.write.id)) continue
      const { nextNumber } = this.#head
      this.#head = { ...this.#head, nextNumber: nextNumber + 1 }
      adopted.push(this.#keep({ ...entry, number: nextNumber }))
    }
    // A write may be in both: a tab that had no acknowledgement has given it to the other one too, which is done with it.
    const done = other.recent.flatMap(({ id }): number[] => {
      const entry = this.#entries.get(this.#numbers.get(id) ?? -1)
      return entry ? [this.#forget(entry)] : []
    })
    this.#remember(other.recent)
    return { ...this.#change(adopted, done), recent: this.recent }
  }

  /** The request to send now; null when there is none, or when the stream has to be read to its end first. */
  get request(): FrozenRequest | null {
    return this.#doubt === null ? this.#head.request : null
  }

  /**
   * The request may be sent again or given up only after two steps. First wait until no attempt of it is on its way any more. Then read
   * the stream to its end, and call {@link caughtUp} immediately before the next attempt. A producer that is new to the server has no
   * other protection.
   */
  get isInDoubt(): boolean {
    return this.#doubt !== null
  }

  /** Whether {@link freeze} would make a request. */
  get hasUnsent(): boolean {
    if (this.#head.request !== null) return false
    for (const { phase } of this.#entries.values()) if (phase === 'stored') return true
    return false
  }

  /** Takes a write. A tab hands on the same write again when its engine was lost before the acknowledgement: it is stored once. */
  add(write: Write): OutboxChange {
    if (this.has(write.id)) return this.#change([])
    const { nextNumber } = this.#head
    this.#head = { ...this.#head, nextNumber: nextNumber + 1 }
    return this.#change([this.#keep({ number: nextNumber, write, phase: 'stored', attempts: 0, error: null, offset: null })])
  }

  /**
   * Makes a request of the first writes that are not in the stream. A write for which there is no event is parked. Later writes are
   * left for the next call: their patches may have been laid over the parked write's rows.
   * @param encode gives the events of the next write as JSON, with commas between them; its patches are laid over the rows of this
   *   moment. An error when there is no event for it. Null when it has to wait: then all later writes wait too
   * @param since the offset up to which the stream was read
   * @param moment what was read up to `since`
   */
  freeze(encode: (write: Write, number: number) => string | ErrorData | null, since: string, moment?: Moment): OutboxChange {
    if (!this.hasUnsent) return this.#change([])
    const first: OutboxEntry[] = []
    const events: string[] = []
    const refused: OutboxEntry[] = []
    let text = 0
    for (const entry of this.#entries.values()) {
      if (entry.phase !== 'stored') continue
      const event = encode(entry.write, entry.number)
      if (event === null) break
      if (typeof event !== 'string') {
        refused.push(this.#turn(entry, 'refuse', { error: event }))
        break
      }
      if (first.length > 0 && text + event.length > MOST_TEXT) break
      first.push(entry)
      events.push(event)
      text += event.length
      if (first.length === this.#most) break
    }
    if (first.length === 0) return this.#change(refused)
    const { producer } = this.#head
    const request = { epoch: producer.epoch, seq: producer.seq, numbers: first.map(({ number }) => number), body: events.join(','), since, ...(moment && { moment }) }
    this.#head = { ...this.#head, request }
    this.#earlierAttempts = 0
    return this.#change([...first.map((entry) => this.#turn(entry, 'freeze', {})), ...refused])
  }

  /** An attempt to send the request begins. */
  attempt(): void {
    for (const entry of this.requested) this.#keep({ ...entry, attempts: entry.attempts + 1 })
  }

  /**
   * The attempt has failed, and says nothing about the request.
   * @param isNoticed the server notices when it gets the request again
   */
  failed(error: ErrorData, isNoticed: boolean): void {
    this.#earlierAttempts += 1
    const { request } = this.#head
    if (request !== null && (request.seq === 0 || !isNoticed)) this.#doubt ??= { kind: 'unanswered' }
    for (const entry of this.requested) this.#keep({ ...entry, error })
  }

  answered(verdict: Verdict): OutboxChange {
    const { request } = this.#head
    if (request === null) return this.#change([])
    switch (verdict.kind) {
      case 'accepted': {
        // What has been seen already has the offset at which it was seen.
        const accepted = this.requested.map((entry) => (entry.phase === 'sent' ? this.#turn(entry, 'accept', { offset: verdict.offset, error: null }) : entry))
        this.#arrived(request)
        return this.#change(accepted)
      }
      // A copy of this outbox's storage has written, with an epoch that this outbox does not know.
      case 'fenced':
        this.#doubt = verdict
        return this.#change([])
      case 'refused':
      case 'forgotten':
        if (this.#earlierAttempts === 0) return this.#giveUp(request, verdict)
        this.#doubt = verdict
        return this.#change([])
    }
  }

  /**
   * These transaction ids have come with the stream, up to `offset`. A server may cut the events of one write into several answers.
   * So a write of several events is seen when another txid follows its own in an answer, or at the end of the stream.
   * @param txids each once, in the order in which they came first
   * @param isEnd the stream was read to its end
   */
  seen(txids: ReadonlyArray<string>, offset: string, isEnd: boolean): OutboxChange {
    const numbers = new Set(isEnd ? this.#halfSeen : [])
    for (const [index, txid] of txids.entries()) {
      const entry = this.#entries.get(this.#numbers.get(txid) ?? -1)
      if (!entry) continue
      if (isEnd || index < txids.length - 1 || this.#hasOneEvent(entry)) numbers.add(entry.number)
      else this.#halfSeen.add(entry.number)
    }
    for (const number of numbers) this.#halfSeen.delete(number)
    const seen = [...numbers].flatMap((number) => this.#entries.get(number) ?? []).filter(({ phase, offset: at }) => phase !== 'confirmed' || at === null)
    const confirmed = seen.map((entry) => this.#turn(entry, 'see', { offset, error: null }))
    const { request } = this.#head
    if (request !== null && confirmed.length > 0 && this.requested.every(({ phase }) => phase === 'confirmed')) this.#arrived(request)
    return this.#change(confirmed)
  }

  /** False with an API of the application, which may make any number of events of a write. */
  #hasOneEvent({ write }: OutboxEntry): boolean {
    return this.#target === 'stream' && write.mutations.length === 1
  }

  /** The stream was read to its end, at `offset`, from the request's `since` or from its start, as {@link isInDoubt} asks. */
  caughtUp(offset: string): OutboxChange {
    const { request } = this.#head
    // What was accepted before is in what was read, also where no txid was found.
    const located = this.#target === 'backend' ? [] : [...this.#entries.values()].filter((entry) => entry.phase === 'confirmed' && entry.offset === null).map((entry) => this.#keep({ ...entry, offset }))
    const doubt = this.#doubt
    // A request is in the stream whole or not at all. When only some of its writes are there, they came by another way.
    const isInPart = request !== null && this.requested.filter(({ phase }) => phase === 'sent').length < request.numbers.length
    const reason = doubt?.kind !== 'unanswered' ? doubt : isInPart ? FORGOTTEN : null
    this.#doubt = reason
    if (reason === null || request === null) return this.#change(located)
    const { put, ...rest } = this.#giveUp(request, reason)
    return { put: [...located, ...put], ...rest }
  }

  /**
   * The stream was read to its end, at `offset`. What an earlier engine has confirmed is in the rows by now, also where the server
   * did not say its offset.
   */
  atEnd(offset: string): OutboxChange {
    const former = this.#target === 'backend' ? [] : this.#confirmedBefore.filter((entry) => entry.offset === null)
    return this.#change(former.map((entry) => this.#keep({ ...entry, offset })))
  }

  /**
   * The stream ends at `offset`, and that was so for a while. What an earlier engine has confirmed beyond it was in a former stream, and
   * is gone with it.
   */
  endsAt(offset: string): OutboxChange {
    const gone = new Set(this.#confirmedBefore.filter((entry) => entry.offset !== null && entry.offset > offset).map(({ number }) => number))
    this.#former.clear()
    return this.#settle(({ number }) => gone.has(number))
  }

  /** Whether {@link endsAt} has something to decide. */
  get hasFormer(): boolean {
    return this.#former.size > 0
  }

  /** What an earlier engine has confirmed, and the cache does not hold yet. */
  get #confirmedBefore(): OutboxEntry[] {
    return [...this.#former].flatMap((number) => this.#entries.get(number) ?? [])
  }

  /** The cache holds the rows up to `offset`. */
  settled(offset: string): OutboxChange {
    return this.#settle((entry) => entry.offset !== null && entry.offset <= offset)
  }

  /** The stream was made again: the events of confirmed writes are gone with the former stream. */
  replaced(): OutboxChange {
    this.#halfSeen.clear()
    const { request } = this.#head
    if (request !== null) this.#head = { ...this.#head, request: { ...request, since: START_OFFSET } }
    return this.#settle(() => true)
  }

  /** @returns null when there is no such write that is parked */
  retry(id: string): OutboxChange | null {
    return this.#decide(id, 'retry', ['parked'])
  }

  /**
   * The write's id is remembered: a tab that has no acknowledgement hands the write on again, and it must not come back.
   * @returns null when there is no such write, or when it was sent: it may have arrived
   */
  discard(id: string): OutboxChange | null {
    return this.#decide(id, 'discard', ['parked', 'stored'])
  }

  /**
   * Takes back a write that could not be stored, as if it had never been added.
   * @returns null when there is no such write, or when it is in a request
   */
  withdraw(id: string): OutboxChange | null {
    const entry = this.#entries.get(this.#numbers.get(id) ?? -1)
    return entry?.phase === 'stored' ? this.#change([], [this.#forget(entry)]) : null
  }

  /** A request is known not to be in the stream, except for the writes that were seen there. */
  #giveUp(request: FrozenRequest, verdict: Exclude<Verdict, { readonly kind: 'accepted' }>): OutboxChange {
    const left = this.requested.filter(({ phase }) => phase === 'sent')
    const { producer } = this.#head
    const epoch = Math.max(producer.epoch, verdict.kind === 'fenced' ? verdict.epoch : 0) + 1 + Math.floor(this.#random() * EPOCH_STEP)
    this.#head = { ...this.#head, request: null, producer: { ...producer, epoch, seq: 0 } }
    this.#doubt = null
    if (verdict.kind !== 'refused') return this.#change(left.map((entry) => this.#turn(entry, 'thaw', {})))
    if (request.numbers.length === 1 || verdict.isOfAll) {
      this.#most = mostWrites(this.#target)
      return this.#change(left.map((entry) => this.#turn(entry, 'refuse', { error: verdict.error })))
    }
    this.#most = Math.ceil(request.numbers.length / 2)
    return this.#change(left.map((entry) => this.#turn(entry, 'thaw', { error: verdict.error })))
  }

  /** The request is in the stream. */
  #arrived(request: FrozenRequest): void {
    this.#head = { ...this.#head, request: null, producer: { ...this.#head.producer, seq: request.seq + 1 } }
    this.#doubt = null
    this.#most = Math.min(mostWrites(this.#target), this.#most * 2)
  }

  #settle(isOver: (entry: OutboxEntry) => boolean): OutboxChange {
    const over = [...this.#entries.values()].filter((entry) => entry.phase === 'confirmed' && isOver(entry))
    this.#remember(over.map(({ write }) => doneWith(write)))
    return { ...this.#change([], over.map((entry) => this.#forget(entry))), recent: over.length > 0 ? this.recent : null }
  }

  #remember(writes: ReadonlyArray<RecentWrite>): void {
    for (const { id, digest } of writes) this.#recent.set(id, digest)
    for (const id of this.#recent.keys()) {
      if (this.#recent.size <= RECENT_WRITES) break
      this.#recent.delete(id)
    }
  }

  #decide(id: string, event: 'retry' | 'discard', from: ReadonlyArray<WritePhase>): OutboxChange | null {
    const entry = this.#entries.get(this.#numbers.get(id) ?? -1)
    if (!entry || !from.includes(entry.phase)) return null
    if (event === 'discard') {
      this.#remember([doneWith(entry.write)])
      return { ...this.#change([], [this.#forget(entry)]), recent: this.recent }
    }
    return this.#change([this.#turn(entry, event, { error: null })])
  }

  /** @returns the entry as it is kept now */
  #turn(entry: OutboxEntry, event: WriteEvent, change: Partial<Pick<OutboxEntry, 'offset' | 'error'>>): OutboxEntry {
    const phase = WRITE_TRANSITIONS[entry.phase][event]
    if (phase === 'gone') throw new Error(`an entry that is gone cannot be kept: ${entry.phase}, ${event}`)
    return this.#keep({ ...entry, ...change, phase })
  }

  #keep(entry: OutboxEntry): OutboxEntry {
    this.#entries.set(entry.number, entry)
    this.#numbers.set(entry.write.id, entry.number)
    return entry
  }

  /** @returns the entry's number */
  #forget({ number, write }: OutboxEntry): number {
    this.#entries.delete(number)
    this.#numbers.delete(write.id)
    return number
  }

  #change(put: ReadonlyArray<OutboxEntry>, remove: ReadonlyArray<number> = []): OutboxChange {
    return { put, remove, head: this.#head, recent: null }
  }
}

/** An entry as the application sees it; null when it is confirmed. */
export const pendingOf = ({ write, phase, attempts, error }: OutboxEntry): PendingWrite | null => (phase === 'confirmed' ? null : { ...write, state: phase, attempts, error })

const doneWith = (write: Write): RecentWrite => ({ id: write.id, digest: writeDigest(write) })
