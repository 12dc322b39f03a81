import type { RowData } from '../../shared/row.ts'

/** A row with the values by which it is sorted. */
export interface SortedRow {
  readonly values: ReadonlyArray<unknown>
  readonly key: string
  readonly row: RowData
}

/** Must be total: only a row itself is equal to it. */
export type Compare = (a: SortedRow, b: SortedRow) => number

/** How many rows a block has at most. A row is put into a block by moving half of it on average. */
const BLOCK = 512

/** Rows in order, in blocks: in one list of a million rows, each new row would move half a million. */
export class SortedRows {
  readonly #compare: Compare
  readonly #blocks: SortedRow[][] = []
  #size = 0

  constructor(compare: Compare) {
    this.#compare = compare
  }

  get size(): number {
    return this.#size
  }

  get last(): SortedRow | null {
    return this.#blocks.at(-1)?.at(-1) ?? null
  }

  add(row: SortedRow): void {
    this.#size += 1
    if (this.#blocks.length === 0) {
      this.#blocks.push([row])
      return
    }
    const index = Math.min(this.#blockOf(row), this.#blocks.length - 1)
    const block = this.#blocks[index]!
    block.splice(placeIn(block, row, this.#compare), 0, row)
    if (block.length > BLOCK) this.#blocks.splice(index + 1, 0, block.splice(BLOCK >> 1))
  }

  /** @returns whether the row was there */
  delete(row: SortedRow): boolean {
    const index = this.#blockOf(row)
    const block = this.#blocks[index]
    const place = block ? placeIn(block, row, this.#compare) : 0
    if (block?.[place]?.key !== row.key) return false
    this.#size -= 1
    block.splice(place, 1)
    if (block.length === 0) this.#blocks.splice(index, 1)
    return true
  }

  /** Drops last rows, and keeps at least so many. @returns how many were dropped */
  dropAfter(least: number): number {
    const before = this.#size
    for (let last = this.#blocks.at(-1); last && this.#size - last.length >= least; last = this.#blocks.at(-1)) {
      this.#size -= last.length
      this.#blocks.pop()
    }
    return before - this.#size
  }

  *[Symbol.iterator](): Generator<SortedRow> {
    for (const block of this.#blocks) yield* block
  }

  /** The first block whose last row does not come before this row. */
  #blockOf(row: SortedRow): number {
    let [low, high] = [0, this.#blocks.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compare(this.#blocks[middle]!.at(-1)!, row) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

function placeIn(block: ReadonlyArray<SortedRow>, row: SortedRow, compare: Compare): number {
  let [low, high] = [0, block.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(block[middle]!, row) < 0) low = middle + 1
    else high = middle
  }
  return low
}
