import type { InvalidEvent, StreamBatch } from '../../shared/batch.ts'
import type { RowData } from '../../shared/row.ts'
import { RowDiff } from '../../shared/row-diff.ts'
import { START_OFFSET } from '../../shared/position.ts'
import type { CollectionShape } from '../../shared/settings.ts'
import { Tail, type Anchor } from '../core/anchor.ts'
import { diffStates, REPORTED_EVENTS, type MaterializeOptions, type VisibleState } from '../core/materialize.ts'
import { type NumberedMutations, Overlay, type RowAddress } from '../core/overlay.ts'
import type { Moment } from '../core/lineage.ts'
import { emptyReading, momentOf, readOn, type Reading } from '../core/reading.ts'
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
  /** The changes of the rows that tabs see; null when the batch belongs to the next reading, which tabs do not see yet. */
  readonly diff: RowDiff | null
  /** The changes of the materialized rows; null as `diff` is. */
  readonly base: RowDiff | null
  readonly txids: ReadonlyArray<string>
  readonly invalid: ReadonlyArray<InvalidEvent>
}

/** The part of an answer that has been taken before its end: number of items, and what is reported with the whole answer. */
interface Begun {
  readonly items: number
  readonly txids: ReadonlyArray<string>
  readonly invalid: ReadonlyArray<InvalidEvent>
}

const NOTHING_BEGUN: Begun = { items: 0, txids: [], invalid: [] }

/**
 * The reading that tabs see (shown), and the reading that will replace it (next). When the stream is not the one that was read
 * before (deleted, made again, offset unknown), it is read from its start, while tabs keep their rows. Pending writes are laid
 * over the shown rows. What tabs see changes only here.
 */
export class Readings {
  readonly #options: ReadingsOptions
  readonly overlay: Overlay
  readonly #visibleRows: Map<string, ReadonlyMap<string, RowData>>
  #shown: Reading
  #next: Reading | null = null
  /** What the shown reading has of an answer that has not come whole. */
  #begun: Begun | null = null

  constructor(options: ReadingsOptions) {
    this.#options = options
    this.#shown = this.#empty()
    const { collections } = options
    this.overlay = new Overlay({
      primaryKeys: new Map(collections.map(({ name, primaryKey }) => [name, primaryKey])),
      base: (collection) => this.#shown.state.rows.get(collection) ?? NO_ROWS,
    })
    this.#visibleRows = new Map(collections.map(({ name }) => [name, this.overlay.rows(name)]))
  }

