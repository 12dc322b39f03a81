import type { InvalidEvent, StreamBatch } from '../../shared/batch.ts'
import type { RowDiff } from '../../shared/row-diff.ts'
import { START_OFFSET } from '../../shared/position.ts'
import type { CollectionShape } from '../../shared/settings.ts'
import { Tail, type Anchor } from '../core/anchor.ts'
import { diffStates, type MaterializeOptions } from '../core/materialize.ts'
import { emptyReading, readOn, type Reading } from '../core/reading.ts'
import { mayBeOlder } from '../core/past-digests.ts'
import type { Subsets } from '../core/subsets/subsets.ts'

export interface ReadingsOptions {
  readonly collections: ReadonlyArray<CollectionShape>
  readonly rules: MaterializeOptions
  readonly newId: () => string
  /** Over what is shown. */
  readonly subsets: Subsets
}

/** What a batch did. */
export interface Taken {
  /** Null when the batch was read in place of what is shown: tabs see nothing of it yet. */
  readonly diff: RowDiff | null
  readonly txids: ReadonlyArray<string>
  readonly invalid: ReadonlyArray<InvalidEvent>
}

/**
 * The reading that tabs see, and the one that is to come in its place: a stream that is not the one that was read before
 * (deleted, made again, offset unknown) is read from its start while tabs keep what they have. What is shown changes here
 * and nowhere else.
 */
export class Readings {
  readonly #options: ReadingsOptions
  #shown: Reading
  #next: Reading | null = null

  constructor(options: ReadingsOptions) {
    this.#options = options
    this.#shown = this.#empty()
  }

  get shown(): Reading {
    return this.#shown
  }

  /** What the next batch continues. */
  get current(): Reading {
    return this.#next ?? this.#shown
  }

  /** The stream is read in place of what is shown. */
  get isReplacing(): boolean {
    return this.#next !== null
  }

  /** There is nothing to lose, neither shown nor to come. */
  get isAtStart(): boolean {
    return this.#next === null && this.#shown.offset === START_OFFSET
  }

  take(batch: StreamBatch): Taken {
    const { rules, subsets } = this.#options
    const next = this.#next
    if (next) {
      const { reading, txids, invalid } = readOn(next, batch, rules)
      this.#next = reading
      return { diff: null, txids, invalid }
    }
    const { reading, diff, txids, invalid } = readOn(this.#shown, batch, rules, (collection, key, before) => {
      subsets.note(collection, key, before)
    })
    this.#shown = reading
    return { diff, txids, invalid }
  }

  /** The anchor's events are in the stream still: they are the tail from now on, with the offsets of this way of reading. */
  confirm({ offset }: Anchor, items: ReadonlyArray<unknown>): void {
    const tail = Tail.EMPTY.with({ from: offset, to: this.current.offset, items })
    if (this.#next) this.#next = { ...this.#next, tail }
    else this.#shown = { ...this.#shown, tail }
  }

  /** What is shown is not the stream's: it is read from its start. */
  startAnew(): void {
    this.#next = this.#empty()
  }

  /** What was read in place of what is shown is not to be shown. */
  dropNext(): void {
    this.#next = null
  }

  /** Whether the reading to come may be an earlier state of the stream that is shown. */
  get mayBeOlder(): boolean {
    const [read, shown] = [this.current, this.#shown]
    return mayBeOlder({ ...read.state.marks, offset: read.offset }, { ...shown.state.marks, offset: shown.offset })
  }

  /** Shows the reading that was to come. @returns what that changes; null when there is none */
  showNext(): RowDiff | null {
    return this.#next ? this.#replace(this.#next) : null
  }

  /** Shows no rows. @returns what that changes */
  showNone(): RowDiff {
    return this.#replace(this.#empty())
  }

  /** Shows a reading from the cache, of which the tabs have been told nothing. */
  show(reading: Reading): void {
    this.#shown = reading
    this.#next = null
    this.#options.subsets.refill(reading.state)
  }

  #replace(reading: Reading): RowDiff {
    const diff = diffStates(this.#shown.state, reading.state)
    this.show(reading)
    return diff
  }

  #empty(): Reading {
    return emptyReading(this.#options.collections, this.#options.newId())
  }
}
