import { ExactSum } from './exact-sum.ts'

/** Our own code cannot handle a value as TanStack DB does: the query begins anew, with TanStack DB’s operators alone. */
export class Unfit extends Error {}

/** An aggregate of a group, kept up to date by each row that comes or goes. */
export interface Accumulator {
  add(value: unknown, times: number): void
  /** @param rows number of rows of the group */
  result(rows: number): unknown
}

/** As TanStack DB does for `sum` and `avg`. */
const toNumber = (value: unknown): number => (typeof value === 'number' ? value : value === null || value === undefined ? 0 : Number(value))

class Count implements Accumulator {
  #count = 0

  add(value: unknown, times: number): void {
    if (value !== null && value !== undefined) this.#count += times
  }

  result(): number {
    return this.#count
  }
}

/** Sums of as many smaller numbers as there may be rows are numbers too: what is infinite cannot be taken away again. */
const MOST_SUMMED = 2 ** 960

class Sum implements Accumulator {
  protected readonly sum = new ExactSum()

  add(value: unknown, times: number): void {
    const number = toNumber(value)
    if (Number.isFinite(number) && Math.abs(number) > MOST_SUMMED) throw new Unfit()
    this.sum.add(number, times)
  }

  result(_rows: number): number {
    return this.sum.value
  }
}

class Average extends Sum {
  override result(rows: number): number {
    return this.sum.value / rows
  }
}

/** The least or the greatest value. When it goes, the next result looks through all others, once for all changes since the last one. */
class Extreme implements Accumulator {
  readonly #isBefore: (value: Comparable, other: Comparable) => boolean
  readonly #counts = new Map<Comparable, number>()
  #type: string | null = null
  #best: Comparable | undefined
  #isKnown = true

  constructor(isBefore: (value: Comparable, other: Comparable) => boolean) {
    this.#isBefore = isBefore
  }

  add(raw: unknown, times: number): void {
    const value = comparable(raw)
    // Values of several types have no order that does not depend on who came first.
    if ((this.#type ??= typeof value) !== typeof value) throw new Unfit()
    const count = (this.#counts.get(value) ?? 0) + times
    if (count === 0) {
      this.#counts.delete(value)
      if (value === this.#best) this.#isKnown = false
      return
    }
    this.#counts.set(value, count)
    if (this.#isKnown && (this.#best === undefined || this.#isBefore(value, this.#best))) this.#best = value
  }

  result(): unknown {
    if (!this.#isKnown) {
      this.#best = undefined
      for (const value of this.#counts.keys()) if (this.#best === undefined || this.#isBefore(value, this.#best)) this.#best = value
      this.#isKnown = true
    }
    return this.#best
  }
}

type Comparable = string | number | bigint

function comparable(value: unknown): Comparable {
  if (typeof value === 'string' || typeof value === 'bigint') return value
  if (value instanceof Date) throw new Unfit()
  const number = toNumber(value)
  if (Number.isNaN(number)) throw new Unfit()
  // Of 0 and -0, one is kept.
  return number === 0 ? 0 : number
}

const MAKERS: Readonly<Record<string, () => Accumulator>> = {
  count: () => new Count(),
  sum: () => new Sum(),
  avg: () => new Average(),
  min: () => new Extreme((value, other) => value < other),
  max: () => new Extreme((value, other) => value > other),
}

/** Makes accumulators of an aggregate; null for an aggregate that is unknown here. */
export const accumulatorsOf = (name: string): (() => Accumulator) | null => (Object.hasOwn(MAKERS, name.toLowerCase()) ? MAKERS[name.toLowerCase()]! : null)
