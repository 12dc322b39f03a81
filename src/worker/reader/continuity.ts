import type { StreamBatch } from '../../shared/batch.ts'
import { START_OFFSET } from '../../shared/position.ts'
import { AnchorCheck, type Anchor } from '../core/anchor.ts'
import { Doubt } from '../core/doubt.ts'
import { type Clock, SourceError } from '../ports.ts'

/** Where reading goes on. */
export interface ReadingPlace {
  readonly offset: string
  /** What precedes the offset. */
  readonly anchor: Anchor | null
  /** There are rows that would be dropped if the stream turned out to be gone, or another one. */
  readonly hasRows: boolean
  /** The stream is read in place of what is shown. */
  readonly isReplacing: boolean
  /** The stream has looked like an older copy of what is shown, and is believed in so many ms; null when it has not. */
  readonly olderLeftMs: number | null
}

export interface ContinuityOptions {
  readonly clock: Clock
  readonly place: () => ReadingPlace
  /** The stream has the anchor's events still. */
  readonly onSame: (anchor: Anchor, items: ReadonlyArray<unknown>) => void
}

/** What an answer is worth. */
interface Taken {
  /** The batch without what was read before; null while it is not decided whether the stream is the same one. */
  readonly news: StreamBatch | null
  /** An undecided answer has come further than the one before it. */
  readonly isProgress: boolean
}

/** A stream that ends before what is shown is believed after so many answers in a row, over so long, ms. */
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
  /** Answers in a row that end before what is shown, and when the first of them came; null when the last one did not. */
  #behind: { readonly since: number; readonly answers: number } | null = null

  constructor(options: ContinuityOptions) {
    this.#options = options
  }

  /** A new read begins. @returns the offset to read from: that of the anchor, if there is one, so that the stream is compared with it */
  begin(): string {
    const { offset, anchor } = this.#options.place()
    this.#check = anchor === null ? null : new AnchorCheck(anchor)
    this.#checkedTo = anchor?.offset ?? offset
    return this.#checkedTo
  }

  /** @throws SourceError `bad-offset` when the stream is another one, `older` when the answer is */
  take(batch: StreamBatch): Taken {
    const { offset } = this.#options.place()
    const other = new SourceError('bad-offset', 'the stream is not the one that was read before')
    if (!this.#check) {
      // Offsets sort as strings (Durable Streams protocol). A server that is asked for what follows an offset beyond its
      // end answers with its end.
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

  /** An answer says that there is no stream. @returns whether that is to be believed */
  isMissing(): boolean {
    return !this.#options.place().hasRows || this.#doubt.add(this.#options.clock.now())
  }

  /** An answer says that the stream is another one. @returns whether that is to be believed */
  isOther(): boolean {
    const { olderLeftMs } = this.#options.place()
    return olderLeftMs === null ? this.#doubt.add(this.#options.clock.now()) : olderLeftMs === 0
  }

  /**
   * An answer was `older`. A server that goes on saying that the stream ends before what is shown is believed: the stream was made
   * again from the same events, or the offset that is held was never the stream's.
   */
  isBehindForGood(): boolean {
    const behind = this.#behind
    const { olderLeftMs } = this.#options.place()
    if (olderLeftMs !== null) return olderLeftMs === 0
    if (!behind || behind.answers < LEAST_BEHIND || this.#options.clock.now() - behind.since < BEHIND_LIMIT_MS) return false
    this.#behind = null
    return true
  }

  /** @throws SourceError `older` for events that come with an offset which is not beyond the one held: a copy on the way, or a server that is behind */
  #newer(batch: StreamBatch, offset: string): StreamBatch {
    const isNewer = offset === START_OFFSET || (batch.items.length === 0 ? batch.offset >= offset : batch.offset > offset)
    if (isNewer) return batch
    const { since = this.#options.clock.now(), answers = 0 } = this.#behind ?? {}
    this.#behind = { since, answers: answers + 1 }
    throw new SourceError('older', `the answer ends at offset ${batch.offset}, and what is shown at ${offset}: it is an old copy of the stream`)
  }
}
