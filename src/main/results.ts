import type { QueryBuilder } from '@tanstack/db'
import { SidestreamError, toErrorData, type ErrorData } from '../shared/errors.ts'
import { functionOf, type NamedQueries } from '../shared/named-queries.ts'
import { encodeQuery, UncrossableQueryError } from '../shared/query-data.ts'
import { isPlain, RESULT_KEY, resultName, type Query } from '../shared/query.ts'
import type { ServedSubset, SubsetChange } from '../shared/subset.ts'
import type { CollectionSink } from './collection-sink.ts'
import { LocalQuery, type CreateLive, type LocalSource } from './local-query.ts'
import type { Place } from './places.ts'
import type { ReplicaCollection } from './replica.ts'
import { ResultRows } from './result-rows.ts'

/** The ids of wishes for results; those of other subsets begin at 1. */
const FIRST_ID = 2 ** 31

/** What `query` or `liveQuery` was asked for. */
export type Asked = { readonly kind: 'named'; readonly name: string; readonly params: unknown } | { readonly kind: 'inline'; readonly query: QueryBuilder<never> }

export interface ResultsOptions {
  /** Where a replica puts the rows, by name. */
  readonly targets: Map<string, ReplicaCollection>
  readonly places: WeakMap<object, Place>
  readonly createLive: CreateLive
  /** The application's named queries, as far as the page has them. */
  readonly queries: NamedQueries | undefined
  readonly collections: Readonly<Record<string, object>>
  /** The name of a collection of this StreamDB. */
  nameOf(collection: object): string | undefined
  /** Sends changes to the engine. */
  send(changes: ReadonlyArray<SubsetChange>): void
  /** @param reasons id of a result's collection → why its query runs in the tab */
  onFallback(reasons: ReadonlyMap<string, string>): void
  /** The tab has signed out: it has no rows, and none will come before `reconnect()`. */
  hasNoRows(): boolean
}

/** A collection that shows a result. */
interface Shown {
  readonly id: string
  readonly sink: CollectionSink
}

/** One result that this tab wants. */
interface Wish {
  readonly id: number
  readonly name: string
  /** Null when the query cannot cross. */
  readonly query: Query | null
  readonly asked: Asked
  readonly rows: ResultRows
  readonly shown: Set<Shown>
  /** All rows are there. */
  isServed: boolean
  /** The query as it runs in the tab, because the engine does not run it. */
  local: LocalQuery | null
  /** Why it runs in the tab. */
  reason: string | null
  /** Why it runs nowhere. */
  error: unknown
}

/** The results that this tab wants, across changes of engines. */
export class Results {
  readonly #options: ResultsOptions
  readonly #wishes = new Map<string, Wish>()
  readonly #byId = new Map<number, Wish>()
  #nextId = FIRST_ID

  constructor(options: ResultsOptions) {
    this.#options = options
  }

