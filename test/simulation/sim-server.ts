import { SourceError, type OutboxRequest, type ReadEnd, type ReadRequest, type Sent, type StreamSource } from '../../src/worker/ports.ts'
import { abortable } from '../../src/shared/abortable.ts'
import type { ErrorData } from '../../src/shared/errors.ts'
import { START_OFFSET } from '../../src/shared/position.ts'
import { producerAnswer, producerSent, type ProducerState } from '../../src/testing/producers.ts'
import type { Process, World } from './world.ts'

/** One life of a stream. Offsets of two lives collide, as they do in reality. */
export class Incarnation {
  readonly messages: unknown[][] = []
  /** How many messages there were each time when the server said that there is no stream. An engine with rows believes the third such answer in a row. */
  readonly denials: number[] = []
  /** Id of each message's producer; null of other writers. */
  readonly senders: Array<string | null> = []
  /** Producer id → its last request that is in the stream. */
  readonly producers = new Map<string, ProducerState>()

  get tail(): string {
    return offsetOf(this.messages.length)
  }

  /** All items up to an offset, or null when this life never had it. */
  prefix(offset: string): unknown[] | null {
    const count = countOf(offset)
    return count > this.messages.length ? null : this.messages.slice(0, count).flat()
  }

  /** The transaction ids up to an offset. */
  txids(offset: string): unknown[] {
    return (this.prefix(offset) ?? []).map(txidOf)
  }
}

const txidOf = (item: unknown): unknown => (item as { headers?: { txid?: unknown } } | null)?.headers?.txid

export const offsetOf = (messages: number): string => String(messages).padStart(8, '0')
/** How many messages are before an offset. */
export const countOf = (offset: string): number => (offset === START_OFFSET ? 0 : Number(offset))

/** How a server, or what stands before it, misbehaves. */
export interface Misbehaviour {
  /** Probability that an answer breaks off. */
  flakiness: number
  /** Probability that a request is swallowed: no answer, no end. */
  silence: number
  /** Probability that a cache on the way answers, with an old copy; one that asks for a fresh answer passes it by. */
  copies: number
  /** Probability that a backend without the stream answers. */
  blinks: number
  /** Probability that a live request is answered at once with nothing. */
  haste: number
}

export const WELL: Misbehaviour = { flakiness: 0, silence: 0, copies: 0, blinks: 0, haste: 0 }

/** A backend that is behind for a while, ms. */
const LAG_MS = 4000
/** How long a live request is held, ms. */
const HOLD_MS = 2000

const undecided = (error: ErrorData): Sent => ({ kind: 'undecided', error, retryAfterMs: 0 })
const LOST = undecided({ code: 'OFFLINE', message: 'no answer', retryable: true })
const MISSING = undecided({ code: 'STREAM_NOT_FOUND', message: 'no stream', retryable: false, status: 404 })

export class SimServer {
  readonly #world: World
  readonly incarnations: Incarnation[] = [new Incarnation()]
  stream: Incarnation | null = this.incarnations[0]!
  online = true
  authorized = true
  /** Refuses offsets beyond its end, instead of answering with its end. */
  readonly strict: boolean
  faults: Misbehaviour = WELL
  /** Whether the server refuses the event, and with it the request that has it. */
  rejects: (event: unknown) => boolean = () => false
  /** A backend that has only the first messages of a life, until a moment. */
  #behind: { readonly life: Incarnation; readonly messages: number; readonly until: number } | null = null
  #waiting: (() => void)[] = []
  /** Requests of outboxes that have not arrived, each with its sender. */
  readonly #underway = new Map<OutboxRequest, Process>()
  /** Requests of each worker that brought nothing new and were not held, as live ones are, by their time. */
  readonly fruitless = new Map<Process, number[]>()
  requests = 0
  /** Answers that went backwards. */
  oldAnswers = 0

  constructor(world: World) {
    this.#world = world
    this.strict = world.random.chance(0.3)
  }

  append(items: unknown[], sender: string | null = null): void {
    this.stream?.messages.push(items)
    this.stream?.senders.push(sender)
    this.changed()
  }

  remove(): void {
    this.stream = null
    this.changed()
  }

  create(): void {
    this.stream = new Incarnation()
    this.incarnations.push(this.stream)
    this.changed()
  }

