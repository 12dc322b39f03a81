import type { StreamBatch } from '../../shared/batch.ts'
import { START_OFFSET } from '../../shared/position.ts'
import { AnchorCheck, type Anchor } from '../core/anchor.ts'
import { Doubt } from '../core/doubt.ts'
import { type Clock, SourceError } from '../ports.ts'

/** The place in the stream where reading continues. */
export interface ReadingPlace {
  readonly offset: string
  /** What precedes the offset. */
  readonly anchor: Anchor | null
  /** There are rows that would be dropped if the stream turned out to be gone, or another one. */
  readonly hasRows: boolean
  /** The next reading is being read, which will replace the shown one. */
  readonly isReplacing: boolean
  /** ms until a stream that looks like an older copy is believed; null when it does not look like one. */
  readonly olderLeftMs: number | null
}

export interface ContinuityOptions {
  readonly clock: Clock
  readonly place: () => ReadingPlace
  /** The stream still has the anchor's events. */
  readonly onSame: (anchor: Anchor, items: ReadonlyArray<unknown>) => void
}

/** The result of a batch. */
interface Taken {
  /** The batch without the events that were read before; null while it is not decided whether the stream is the same. */
  readonly news: StreamBatch | null
  /** An undecided answer has come further than the answer before it. */
  readonly isProgress: boolean
}

/** A stream that ends before the held offset is believed after this many answers in a row, and after this time, ms. */
const LEAST_BEHIND = 3
const BEHIND_LIMIT_MS = 60_000

/** Decides whether what a server sends continues what was read, and when an answer that contradicts it is believed. */
export class Continuity {
  readonly #options: ContinuityOptions
  /** Whether the stream is gone, or another one. */
  readonly #doubt = new Doubt()
  #check: AnchorCheck | null = null
  /** Offset up to which the stream has been compared with the anchor. */
  #checkedTo = START_OFFSET
  /** Number of answers in a row that end before the held offset, and when the first came; null after any other answer. */
  #behind: { readonly since: number; readonly answers: number } | null = null

  constructor(options: ContinuityOptions) {
    this.#options = options
  }

  /** A new read begins. @returns the offset to read from: the anchor's, if any, so that the stream is compared with the anchor */
  begin(): string {
    const { offset, anchor } = this.#options.place()
    this.#check = anchor === null ? null : new AnchorCheck(anchor)
    this.#checkedTo = anchor?.offset ?? offset
    return this.#checkedTo
  }

  /** @throws SourceError `bad-offset` when the stream is another one, `older` when the answer shows an earlier state */
  take(batch: StreamBatch): Taken {
    const { offset } = this.#options.place()
    const other = new SourceError('bad-offset', 'the stream is not the one that was read before')
    if (!this.#check) {
      // Offsets sort as strings (Durable Streams protocol). When the asked offset is beyond the stream's end, a server answers
      // with that end.
      if (offset !== START_OFFSET && batch.items.length === 0 && batch.offset < offset) throw other
      return { news: this.#newer(batch, offset), isProgress: false }
    }
    const verdict = this.#check.take(batch)
    switch (verdict.kind) {
      case 'other':
        throw other
      case 'more': {
        const isProgress = batch.items.length > 0 && batch.offset > this.#checkedTo
        this.#checkedTo = batch.offset
        return { news: null, isProgress }
      }
      case 'same': {
        const news = this.#newer({ ...batch, items: verdict.rest }, offset)
        this.#options.onSame(this.#check.anchor, this.#check.seen)
        this.#check = null
        return { news, isProgress: false }
      }
    }
  }

  /** An answer has continued what is shown. */
  settle(): void {
    this.#doubt.settle(this.#options.clock.now())
    this.#behind = null
  }

  /** An answer says that there is no stream. @returns whether the answer is believed */
  isMissing(): boolean {
    return !this.#options.place().hasRows || this.#doubt.add(this.#options.clock.now())
  }

  /** An answer says that the stream is another one. @returns whether the answer is believed */
  isOther(): boolean {
    const { olderLeftMs } = this.#options.place()
    return olderLeftMs === null ? this.#doubt.add(this.#options.clock.now()) : olderLeftMs === 0
  }

  /**
   * An answer was `older`. A server that keeps saying that the stream ends before the held offset is believed: the stream was
   * made again from the same events, or the held offset was never the stream's.
   */
  isBehindForGood(): boolean {
    const behind = this.#behind
    const { olderLeftMs } = this.#options.place()
    if (olderLeftMs !== null) return olderLeftMs === 0
    if (!behind || behind.answers < LEAST_BEHIND || this.#options.clock.now() - behind.since < BEHIND_LIMIT_MS) return false
    this.#behind = null
    return true
  }

  /** @throws SourceError `older` for events whose offset is not beyond the held one: from an HTTP cache, or a server that lags */
  #newer(batch: StreamBatch, offset: string): StreamBatch {
    const isNewer = offset === START_OFFSET || (batch.items.length === 0 ? batch.offset >= offset : batch.offset > offset)
    if (isNewer) return batch
    const { since = this.#options.clock.now(), answers = 0 } = this.#behind ?? {}
    this.#behind = { since, answers: answers + 1 }
    throw new SourceError('older', `the answer ends at offset ${batch.offset}, and what is shown at ${offset}: it is an old copy of the stream`)
  }
}
