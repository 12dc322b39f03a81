/** What one engine has read of a stream, from where it took the reading up. */
export interface Branch {
  readonly id: string
  /** Change events that were materialized before it. */
  readonly seq: number
  /** Digest of everything that was materialized before it; see {@link digestOf}. */
  readonly digest: number
}

/** A moment of some engine's reading. */
export interface Moment {
  readonly branch: string
  readonly seq: number
  readonly digest: number
}

/** Digests that are remembered: as far as tabs can be ahead of a cache, and then some. A power of two. */
const REMEMBERED_DIGESTS = 32_768
/** Engines whose tabs can still be recognized. */
const REMEMBERED_BRANCHES = 16

/**
 * Where a state comes from: tells whether rows that another engine has sent are of the same stream.
 *
 * An engine takes the reading up where the cache ends. Tabs of the engine before it may be further, and the stream may
 * have been made again since: then what follows the cache is not what those tabs have read, although offsets and
 * numbers are alike. Each engine's reading is a branch of its own, therefore. Up to where a later one took it up, it is
 * part of that one's history. Beyond, it is only if the events were the same, which the digests tell.
 */
export class Lineage {
  /** Oldest first; the last is this engine's own. */
  readonly branches: ReadonlyArray<Branch>
  readonly #digests = new Uint32Array(REMEMBERED_DIGESTS)
  /** The digests of `seq - count < n <= seq` are there. */
  #seq: number
  #count = 1

  constructor(branches: ReadonlyArray<Branch>) {
    this.branches = branches.slice(-REMEMBERED_BRANCHES)
    const { seq, digest } = this.branches.at(-1)!
    this.#seq = seq
    this.#put(seq, digest)
  }

  /** A reading from the stream's start. */
  static root(id: string): Lineage {
    return new Lineage([{ id, seq: 0, digest: 0 }])
  }

  get id(): string {
    return this.branches.at(-1)!.id
  }

  /** `seq` change events have been materialized; the same number again where a control event came in between. */
  note(seq: number, digest: number): void {
    if (seq > this.#seq) this.#count = Math.min(REMEMBERED_DIGESTS, this.#count + 1)
    this.#seq = seq
    this.#put(seq, digest)
  }

  /** Whether a state at that moment is a prefix of this one; where that is not known any more, it is not. */
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

/** Of a longer text, so many characters at each end count, and its length. */
const COUNTED_CHARACTERS = 8

const fraction = new Float64Array(1)
const words = new Int32Array(fraction.buffer)

/**
 * 32 bits that stand for all events so far, whichever way they were cut into batches. Against mix-ups, not against
 * attackers, and cheap, since every event pays for it: names of fields do not count, nor the middle of long texts.
 * @param digest of the events before
 * @param first with `second` and `third` what makes out the next one; nested no deeper than rows may be
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