  /**
   * As a server does after a while without requests. What is on its way arrives before, also when its sender has given it up: no
   * outbox can help against a request that comes after all is forgotten.
   */
  forgetProducers(): void {
    for (const [request, { alive }] of this.#underway) if (alive && this.online) this.#receive(request)
    this.#underway.clear()
    this.stream?.producers.clear()
  }

  /** Copies of all outboxes have written, with the next epoch and the same producer ids. */
  fence(): void {
    const { producers } = this.stream ?? {}
    for (const [id, { epoch }] of producers ?? []) producers!.set(id, { epoch: epoch + 1, seq: 0 })
  }

  /** One of two backends stays behind for a while. */
  lag(): void {
    const { stream } = this
    if (stream) this.#behind = { life: stream, messages: this.#world.random.below(stream.messages.length + 1), until: this.#world.now + LAG_MS }
  }

  heal(): void {
    this.faults = WELL
    this.#behind = null
  }

  /** Wakes long-polls. */
  changed(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }

  source(process: Process): StreamSource {
    return {
      read: (request) => this.#read(process, request),
      append: async () => {
        await this.#world.io(process)
      },
      send: (request, signal) => abortable(this.#send(process, request), signal).catch(() => LOST),
      noticesRepetition: true,
      end: () => this.#end(process),
    }
  }

  /** A request and its answer travel for a while. What is lost on the way was carried out or not, and the sender cannot tell. */
  async #send(process: Process, request: OutboxRequest): Promise<Sent> {
    const { random } = this.#world
    this.#underway.set(request, process)
    await this.#world.io(process)
    const isSwallowed = random.chance(this.faults.silence)
    const isLost = isSwallowed || random.chance(this.faults.flakiness)
    const arrives = this.#underway.delete(request) && this.online && !(isLost && random.chance(0.5))
    const answer = arrives ? this.#receive(request) : LOST
    if (isSwallowed) await new Promise<never>(() => undefined)
    await this.#world.io(process)
    return isLost || !this.online ? LOST : answer
  }

  #receive({ producerId, epoch, seq, body }: OutboxRequest): Sent {
    const { stream } = this
    if (!this.authorized) return { kind: 'unauthorized', error: { code: 'NEEDS_AUTH', message: 'no', retryable: true, status: 401 } }
    if (!stream || this.#world.random.chance(this.faults.blinks)) return MISSING
    const answer = producerAnswer(stream.producers.get(producerId), { epoch, seq })
    if (answer.status !== 200) return producerSent(answer, null)
    const items = JSON.parse(`[${body}]`) as unknown[]
    if (items.some((item) => this.rejects(item))) return producerSent({ status: 400, headers: {}, text: 'an event was refused' }, null)
    stream.producers.set(producerId, { epoch, seq })
    this.append(items, producerId)
    return producerSent(answer, this.strict ? null : stream.tail)
  }

  /** The end of the stream; some servers do not say it. */
  async #end(process: Process): Promise<string | null> {
    const { random } = this.#world
    await this.#world.io(process)
    if (random.chance(this.faults.silence)) await new Promise<never>(() => undefined)
    if (!this.online || !this.authorized || random.chance(this.faults.flakiness)) throw new SourceError('unreachable', 'offline')
    return this.stream && !this.strict ? offsetOf(this.stream.messages.length) : null
  }

