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
  /** The subsets over the shown rows. */
  readonly subsets: Subsets
}

/** The effects of a batch. */
export interface Taken {
  /** Null when the batch belongs to the next reading: tabs do not see it yet. */
  readonly diff: RowDiff | null
  readonly txids: ReadonlyArray<string>
  readonly invalid: ReadonlyArray<InvalidEvent>
}

/**
 * The reading that tabs see (shown), and the reading that will replace it (next). When the stream is not the one that was read
 * before (deleted, made again, offset unknown), it is read from its start, while tabs keep their rows. The shown reading changes
 * only here.
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

  /** The reading that the next batch continues. */
  get current(): Reading {
    return this.#next ?? this.#shown
  }

  /** There is a next reading, which will replace the shown one. */
  get isReplacing(): boolean {
    return this.#next !== null
  }

  /** Nothing has been read: the shown reading is empty, and there is no next reading. */
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

  /** The stream still has the anchor's events: they become the tail, with the offsets at which they were read now. */
  confirm({ offset }: Anchor, items: ReadonlyArray<unknown>): void {
    const tail = Tail.EMPTY.with({ from: offset, to: this.current.offset, items })
    if (this.#next) this.#next = { ...this.#next, tail }
    else this.#shown = { ...this.#shown, tail }
  }

  /** The shown rows are not the stream's: the next reading begins at the stream's start. */
  startAnew(): void {
    this.#next = this.#empty()
  }

  /** Drops the next reading. */
  dropNext(): void {
    this.#next = null
  }

  /** Whether the next reading may be an earlier state of the shown stream. */
  get mayBeOlder(): boolean {
    const [read, shown] = [this.current, this.#shown]
    return mayBeOlder({ ...read.state.marks, offset: read.offset }, { ...shown.state.marks, offset: shown.offset })
  }

  /** Shows the next reading. @returns the changes; null when there is no next reading */
  showNext(): RowDiff | null {
    return this.#next ? this.#replace(this.#next) : null
  }

  /** Shows no rows. @returns the changes */
  showNone(): RowDiff {
    return this.#replace(this.#empty())
  }

  /** Replaces the shown reading without a diff: the caller tells the tabs. */
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
