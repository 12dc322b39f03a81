/** A row's key in a result, and its place in the result's order. */
export interface Place {
  readonly key: string
  /** The result has an order, so {@link compare} can tell two rows apart. */
  readonly isOrdered: boolean
  compare(other: Place | undefined): number
}

/** The place of a row that has come from the worker. */
export class SentPlace implements Place {
  readonly key: string
  /** Places are compared as strings; null when the query has no order. */
  readonly order: string | null

  constructor(key: string, order: string | null) {
    this.key = key
    this.order = order
  }

  get isOrdered(): boolean {
    return this.order !== null
  }

  compare(other: Place | undefined): number {
    if (!(other instanceof SentPlace) || this.order === null || other.order === null || this.order === other.order) return 0
    return this.order < other.order ? -1 : 1
  }
}

/** The place of a row of a query that runs in the tab. */
export class LocalPlace implements Place {
  readonly key: string
  /** The query's own row object, by which it knows the order. */
  readonly row: object
  readonly #compareRows: ((a: object, b: object) => number) | undefined

  constructor(key: string, row: object, compareRows: ((a: object, b: object) => number) | undefined) {
    this.key = key
    this.row = row
    this.#compareRows = compareRows
  }

  get isOrdered(): boolean {
    return this.#compareRows !== undefined
  }

  compare(other: Place | undefined): number {
    return other instanceof LocalPlace ? (this.#compareRows?.(this.row, other.row) ?? 0) : 0
  }
}