  #read(process: Process, request: ReadRequest): Promise<ReadEnd> {
    return new Promise((resolve, reject) => {
      request.signal.addEventListener('abort', () => {
        resolve('aborted')
      }, { once: true })
      this.#session(process, request).then(resolve, reject)
    })
  }

  async #session(process: Process, request: ReadRequest): Promise<ReadEnd> {
    const { signal, live, requests, onBatch, onAnswer } = request
    let place: Place = { offset: request.offset, caughtUp: false, life: null }
    for (;;) {
      await requests.turn()
      if (signal.aborted) return 'aborted'
      const kind = place.caughtUp ? 'live' : 'catch-up'
      requests.sent(kind)
      const sentAt = this.#world.now
      this.#count(process)
      let answer: Answer
      try {
        answer = await this.#answer(process, request, place)
      } catch (error) {
        if (!signal.aborted) requests.over({ kind, ok: error instanceof SourceError && error.failure === 'interrupted', isIdle: false, retryAfterMs: 0 })
        throw error
      }
      try {
        if (place.offset === START_OFFSET && kind === 'catch-up') await this.#arrive(process, request, answer.items)
      } catch (error) {
        if (!signal.aborted) requests.over({ kind, ok: false, isIdle: false, retryAfterMs: 0 })
        throw error
      }
      if (signal.aborted) return 'aborted'
      requests.over({ kind, ok: true, isIdle: kind === 'live' && answer.items.length === 0, retryAfterMs: 0 })
      onAnswer()
      if (signal.aborted) return 'aborted'
      const isHeld = kind === 'live' && this.#world.now - sentAt >= HOLD_MS / 2
      if (isHeld || (answer.items.length > 0 && answer.offset > place.offset)) this.#uncount(process, sentAt)
      place = { offset: answer.offset, caughtUp: answer.upToDate, life: answer.life }
      await onBatch({ items: structuredClone(answer.items), offset: answer.offset, upToDate: answer.upToDate, streamClosed: false })
      if (signal.aborted) return 'aborted'
      if (live === false && answer.upToDate) return 'caught-up'
    }
  }

  /** A long answer comes part by part, and may break off. @throws SourceError */
  async #arrive(process: Process, { signal, onBeginning }: ReadRequest, items: ReadonlyArray<unknown>): Promise<void> {
    const { random } = this.#world
    for (let arrived = random.below(2); arrived < items.length && !signal.aborted; arrived += 1 + random.below(items.length)) {
      onBeginning?.(structuredClone(items.slice(0, arrived)))
      await this.#world.io(process)
      if (random.chance(this.faults.flakiness)) throw new SourceError('unreachable', 'the response broke off')
    }
  }

  #count(process: Process): void {
    this.requests += 1
    const times = this.fruitless.get(process) ?? []
    this.fruitless.set(process, [...times.filter((time) => time > this.#world.now - 60_000), this.#world.now])
  }

  #uncount(process: Process, time: number): void {
    const times = this.fruitless.get(process)
    const at = times?.lastIndexOf(time) ?? -1
    if (at >= 0) times!.splice(at, 1)
  }

  /** @throws SourceError */
  async #answer(process: Process, { isFresh, signal }: ReadRequest, { offset, caughtUp, life }: Place): Promise<Answer> {
    const { random } = this.#world
    await this.#world.io(process)
    if (random.chance(this.faults.silence)) await new Promise<never>(() => undefined)
    if (!this.online) throw new SourceError('unreachable', 'offline')
    if (!this.authorized) throw new SourceError('unauthorized', 'no', { status: 401 })
    const { stream } = this
    // A request under way when a stream goes is told so. Only what happens while the server is away can go unseen.
    if (!stream || (life !== null && life !== stream) || random.chance(this.faults.blinks)) {
      const last = this.incarnations.at(-1)!
      last.denials.push(last.messages.length)
      throw new SourceError('missing', 'no stream', { status: random.chance(0.5) ? 404 : 410 })
    }
    const from = countOf(offset)
    const end = stream.messages.length
    if (!isFresh && random.chance(this.faults.copies)) return this.#copy(stream, from)
    const behind = this.#behind
    if (behind && behind.life === stream && this.#world.now < behind.until && random.chance(0.5)) return this.#backend(stream, from, behind.messages)
    if (from === end && caughtUp) {
      if (random.chance(this.faults.haste)) throw new SourceError('interrupted', 'at once')
      await new Promise<void>((resolve) => {
        this.#waiting.push(() => this.#world.after(process, 0, resolve))
        this.#world.after(process, HOLD_MS, resolve)
      })
      if (signal.aborted || !this.online || this.stream !== stream) throw new SourceError('unreachable', 'the response broke off')
    }
    if (random.chance(this.faults.flakiness)) throw new SourceError('unreachable', 'the response broke off')
    return this.#backend(stream, from, stream.messages.length)
  }

  /** What a backend answers that has so many messages. */
  #backend(life: Incarnation, from: number, end: number): Answer {
    if (from > end && this.strict) throw new SourceError('bad-offset', 'beyond the end', { status: 400 })
    const to = from > end ? end : Math.min(end, from + 1 + this.#world.random.below(6))
    if (end < life.messages.length) this.oldAnswers += 1
    return { life, items: life.messages.slice(from, to).flat(), offset: offsetOf(to), upToDate: to === end }
  }

  /** An old answer to the same question, or to another one. */
  #copy(life: Incarnation, from: number): Answer {
    const { random } = this.#world
    const to = random.below(life.messages.length + 1)
    this.oldAnswers += 1
    // Events that come again within an answer that goes further: nothing in the protocol would tell.
    const start = to > from ? from : random.chance(0.5) ? to : random.below(to + 1)
    return { life, items: life.messages.slice(start, to).flat(), offset: offsetOf(to), upToDate: true }
  }
}

interface Place {
  readonly offset: string
  readonly caughtUp: boolean
  readonly life: Incarnation | null
}

interface Answer {
  readonly life: Incarnation
  readonly items: unknown[]
  readonly offset: string
  readonly upToDate: boolean
}
