import { POINTS, insertEvents, pointsAt, updateEvent } from './rows.mjs'

const APPEND_SIZE = 2000
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
  async seed() {
    await create(this.#url)
    let end
    let batch = []
    for (const event of insertEvents(this.#rows)) {
      batch.push(event)
      if (batch.length < APPEND_SIZE) continue
      end = await this.#append(batch)
      batch = []
    }
    return batch.length > 0 ? this.#append(batch) : end
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
    await this.#append(events)
    return { key, updatedAt: value.updatedAt, at }
  }

  /** `size` changes, each of any of `hot` rows, which are spread over the stream. */
  async scatter(size, hot) {
    const distinct = Math.min(hot, this.#rows)
    await this.#append(
      Array.from({ length: size }, () => {
        const index = Math.floor((Math.floor(this.#random() * distinct) * this.#rows) / distinct)
        return this.#change(index, Math.floor(this.#random() * POINTS))
      }),
    )
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

  async #append(events) {
    const body = JSON.stringify(events)
    const append = () => fetch(this.#url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    // The server closes idle connections, also one that was just about to be used. Twice the same changes are the same.
    const answer = await append().catch(append)
    if (!answer.ok) throw new Error(`append refused: ${String(answer.status)} ${await answer.text()}`)
    return answer.headers.get('stream-next-offset')
  }
}

/** Makes a stream; with `from`, it begins with the events of another stream up to an offset. */
export async function create(url, from) {
  const headers = { 'content-type': 'application/json' }
  if (from) Object.assign(headers, { 'stream-forked-from': from.path, 'stream-fork-offset': from.offset })
  const answer = await fetch(url, { method: 'PUT', headers })
  if (!answer.ok) throw new Error(`stream refused: ${String(answer.status)} ${await answer.text()}`)
}

/** Numbers from 0 to 1, the same in every run: mulberry32. */
function randomly(state = 1) {
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
