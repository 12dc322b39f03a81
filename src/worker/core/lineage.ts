/** What one engine has read of a stream, from where it began to read. */
export interface Branch {
  readonly id: string
  /** Change events that were materialized before this branch. */
  readonly seq: number
  /** Digest of all events that were materialized before this branch; see {@link digestOf}. */
  readonly digest: number
}

/** A place on a branch: after `seq` change events, with their digest. */
export interface Moment {
  readonly branch: string
  readonly seq: number
  readonly digest: number
}

/** How many digests are remembered: more than a tab can be ahead of a cache. A power of two. */
const REMEMBERED_DIGESTS = 32_768
/** How many branches are remembered: tabs of older engines are not recognized. */
const REMEMBERED_BRANCHES = 16

/**
 * The history of a state. It decides whether rows that another engine has sent are of the same stream.
 *
 * An engine begins to read where the cache ends. Tabs of the engine before may have rows beyond that, and the stream may have
 * been made again since, with the same offsets and numbers but other events. So each engine's reading is a branch. A state of an
 * earlier branch is part of this history up to where the next branch begins; beyond that, only when the digests show that the
 * events were the same.
 */
export class Lineage {
  /** Oldest first; the last is this engine's own. */
  readonly branches: ReadonlyArray<Branch>
  readonly #digests = new Uint32Array(REMEMBERED_DIGESTS)
  /** The digests after `n` change events are known for `#seq - #count < n <= #seq`. */
  #seq: number
  #count = 1

  constructor(branches: ReadonlyArray<Branch>) {
    this.branches = branches.slice(-REMEMBERED_BRANCHES)
    const { seq, digest } = this.branches.at(-1)!
    this.#seq = seq
    this.#put(seq, digest)
  }

  /** The lineage of an engine that reads from the stream's start. */
  static root(id: string): Lineage {
    return new Lineage([{ id, seq: 0, digest: 0 }])
  }

  get id(): string {
    return this.branches.at(-1)!.id
  }

  /** `seq` change events have been materialized; called again with the same number after a control event. */
  note(seq: number, digest: number): void {
    if (seq > this.#seq) this.#count = Math.min(REMEMBERED_DIGESTS, this.#count + 1)
    this.#seq = seq
    this.#put(seq, digest)
  }

  /** Whether a state at that place is a prefix of this one; false when it cannot be known any more. */
  holds({ branch, seq, digest }: Moment): boolean {
    if (seq > this.#seq) return false
    const index = this.branches.findIndex(({ id }) => id === branch)
    if (index >= 0) {
      const next = this.branches[index + 1]
      if (next === undefined || seq < next.seq || (seq === next.seq && digest === next.digest)) return true
    }
    return seq > this.#seq - this.#count && this.#digests[seq % REMEMBERED_DIGESTS] === digest
  }

  #put(seq: number, digest: number): void {
    this.#digests[seq % REMEMBERED_DIGESTS] = digest
  }
}

/** Characters at each end of a long text that go into the digest; its length goes in too. */
const COUNTED_CHARACTERS = 8

const fraction = new Float64Array(1)
const words = new Int32Array(fraction.buffer)

/**
 * 32 bits that stand for all events so far, however they were cut into batches. It detects mix-ups, not attacks. It is cheap,
 * since every event pays for it: names of fields and the middle of long texts do not count.
 * @param digest the digest of the events before
 * @param first with `second` and `third` the content of the next event; nested no deeper than rows may be
 */
export const digestOf = (digest: number, first: unknown, second: unknown = null, third: unknown = null): number =>
  mix(mix(mix(digest, first), second), third) >>> 0

function mix(digest: number, value: unknown): number {
  switch (typeof value) {
    case 'string':
      return mixText(digest, value)
    case 'number': {
      const whole = value | 0
      if (whole === value) return step(digest, whole)
      fraction[0] = value
      return step(step(digest, words[0]!), words[1]!)
    }
    case 'object': {
      if (value === null) return step(digest, 2)
      let mixed = step(digest, 3)
      for (const name in value) mixed = mix(mixed, (value as Record<string, unknown>)[name])
      return step(mixed, 4)
    }
    default:
      return step(digest, value === true ? 5 : 6)
  }
}

function mixText(digest: number, text: string): number {
  const { length } = text
  let mixed = step(digest, length)
  const isShort = length <= 2 * COUNTED_CHARACTERS
  for (let index = 0; index < (isShort ? length : COUNTED_CHARACTERS); index += 1) mixed = Math.imul(mixed ^ text.charCodeAt(index), 0x01000193)
  if (!isShort) for (let index = length - COUNTED_CHARACTERS; index < length; index += 1) mixed = Math.imul(mixed ^ text.charCodeAt(index), 0x01000193)
  return step(mixed, 7)
}

function step(digest: number, word: number): number {
  const mixed = Math.imul(digest ^ word, 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}
