/**
 * A sum of numbers that can be taken away again. It has no rounding errors, so it depends on the numbers in it only, and not on
 * those that were: after a million changes it is what a new sum would be. (Shewchuk: sums as lists of numbers that do not overlap.)
 */
export class ExactSum {
  #parts: number[] = []
  /** A sum of integers, as long as it is exact; most are. */
  #whole = 0
  /** How many values are NaN, Infinity, -Infinity. */
  #notFinite = [0, 0, 0]

  add(value: number, times: number): void {
    if (!Number.isFinite(value)) {
      const kind = Number.isNaN(value) ? 0 : value > 0 ? 1 : 2
      this.#notFinite[kind]! += times
      return
    }
    const whole = this.#whole + value * times
    if (Number.isInteger(value) && Number.isSafeInteger(whole)) {
      this.#whole = whole
      return
    }
    for (let count = Math.abs(times); count > 0; count -= 1) this.#addPart(times < 0 ? -value : value)
  }

  get value(): number {
    const [nan, plus, minus] = this.#notFinite as [number, number, number]
    if (nan !== 0 || (plus !== 0 && minus !== 0)) return NaN
    if (plus !== 0) return Infinity
    if (minus !== 0) return -Infinity
    if (this.#parts.length === 0) return this.#whole
    const sum = new ExactSum()
    sum.#parts = [...this.#parts]
    sum.#addPart(this.#whole)
    // From the smallest part on: only the last addition rounds.
    return sum.#parts.reduce((total, part) => total + part, 0)
  }

  #addPart(value: number): void {
    const parts: number[] = []
    let large = value
    for (const part of this.#parts) {
      const [a, b] = Math.abs(large) < Math.abs(part) ? [part, large] : [large, part]
      large = a + b
      const rest = b - (large - a)
      if (rest !== 0) parts.push(rest)
    }
    if (large !== 0) parts.push(large)
    this.#parts = parts
  }
}
