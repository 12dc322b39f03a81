import { BTreeIndex, type IndexConstructor } from '@tanstack/db'

/** Prefix of the names of indexes that TanStack DB makes by itself. */
const AUTOMATIC = 'auto:'

/** The members of `BTreeIndex` that this file uses; TanStack DB before 0.15 lacks some of them. */
interface Base {
  readonly name?: string
  build(entries: Iterable<[string, object]>): void
  add(key: string, row: object): void
  remove(key: string, row: object): void
  update(key: string, before: object, row: object): void
  supports(operation: string): boolean
  canOptimizeRangeFor(value: unknown): boolean
  get supportsOrderOptimization(): boolean
  get keyCount(): number
  equalityLookup(value: unknown): Set<string>
  rangeQuery(range?: object): Set<string>
  take(...request: unknown[]): string[]
  takeFromStart(...request: unknown[]): string[]
  takeReversed(...request: unknown[]): string[]
  takeReversedFromEnd(...request: unknown[]): string[]
}
const Base = BTreeIndex as unknown as new (...options: unknown[]) => Base

/**
 * Whether this TanStack DB reads only the first rows of a whole collection's index when rows leave a query's window. Before 0.15
 * it asks for all rows then, and an index costs more than it saves.
 */
export const readsBoundedPrefixes = 'supportsOrderOptimization' in BTreeIndex.prototype

/**
 * The index class for a collection that is held whole. TanStack DB makes an index for each field that a query compares or orders
 * by. Most of these would cost time with every row, and be read once. An index of this class is empty until a query reads rows in
 * its order, and is kept up to date from then on.
 *
 * A range leaves out rows without a value. No comparison matches such a row, but a range that is open at one end would include
 * it, and TanStack DB does not check the rows of a range again.
 * @param rows returns all rows of the collection
 */
export function orderIndex(rows: () => Iterable<[string, object]>): IndexConstructor<string> {
  class OrderIndex extends Base {
    #isKept: boolean

    constructor(...options: unknown[]) {
      super(...options)
      this.#isKept = this.name?.startsWith(AUTOMATIC) !== true
    }

    override build(entries: Iterable<[string, object]>): void {
      if (this.#isKept) super.build(entries)
    }

    override add(key: string, row: object): void {
      if (this.#isKept) super.add(key, row)
    }

    override remove(key: string, row: object): void {
      if (this.#isKept) super.remove(key, row)
    }

    override update(key: string, before: object, row: object): void {
      if (this.#isKept) super.update(key, before, row)
    }

    /**
     * TanStack DB asks for `gt` to find out whether an index gives an order, and it always does. A lookup by value alone is not
     * worth building the index.
     */
    override supports(operation: string): boolean {
      return (this.#isKept || operation === 'gt') && super.supports(operation)
    }

    override canOptimizeRangeFor(value: unknown): boolean {
      return this.#isKept && super.canOptimizeRangeFor(value)
    }

    override get supportsOrderOptimization(): boolean {
      this.#keep()
      return super.supportsOrderOptimization
    }

    override get keyCount(): number {
      this.#keep()
      return super.keyCount
    }

    override equalityLookup(value: unknown): Set<string> {
      this.#keep()
      return super.equalityLookup(value)
    }

    override rangeQuery(range: object = {}): Set<string> {
      this.#keep()
      const keys = super.rangeQuery(range)
      if ('from' in range || 'to' in range) for (const none of [null, undefined]) for (const key of this.equalityLookup(none)) keys.delete(key)
      return keys
    }

    override take(...request: unknown[]): string[] {
      this.#keep()
      return super.take(...request)
    }

    override takeFromStart(...request: unknown[]): string[] {
      this.#keep()
      return super.takeFromStart(...request)
    }

    override takeReversed(...request: unknown[]): string[] {
      this.#keep()
      return super.takeReversed(...request)
    }

    override takeReversedFromEnd(...request: unknown[]): string[] {
      this.#keep()
      return super.takeReversedFromEnd(...request)
    }

    #keep(): void {
      if (this.#isKept) return
      this.#isKept = true
      super.build(rows())
    }
  }
  return OrderIndex as unknown as IndexConstructor<string>
}
