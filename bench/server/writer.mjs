import { append, randomly, seed } from './append.mjs'
import { POINTS, insertEvents, pointsAt, updateEvent } from './rows.mjs'

// Later than the time of any seeded row, so that no two states of a row are equal.
const CHANGED_FROM = 1_800_000_000_000
// Steps of this size modulo 1 never come near an earlier place.
const GOLDEN = 0.6180339887

/** Writes to a stream of `rows` inserts, and knows the present rows. */
export class Writer {
  #url
  #rows
  #points
  #changes = 0
  #random = randomly()

  constructor(url, rows) {
    this.#url = url
    this.#rows = rows
    this.#points = Int32Array.from({ length: rows }, (_, index) => pointsAt(index))
  }

  /** Makes the stream. @returns the offset of its end */
  seed() {
    return seed(this.#url, insertEvents(this.#rows))
  }

  /**
   * Changes `size` rows, spread over the stream, other ones each time. The last of them has more points than any row before,
   * so that a list of the first by points shows it at its top.
   *
   * @returns that row, by which a client shows that it has seen the change, and when that was
   */
  async record(size) {
    const shift = (this.#changes * GOLDEN) % 1
    const events = Array.from({ length: size }, (_, step) =>
      this.#change(Math.floor(((step + shift) * this.#rows) / size), step === size - 1 ? POINTS + this.#changes : undefined),
    )
    const { key, value } = events.at(-1)
    const at = performance.timeOrigin + performance.now()
    await append(this.#url, events)
    return { key, updatedAt: value.updatedAt, at }
  }

  /** As any writer does it; see writers.mjs. */
  change(size) {
    return this.record(size)
  }

  /** `size` changes, each of any of `hot` rows, which are spread over the stream. */
  async scatter(size, hot) {
    const distinct = Math.min(hot, this.#rows)
    const events = Array.from({ length: size }, () => {
      const index = Math.floor((Math.floor(this.#random() * distinct) * this.#rows) / distinct)
      return this.#change(index, Math.floor(this.#random() * POINTS))
    })
    await append(this.#url, events)
  }

  /** The `count` highest points, highest first. */
  top(count) {
    return [...this.#points.toSorted().subarray(-count)].reverse()
  }

  #change(index, points = this.#points[index]) {
    this.#points[index] = points
    this.#changes += 1
    return updateEvent(index, { updatedAt: CHANGED_FROM + this.#changes, points })
  }
}
