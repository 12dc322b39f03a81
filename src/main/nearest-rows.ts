interface Entry {
  readonly key: string
  readonly value: unknown
}

/** Keys with one value each; the first few in order are kept sorted. */
export class NearestRows {
  readonly compare: (a: unknown, b: unknown) => number
  readonly #values = new Map<string, unknown>()
  /** The highest place that {@link at} was asked for. */
  #most = 0
  /** The first rows in order: all rows, or at least `#most` of them. Null when the list has to be made again. */
  #first: Entry[] | null = null

  constructor(compare: (a: unknown, b: unknown) => number) {
    this.compare = compare
  }

  has(key: string): boolean {
    return this.#values.has(key)
  }

  set(key: string, value: unknown): void {
    this.delete(key)
    this.#values.set(key, value)
    const first = this.#first
    if (!first) return
    // It comes after the last listed row, and other unlisted rows may come before it: it stays unlisted.
    const last = first.at(-1)
    if (last && first.length < this.#values.size - 1 && this.compare(value, last.value) > 0) return
    let low = 0
    let high = first.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.compare(first[middle]!.value, value) <= 0) low = middle + 1
      else high = middle
    }
    first.splice(low, 0, { key, value })
    if (first.length > 2 * this.#most) first.length = this.#most
  }

  delete(key: string): void {
    if (!this.#values.has(key)) return
    const value = this.#values.get(key)
    this.#values.delete(key)
    const first = this.#first
    const last = first?.at(-1)
    if (!first || !last || this.compare(value, last.value) > 0) return
    const place = first.findIndex((entry) => entry.key === key)
    if (place >= 0) first.splice(place, 1)
    if (first.length < Math.min(this.#most, this.#values.size)) this.#first = null
  }

  /** How many rows come before the value, or tie with it. */
  countUpTo(value: unknown): number {
    let count = 0
    for (const own of this.#values.values()) if (this.compare(own, value) <= 0) count += 1
    return count
  }

  /** The value of the row at a place in order, counted from 1; null when there are fewer. */
  at(place: number): { readonly value: unknown } | null {
    if (place > this.#values.size) return null
    if (place > this.#most) {
      this.#most = place
      this.#first = null
    }
    this.#first ??= [...this.#values]
      .map(([key, value]) => ({ key, value }))
      .sort((a, b) => this.compare(a.value, b.value))
      .slice(0, 2 * this.#most)
    return this.#first[place - 1]!
  }
}
