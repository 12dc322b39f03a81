import { parseStateEvent } from '../../shared/events.ts'
import type { StreamBatch } from '../../shared/batch.ts'
import { isTooDeep } from './depth.ts'

/**
 * The last batches before a stored offset. A stream that was deleted and made again may have the same offset, but it does not
 * have the same events in front of it.
 */
export interface Anchor {
  /** Offset at which the first of the batches was read. */
  readonly offset: string
  /** Number of events, control events included. */
  readonly events: number
  readonly digest: string
}

/** The most events that an anchor covers: to read more again would cost more than it is worth. */
const ANCHOR_EVENTS = 1000
/**
 * The fewest change events that an anchor covers, when the batches have that many: control events such as `snapshot-end` are
 * the same in every stream.
 */
const FEWEST_CHANGES = 4

/**
 * The anchor of one batch; null when the batch has no events, or too many events without offsets.
 * @param from offset at which the batch was read
 * @param to offset after it
 */
export function anchorOf(from: string, to: string, items: ReadonlyArray<unknown>): Anchor | null {
  if (items.length === 0) return null
  if (items.length <= ANCHOR_EVENTS) return { offset: from, events: items.length, digest: digest(items) }
  // Some servers stamp every event with the offset after its message. Then the end of a long batch is enough.
  if (stampOf(items.at(-1)) !== to) return null
  for (let index = items.length - 2; index >= items.length - 1 - ANCHOR_EVENTS; index -= 1) {
    const stamp = stampOf(items[index])
    if (stamp === null) return null
    if (stamp === to) continue
    const tail = items.slice(index + 1)
    return { offset: stamp, events: tail.length, digest: digest(tail) }
  }
  return null
}

/** A batch as an anchor takes it. */
export interface ReadBatch {
  /** Offset at which it was read, and offset after it. */
  readonly from: string
  readonly to: string
  /** The batch's events; of a batch that is too long for an anchor, only the last ones. */
  readonly items: ReadonlyArray<unknown>
}

interface TailBatch extends ReadBatch {
  /** Number of its change events, counted up to {@link FEWEST_CHANGES}. */
  readonly changes: number
}

const countEvents = (batches: ReadonlyArray<ReadBatch>): number => batches.reduce((sum, { items }) => sum + items.length, 0)
const countChanges = (batches: ReadonlyArray<TailBatch>): number => batches.reduce((sum, { changes }) => sum + changes, 0)

/** The number of change events among the last items; counting ends at the number that an anchor needs. */
function changesAmong(items: ReadonlyArray<unknown>): number {
  let count = 0
  for (let index = items.length - 1; index >= 0 && count < FEWEST_CHANGES; index -= 1) if (parseStateEvent(items[index]).kind === 'change') count += 1
  return count
}

/**
 * The last batches that were read: as many as an anchor takes. Immutable. Of a long batch it keeps one event more than an anchor
 * covers, which shows that the batch is long. It keeps no other events: 100,000 events would be tens of MB.
 */
export class Tail {
  static readonly EMPTY = new Tail([], null)

  readonly #batches: ReadonlyArray<TailBatch>
  /** Made from the batches at its first use; without batches, the stored anchor. */
  #anchor: Anchor | null

  private constructor(batches: ReadonlyArray<TailBatch>, anchor: Anchor | null) {
    this.#batches = batches
    this.#anchor = anchor
  }

  /** @param anchor the stored anchor, which is the tail's anchor until a batch follows */
  static stored(anchor: Anchor | null): Tail {
    return new Tail([], anchor)
  }

  /** @returns the tail after one more batch */
  with({ from, to, items }: ReadBatch): Tail {
    if (items.length === 0) return this
    const batches = [...this.#batches, { from, to, items: items.slice(-1 - ANCHOR_EVENTS), changes: changesAmong(items) }]
    let first = 0
    while (first < batches.length - 1 && (countEvents(batches.slice(first)) > ANCHOR_EVENTS || countChanges(batches.slice(first + 1)) >= FEWEST_CHANGES)) first += 1
    return new Tail(batches.slice(first), null)
  }

  get anchor(): Anchor | null {
    const [first] = this.#batches
    if (first) this.#anchor ??= anchorOf(first.from, this.#batches.at(-1)!.to, this.#batches.flatMap(({ items }) => items))
    return this.#anchor
  }
}

/** An event's `headers.offset`, if it has one. */
function stampOf(item: unknown): string | null {
  if (typeof item !== 'object' || item === null || !Object.hasOwn(item, 'headers')) return null
  const { headers } = item as { headers: unknown }
  if (typeof headers !== 'object' || headers === null || !Object.hasOwn(headers, 'offset')) return null
  const { offset } = headers as { offset: unknown }
  return typeof offset === 'string' ? offset : null
}

/**
 * `same`: the anchor's events are there; `rest` are the batch's events after them. `other`: not the stream of the anchor.
 * `more`: too few events so far to decide.
 */
export type AnchorVerdict =
  | { readonly kind: 'same'; readonly rest: ReadonlyArray<unknown> }
  | { readonly kind: 'other' }
  | { readonly kind: 'more' }

/** Compares the events of a stream at an anchor's offset with the anchor. */
export class AnchorCheck {
  readonly anchor: Anchor
  /** The events read so far; the anchor's own events once the verdict is `same`. */
  readonly seen: unknown[] = []

  constructor(anchor: Anchor) {
    this.anchor = anchor
  }

  take(batch: StreamBatch): AnchorVerdict {
    const missing = this.anchor.events - this.seen.length
    this.seen.push(...batch.items.slice(0, missing))
    if (this.seen.length < this.anchor.events) return batch.upToDate ? { kind: 'other' } : { kind: 'more' }
    if (digest(this.seen) !== this.anchor.digest) return { kind: 'other' }
    return { kind: 'same', rest: batch.items.slice(missing) }
  }
}

/**
 * 53 bits of the events' JSON, and its length. It detects mix-ups, not attacks: a server can lie anyway. Offsets in events are
 * left out, because a server may add them to one kind of read and not to another.
 */
function digest(items: ReadonlyArray<unknown>): string {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  let length = 0
  const add = (text: string): void => {
    length += text.length
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index)
      a = Math.imul(a ^ code, 2654435761)
      b = Math.imul(b ^ code, 1597334677)
    }
  }
  // One event after the other: the text of all events may be longer than a string can be.
  for (const [index, item] of items.entries()) {
    add(index === 0 ? '[' : ',')
    add(textOf(item))
  }
  add(']')
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return `${String(length)}:${(4294967296 * (2097151 & b) + (a >>> 0)).toString(36)}`
}

/**
 * An event without its offsets. All events that are nested too deep give the same text, because writing them down could overflow
 * the stack.
 */
const textOf = (item: unknown): string =>
  isTooDeep(item) ? '"too deep"' : JSON.stringify(item, (name, value: unknown) => (name === 'offset' ? undefined : value))
