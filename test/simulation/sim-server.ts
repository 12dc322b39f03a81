import { SourceError, type ReadEnd, type ReadRequest, type StreamSource } from '../../src/worker/stream/source.ts'
import { START_OFFSET } from '../../src/shared/protocol.ts'
import type { Process, World } from './world.ts'

/** One life of a stream. Offsets of two lives collide, as they do in reality. */
export class Incarnation {
  readonly messages: unknown[][] = []

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

const offsetOf = (messages: number): string => String(messages).padStart(8, '0')
const countOf = (offset: string): number => (offset === START_OFFSET ? 0 : Number(offset))

export class SimServer {
  readonly #world: World
  readonly incarnations: Incarnation[] = [new Incarnation()]
  stream: Incarnation | null = this.incarnations[0]!
  online = true
  authorized = true
  /** Refuses offsets beyond its end, instead of answering with its end. */
  readonly strict: boolean
  /** Probability that an answer breaks off. */
  flakiness = 0
  #waiting: (() => void)[] = []

  constructor(world: World) {
    this.#world = world
    this.strict = world.random.chance(0.3)
  }

  append(items: unknown[]): void {
    this.stream?.messages.push(items)
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
    }
  }

  #read(process: Process, request: ReadRequest): Promise<ReadEnd> {
    return new Promise((resolve, reject) => {
      request.signal.addEventListener('abort', () => {
        resolve('aborted')
      }, { once: true })
      this.#poll(process, request).then(resolve, reject)
    })
  }

  async #poll(process: Process, { offset, signal, onBatch, onReachable }: ReadRequest): Promise<ReadEnd> {
    const { random } = this.#world
    let position = offset
    let caughtUp = false
    let hasAnswered = false
    let seen: Incarnation | null = null
    for (;;) {
      await this.#world.io(process)
      if (signal.aborted) return 'aborted'
      if (!this.online) {
        if (hasAnswered) throw new SourceError('unreachable', 'offline')
        onReachable(false, new SourceError('unreachable', 'offline'))
        seen = null
        await this.#world.io(process, 500)
        continue
      }
      if (!this.authorized) throw new SourceError('unauthorized', 'no', 401)
      const { stream } = this
      // A request under way when a stream goes is told so. Only what happens while the server is away can go unseen.
      if (!stream || (seen !== null && seen !== stream)) throw new SourceError('missing', 'no stream', random.chance(0.5) ? 404 : 410)
      seen = stream
      hasAnswered = true
      onReachable(true, null)
      if (signal.aborted) return 'aborted'
      const from = countOf(position)
      if (from > stream.messages.length && this.strict) throw new SourceError('bad-offset', 'beyond the end', 400)
      if (from === stream.messages.length && caughtUp) {
        await new Promise<void>((resolve) => {
          this.#waiting.push(() => this.#world.after(process, 0, resolve))
          this.#world.after(process, 2000, resolve)
        })
        if (signal.aborted) return 'aborted'
      }
      if (random.chance(this.flakiness)) throw new SourceError('unreachable', 'the response broke off')
      if (!this.online || this.stream !== stream) continue
      const to = from > stream.messages.length ? stream.messages.length : Math.min(stream.messages.length, from + 1 + random.below(6))
      const items = structuredClone(stream.messages.slice(from, to).flat())
      position = offsetOf(to)
      caughtUp = to === stream.messages.length
      await onBatch({ items, offset: position, upToDate: caughtUp, streamClosed: false })
      if (signal.aborted) return 'aborted'
    }
  }
}
