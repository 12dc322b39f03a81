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

  constructor(compare: Compare) {
    this.#compare = compare
  }

  add(row: SortedRow): void {
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
    block.splice(place, 1)
    if (block.length === 0) this.#blocks.splice(index, 1)
    return true
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
