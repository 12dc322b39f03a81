import { RESULT_KEY, RESULT_ORDER } from '../shared/query.ts'
import type { RowData } from '../shared/row.ts'
import type { RowSink, RowWrite } from './collection-sink.ts'
import { SentPlace, type Place } from './places.ts'

/** The rows of one result, for every collection of this tab that shows it. A replica puts the worker's rows here. */
export class ResultRows implements RowSink {
  readonly #places: WeakMap<object, Place>
  readonly #rows = new Map<string, RowData>()
  readonly #sinks = new Set<RowSink>()
  #isOrdered = false

  constructor(places: WeakMap<object, Place>) {
    this.#places = places
  }

  /** Gives a collection the rows that are there, and all changes. @param former keys of the rows that it has */
  join(sink: RowSink, former: Iterable<string> = []): void {
    this.#sinks.add(sink)
    const deleted = [...former].filter((key) => !this.#rows.has(key))
    if (this.#rows.size > 0 || deleted.length > 0) void sink.write({ rows: [...this.#rows.values()], deleted })
  }

  /** Shows the rows of another result until its own are there. */
  standIn(others: ResultRows): void {
    this.#isOrdered ||= others.#isOrdered
    if (this.#rows.size === 0) for (const [key, row] of others.#rows) this.#rows.set(key, row)
  }

  leave(sink: RowSink): void {
    this.#sinks.delete(sink)
  }

  /** Takes rows as they cross a port: with their keys and places in the order as fields. */
  write({ rows, deleted }: RowWrite): true | Promise<void> {
    return this.put(rows.map(({ [RESULT_KEY]: key, [RESULT_ORDER]: order, ...row }) => [new SentPlace(key as string, (order as string | undefined) ?? null), row] as const), deleted)
  }

  /** Takes rows with their places. */
  put(placed: ReadonlyArray<readonly [Place, RowData]>, deleted: ReadonlyArray<string>): true | Promise<void> {
    const gone = deleted.filter((key) => this.#rows.delete(key))
    for (const [place, row] of placed) {
      this.#isOrdered ||= place.isOrdered
      this.#places.set(row, place)
      this.#rows.set(place.key, row)
    }
    const change = { rows: placed.map(([, row]) => row), deleted: gone }
    const waits = [...this.#sinks].map((sink) => sink.write(change)).filter((visible) => visible !== true)
    return waits.length === 0 || Promise.all(waits).then(() => undefined)
  }

  /** Rows with a place in an order have come: before, comparing two rows tells nothing. */
  get isOrdered(): boolean {
    return this.#isOrdered
  }

  keys(): Iterable<string> {
    return this.#rows.keys()
  }

  get isObserved(): boolean {
    return [...this.#sinks].some(({ isObserved }) => isObserved)
  }

  /** A result is ready when it is served, not when the StreamDB's collections are ready. */
  markReady(): void {
    // Nothing to do.
  }
}