  /** The shown reading's state, with the pending writes. */
  get visible(): VisibleState {
    return { ...this.#shown.state, rows: this.#visibleRows }
  }

  /** Adds a query's result to what tabs see, or (null) takes it away. Its rows are those of the map, now and later. */
  setResult(name: string, rows: ReadonlyMap<string, RowData> | null): void {
    if (rows) this.#visibleRows.set(name, rows)
    else this.#visibleRows.delete(name)
  }

  get shown(): Reading {
    return this.#shown
  }

  /** How far the shown reading reaches. */
  get moment(): Moment {
    return momentOf(this.#shown)
  }

  /** Whether the shown reading goes on from there. */
  holds(moment: Moment): boolean {
    return this.#shown.state.lineage.holds(moment)
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
    return this.#next === null && this.#begun === null && this.#shown.offset === START_OFFSET
  }

  /** The shown rows are of an answer that has not come whole: their offset is not known. */
  get isBegun(): boolean {
    return this.#begun !== null
  }

  /**
   * Takes the first items of an answer to a read of all events, before the answer has come whole.
   * @param items all items so far
   * @returns the changes; null when nothing is taken
   */
  begin(items: ReadonlyArray<unknown>): { readonly diff: RowDiff; readonly base: RowDiff } | null {
    const begun = this.#begun ?? NOTHING_BEGUN
    const isLost = this.#next !== null || this.#shown.offset !== START_OFFSET
    if (isLost || items.length <= begun.items) return null
    const { diff, base, txids, invalid } = this.#readShown({ items: items.slice(begun.items), offset: START_OFFSET, upToDate: false, streamClosed: false })
    this.#shown = { ...this.#shown, tail: Tail.EMPTY }
    this.#begun = { items: items.length, txids: [...begun.txids, ...txids], invalid: [...begun.invalid, ...invalid] }
    return { diff, base }
  }

  /** An answer that has {@link begin begun} will not come whole: the stream is read from its start again. */
  breakOff(): void {
    if (this.#begun !== null && this.#next === null) this.startAnew()
  }

  take(batch: StreamBatch): Taken {
    const next = this.#next
    if (next) {
      const { reading, txids, invalid } = readOn(next, batch, this.#options.rules)
      this.#next = reading
      return { diff: null, base: null, txids, invalid }
    }
    const begun = this.#begun ?? NOTHING_BEGUN
    this.#begun = null
    const { items, offset } = batch
    const taken = this.#readShown(begun.items === 0 ? batch : { ...batch, items: items.slice(begun.items) })
    if (begun.items === 0) return taken
    this.#shown = { ...this.#shown, tail: Tail.EMPTY.with({ from: START_OFFSET, to: offset, items }) }
    const invalid = begun.invalid.map((event) => ({ ...event, offset }))
    return { ...taken, txids: [...begun.txids, ...taken.txids], invalid: [...invalid, ...taken.invalid].slice(0, REPORTED_EVENTS) }
  }

  #readShown(batch: StreamBatch): Taken & { readonly diff: RowDiff; readonly base: RowDiff } {
    const { rules, subsets } = this.#options
    const { overlay } = this
    const { reading, diff, txids, invalid } = readOn(this.#shown, batch, rules, (collection, key, before) => {
      subsets.note(collection, key, overlay.has(collection, key) ? this.#rowOf([collection, key]) : before)
    })
    this.#shown = reading
    return { diff: this.#rebased(diff), base: diff, txids, invalid }
  }

  /** The cache has added rows to the shown state. @returns the changes of the rows that tabs see */
  grown(diff: RowDiff): RowDiff {
    const { overlay } = this
    if (!overlay.isEmpty) {
      // The row as tabs saw it before: pending changes laid over no row.
      for (const [collection, changes] of diff.entries()) for (const key of changes.keys()) if (overlay.has(collection, key)) this.#note([collection, key])
    }
    this.#options.subsets.added(diff)
    return this.#rebased(diff)
  }

  /** Lays writes over the rows. @param diff gets the changes; null when no tab has rows yet */
  lay(writes: ReadonlyArray<NumberedMutations>, diff: RowDiff | null): void {
    const addresses: RowAddress[] = []
    this.overlay.add(writes, (address) => {
      if (diff) addresses.push(address)
      this.#note(address)
    })
    if (diff) this.#set(addresses, diff)
  }

  /** Takes writes out of the overlay: the rows have them now, or they were refused or discarded. @param diff gets the changes */
  uncover(numbers: ReadonlyArray<number>, diff: RowDiff): void {
    for (const number of numbers) {
      const addresses: RowAddress[] = []
      this.overlay.drop(number, (address) => {
        addresses.push(address)
        this.#note(address)
      })
      this.#set(addresses, diff)
    }
  }

  /** Sets the rows of these addresses, as tabs see them. */
  #set(addresses: Iterable<RowAddress>, diff: RowDiff): void {
    for (const address of addresses) diff.set(...address, this.#rowOf(address))
  }

  #note(address: RowAddress): void {
    // A pending row is not made before it is needed.
    if (this.#options.subsets.isNoting(address[0])) this.#options.subsets.note(...address, this.#rowOf(address))
  }

  #rowOf([collection, key]: RowAddress): RowData | null {
    return this.overlay.rows(collection).get(key) ?? null
  }

  /** A diff of materialized rows, as tabs see it. */
  #rebased(diff: RowDiff): RowDiff {
    const { overlay } = this
    if (overlay.isEmpty) return diff
    const visible = new RowDiff()
    for (const [collection, changes] of diff.entries()) {
      for (const [key, row] of changes) {
        const isLaid = overlay.has(collection, key)
        if (isLaid) overlay.rebase(collection, key)
        visible.set(collection, key, isLaid ? this.#rowOf([collection, key]) : row)
      }
    }
    return visible
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
    // What has come of an answer that broke off was never called right.
    if (this.isBegun) return false
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
    this.#begun = null
    this.overlay.rebaseAll()
    this.#options.subsets.refill(this.visible)
  }

  #replace(reading: Reading): RowDiff {
    const diff = diffStates(this.#shown.state, reading.state)
    this.show(reading)
    this.#set(this.overlay.addresses, diff)
    return diff
  }

  #empty(): Reading {
    return emptyReading(this.#options.collections, this.#options.newId())
  }
}

const NO_ROWS: ReadonlyMap<string, RowData> = new Map()