  /** Fills a collection. @returns a function that gives the result up */
  join(asked: Asked, shown: Shown): () => void {
    const wish = this.#wishOf(asked)
    wish.shown.add(shown)
    wish.rows.join(shown.sink)
    if (wish.error !== null) shown.sink.fail(wish.error)
    else if (wish.isServed || this.#options.hasNoRows()) shown.sink.markReady()
    if (wish.reason !== null) this.#tellFallbacks()
    return () => {
      wish.shown.delete(shown)
      wish.rows.leave(shown.sink)
      if (wish.reason !== null) this.#tellFallbacks()
      if (wish.shown.size === 0) this.#end(wish)
    }
  }

  all(): ReadonlyArray<SubsetChange> {
    return [...this.#wishes.values()].flatMap(changesOf)
  }

  onServed(served: ReadonlyArray<ServedSubset>): void {
    for (const { id, error } of served) {
      const wish = this.#byId.get(id)
      if (!wish) continue
      if (error) this.#runHere(wish, error)
      else this.#onRows(wish)
    }
  }

  onNoRows(): void {
    for (const { shown } of this.#wishes.values()) for (const { sink } of shown) sink.markReady()
  }

  /** What belongs to names, by the ids of the collections that show them. */
  byId<T>(byName: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
    return Object.fromEntries([...this.#wishes.values()].flatMap(({ name, shown }) => (Object.hasOwn(byName, name) ? [...shown].map(({ id }) => [id, byName[name]!] as const) : [])))
  }

  close(): void {
    for (const { local } of this.#wishes.values()) local?.close()
  }

  #wishOf(asked: Asked): Wish {
    const [query, reason] = this.#queryOf(asked)
    const id = (this.#nextId += 1)
    const name = query ? resultName(query) : `\0local:${String(id)}`
    const known = this.#wishes.get(name)
    if (known) return known
    const wish: Wish = { id, name, query, asked, rows: new ResultRows(this.#options.places), shown: new Set(), isServed: false, local: null, reason: null, error: null }
    this.#wishes.set(name, wish)
    this.#byId.set(id, wish)
    this.#options.targets.set(name, { primaryKey: RESULT_KEY, sink: wish.rows })
    if (reason !== null) this.#runHere(wish, { code: 'INVALID_QUERY', message: reason, retryable: false })
    else this.#options.send(changesOf(wish))
    return wish
  }

  #queryOf(asked: Asked): readonly [query: Query | null, reason: string | null] {
    if (asked.kind === 'named') {
      const { kind, name, params } = asked
      if (!isPlain(params)) throw new SidestreamError('INVALID_ARGUMENT', `the parameters of the query ${name} are no data that JSON has`)
      return [{ kind, name, params }, null]
    }
    try {
      return [{ kind: 'inline', ir: encodeQuery(asked.query, (collection) => this.#options.nameOf(collection)) }, null]
    } catch (error) {
      if (error instanceof UncrossableQueryError) return [null, error.message]
      throw error
    }
  }

  /** The engine has sent the result. */
  #onRows(wish: Wish): void {
    wish.isServed = true
    wish.error = null
    wish.local?.close()
    wish.local = null
    if (wish.reason !== null) {
      wish.reason = null
      this.#tellFallbacks()
    }
    for (const { sink } of wish.shown) sink.markReady()
  }

  /** The engine does not run the query. */
  #runHere(wish: Wish, refusal: ErrorData): void {
    if (wish.local || wish.error !== null) return
    const source = this.#sourceOf(wish.asked)
    const fail = (error: unknown): void => {
      wish.error = error
      for (const { sink } of wish.shown) sink.fail(error)
    }
    if (!source) {
      fail(new SidestreamError(refusal.code, refusal.message))
      return
    }
    wish.reason = refusal.message
    try {
      wish.local = new LocalQuery({
        source,
        createLive: this.#options.createLive,
        rows: wish.rows,
        onReady: () => {
          wish.isServed = true
          for (const { sink } of wish.shown) sink.markReady()
        },
        onError: fail,
      })
    } catch (error) {
      const { message } = toErrorData(error, 'INVALID_QUERY')
      fail(new SidestreamError('INVALID_QUERY', message, { cause: error }))
    }
    this.#tellFallbacks()
  }

  #sourceOf(asked: Asked): LocalSource | null {
    if (asked.kind === 'inline') return asked.query
    const { queries, collections } = this.#options
    const named = functionOf(queries, asked.name)
    return named && ((q: Parameters<typeof named>[0]) => named(q, collections as never, asked.params) as QueryBuilder<never>)
  }

  #end(wish: Wish): void {
    wish.local?.close()
    this.#wishes.delete(wish.name)
    this.#byId.delete(wish.id)
    this.#options.targets.delete(wish.name)
    if (wish.query) this.#options.send([{ id: wish.id, subset: null }])
  }

  #tellFallbacks(): void {
    this.#options.onFallback(new Map([...this.#wishes.values()].flatMap(({ reason, shown }) => (reason === null ? [] : [...shown].map(({ id }) => [id, reason] as const)))))
  }
}

const changesOf = ({ id, name, query }: Wish): SubsetChange[] => (query ? [{ id, subset: { collection: name, where: null, first: null, query } }] : [])
