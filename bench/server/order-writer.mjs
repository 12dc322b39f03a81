import { append, randomly, seed } from './append.mjs'
import { orderEvents, orderUpdate } from './orders.mjs'

/** Writes to a stream of customers and `rows` orders. */
export class OrderWriter {
  #url
  #rows
  #random = randomly()

  constructor(url, rows) {
    this.#url = url
    this.#rows = rows
  }

  seed() {
    return seed(this.#url, orderEvents(this.#rows))
  }

  /** Changes `size` orders at once. @returns when: the time that the changed orders have */
  change(size) {
    return this.scatter(size, this.#rows)
  }

  /** The same, each any of `hot` orders, which are spread over the stream. */
  async scatter(size, hot) {
    const distinct = Math.min(hot, this.#rows)
    const at = performance.timeOrigin + performance.now()
    const events = Array.from({ length: size }, () => {
      const index = Math.floor((Math.floor(this.#random() * distinct) * this.#rows) / distinct)
      return orderUpdate(index, { at, amount: Math.floor(this.#random() * 100_000) })
    })
    await append(this.#url, events)
    return at
  }
}
