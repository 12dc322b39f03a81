import type { Collection, InitialQueryBuilder, QueryBuilder } from '@tanstack/db'
import type { ResultWindow } from '../shared/query.ts'
import type { RowData } from '../shared/row.ts'
import { LocalPlace } from './places.ts'
import type { ResultRows } from './result-rows.ts'

/** What a query is made from here: a query, or a function that makes one. */
export type LocalSource = QueryBuilder<never> | ((q: InitialQueryBuilder) => QueryBuilder<never>)

/** TanStack DB's `createLiveQueryCollection`. It is handed over, because this code is bundled: the page has one TanStack DB. */
export type CreateLive = (options: { readonly query: LocalSource; readonly gcTime: number; readonly startSync: boolean }) => Collection<object, string | number>

export interface LocalQueryOptions {
  readonly createLive: CreateLive
  readonly source: LocalSource
  /** Null for the query's own window. */
  readonly window: ResultWindow | null
  readonly rows: ResultRows
  /** All rows are there. */
  readonly onReady: () => void
  readonly onError: (error: unknown) => void
}

/** The `utils` of a live query's collection, where its query has an order. */
interface LiveWindow {
  readonly setWindow?: (window: { readonly offset: number; readonly limit: number }) => true | Promise<void>
  readonly getWindow?: () => { readonly offset: number; readonly limit: number } | undefined
}

/** The parts of a live query's collection that are used here; `_state` is not public. */
interface LiveRows {
  readonly config: { readonly compare?: (a: object, b: object) => number }
  readonly _state?: { readonly syncedData?: { get(key: unknown): object | undefined } }
}

/** A query that runs in the tab, and puts its rows where the worker's rows would go. */
export class LocalQuery {
  readonly #options: LocalQueryOptions
  readonly #live: Collection<object, string | number>
  readonly #stop: () => void
  /** The query's own window; undefined when the query has no order. */
  readonly #own: { readonly offset: number; readonly limit: number } | undefined
  #isClosed = false

  /** @throws what TanStack DB throws for a query that it cannot run */
  constructor(options: LocalQueryOptions) {
    this.#options = options
    const { createLive, source, window, onReady, onError } = options
    this.#live = createLive({ query: source, gcTime: 1, startSync: true })
    this.#own = (this.#live.utils as LiveWindow).getWindow?.()
    if (window) Promise.resolve(this.move(window)).catch(() => undefined)
    const subscription = this.#live.subscribeChanges(
      (changes) => {
        this.#take(changes.map(({ key }) => key))
      },
      { includeInitialState: true },
    )
    this.#stop = () => {
      subscription.unsubscribe()
    }
    this.#live.preload().then(
      () => {
        if (this.#isClosed) return
        this.#dropOthers()
        onReady()
      },
      (error: unknown) => {
        if (!this.#isClosed) onError(error)
      },
    )
  }

  /** @param window null for the query's own window @returns true, or a promise that resolves when the rows are there */
  move(window: ResultWindow | null): true | Promise<void> {
    const { offset, limit } = window ?? this.#own ?? { offset: 0, limit: null }
    return (this.#live.utils as LiveWindow).setWindow?.({ offset, limit: limit ?? Infinity }) ?? true
  }

  close(): void {
    this.#isClosed = true
    this.#stop()
    void this.#live.cleanup().catch(() => undefined)
  }

  #take(keys: ReadonlyArray<string | number>): void {
    if (this.#isClosed) return
    const { config, _state } = this.#live as unknown as LiveRows
    const placed: Array<readonly [LocalPlace, RowData]> = []
    const deleted: string[] = []
    for (const key of keys) {
      const row = this.#live.has(key) ? (_state?.syncedData?.get(key) ?? this.#live.get(key)) : undefined
      if (row) placed.push([new LocalPlace(textOf(key), row, config.compare), { ...row }])
      else deleted.push(textOf(key))
    }
    void this.#options.rows.put(placed, deleted)
  }

  /** Drops rows that the worker has sent before, and that this query does not give. */
  #dropOthers(): void {
    const own = new Set([...this.#live.keys()].map(textOf))
    const others = [...this.#options.rows.keys()].filter((key) => !own.has(key))
    if (others.length > 0) void this.#options.rows.put([], others)
  }
}

/** As the worker makes a text of a key: keys that are not equal stay different. */
const textOf = (key: string | number): string => (typeof key === 'string' ? (key.startsWith('\0') ? `\0s:${key}` : key) : `\0${typeof key}:${String(key)}`)
