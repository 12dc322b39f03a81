import type { QueryBuilder } from '@tanstack/db'
import { SidestreamError, toErrorData, type ErrorData } from '../shared/errors.ts'
import { functionOf, type NamedQueries } from '../shared/named-queries.ts'
import { encodeQuery, UncrossableQueryError } from '../shared/query-data.ts'
import { isPlain, movedTo, RESULT_KEY, resultName, windowOf, type Query, type ResultWindow } from '../shared/query.ts'
import type { ServedSubset, SubsetChange } from '../shared/subset.ts'
import { Gate } from '../shared/gate.ts'
import type { CollectionSink } from './collection-sink.ts'
import { LocalQuery, type CreateLive, type LocalSource } from './local-query.ts'
import type { Place } from './places.ts'
import type { ReplicaCollection } from './replica.ts'
import { ResultRows } from './result-rows.ts'
import type { Part } from './result-window.ts'

/** The ids of wishes for results; those of other subsets begin at 1. */
const FIRST_ID = 2 ** 31

/** What `query` or `liveQuery` was asked for. A window of null is the query's own. */
export type Asked = { readonly window: Part | null } & (
  | { readonly kind: 'named'; readonly name: string; readonly params: unknown }
  | { readonly kind: 'inline'; readonly query: QueryBuilder<never> }
)

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

/** The place of a collection among those that show a result. */
export interface Joined {
  /** Rows of the result have places in an order. */
  readonly isOrdered: boolean
  /** Shows another window of the result. @returns true, or a promise that resolves when the rows are there */
  move(window: Part | null): true | Promise<void>
  /** Gives the result up. */
  leave(): void
}

/** One result that this tab wants. */
interface Wish {
  id: number
  name: string
  /** Null when the query cannot cross. */
  query: Query | null
  asked: Asked
  readonly rows: ResultRows
  readonly shown: Set<Shown>
  /** All rows are there. */
  isServed: boolean
  /** Those who wait for the rows. */
  readonly waiting: Set<Gate<void>>
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

  /** Fills a collection. */
  join(asked: Asked, shown: Shown): Joined {
    let wish = this.#wishOf(asked)
    this.#show(wish, shown, [])
    return {
      get isOrdered() {
        return wish.rows.isOrdered
      },
      move: (window) => {
        wish = this.#moved(wish, { ...asked, window }, shown)
        return this.#settled(wish)
      },
      leave: () => {
        this.#leave(wish, shown)
      },
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
    for (const wish of this.#wishes.values()) ready(wish)
  }

  /** What belongs to names, by the ids of the collections that show them. */
  byId<T>(byName: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
    return Object.fromEntries([...this.#wishes.values()].flatMap(({ name, shown }) => (Object.hasOwn(byName, name) ? [...shown].map(({ id }) => [id, byName[name]!] as const) : [])))
  }

  close(): void {
    for (const { local, waiting } of this.#wishes.values()) {
      local?.close()
      for (const gate of waiting) gate.reject(new SidestreamError('CLOSED', 'the StreamDB is closed'))
    }
  }

  #show({ shown, rows, error, isServed, reason }: Wish, one: Shown, former: Iterable<string>): void {
    shown.add(one)
    rows.join(one.sink, former)
    if (error !== null) one.sink.fail(error)
    else if (isServed || this.#options.hasNoRows()) one.sink.markReady()
    if (reason !== null) this.#tellFallbacks()
  }

  #leave(wish: Wish, one: Shown): void {
    wish.shown.delete(one)
    wish.rows.leave(one.sink)
    if (wish.reason !== null) this.#tellFallbacks()
    if (wish.shown.size === 0) this.#end(wish)
  }

  /** The wish for the same query with another window. The former rows are shown until it is served. */
  #moved(wish: Wish, asked: Asked, one: Shown): Wish {
    const [query] = this.#queryOf(asked)
    if (query && resultName(query) === wish.name) return wish
    if (wish.shown.size === 1 && !(query && this.#wishes.has(resultName(query)))) {
      this.#rename(wish, asked, query)
      return wish
    }
    const other = this.#wishOf(asked)
    if (!other.isServed) other.rows.standIn(wish.rows)
    this.#show(other, one, wish.rows.keys())
    this.#leave(wish, one)
    return other
  }

  /** To the engine it is another want. It is asked for before the former one is let go, so that the run goes on. */
  #rename(wish: Wish, asked: Asked, query: Query | null): void {
    wish.asked = asked
    if (query) {
      const { id, name, rows } = wish
      Object.assign(wish, { id: (this.#nextId += 1), name: resultName(query), query })
      this.#byId.delete(id)
      this.#wishes.delete(name)
      this.#options.targets.delete(name)
      this.#byId.set(wish.id, wish)
      this.#wishes.set(wish.name, wish)
      this.#options.targets.set(wish.name, { primaryKey: RESULT_KEY, sink: rows })
      this.#options.send([...changesOf(wish), { id, subset: null }])
    }
    if (!wish.local) {
      wish.isServed = false
      return
    }
    const moved = wish.local.move(windowIn(asked))
    wish.isServed = moved === true
    if (moved === true) return
    moved.then(
      () => {
        if (wish.asked === asked) this.#served(wish)
      },
      (error: unknown) => {
        if (wish.asked === asked) for (const gate of wish.waiting) gate.reject(error as Error)
      },
    )
  }

  #settled({ error, isServed, waiting }: Wish): true | Promise<void> {
    if (error === null && (isServed || this.#options.hasNoRows())) return true
    const gate = new Gate<void>()
    if (error === null) waiting.add(gate)
    else gate.reject(error as Error)
    return gate.promise
  }

  #served(wish: Wish): void {
    wish.isServed = true
    ready(wish)
  }

  #wishOf(asked: Asked): Wish {
    const [query, reason] = this.#queryOf(asked)
    const id = (this.#nextId += 1)
    const name = query ? resultName(query) : `\0local:${String(id)}`
    const known = this.#wishes.get(name)
    if (known) return known
    const wish: Wish = { id, name, query, asked, rows: new ResultRows(this.#options.places), shown: new Set(), isServed: false, waiting: new Set(), local: null, reason: null, error: null }
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
      return [movedTo({ kind, name, params }, windowIn(asked)), null]
    }
    try {
      const query: Query = { kind: 'inline', ir: encodeQuery(asked.query, (collection) => this.#options.nameOf(collection)) }
      return [movedTo(query, windowIn(asked) ?? windowOf(query)), null]
    } catch (error) {
      if (error instanceof UncrossableQueryError) return [null, error.message]
      throw error
    }
  }

  /** The engine has sent the result. */
  #onRows(wish: Wish): void {
    wish.error = null
    wish.local?.close()
    wish.local = null
    if (wish.reason !== null) {
      wish.reason = null
      this.#tellFallbacks()
    }
    this.#served(wish)
  }

  /** The engine does not run the query. */
  #runHere(wish: Wish, refusal: ErrorData): void {
    if (wish.local || wish.error !== null) return
    const source = this.#sourceOf(wish.asked)
    const fail = (error: unknown): void => {
      wish.error = error
      for (const { sink } of wish.shown) sink.fail(error)
      for (const gate of wish.waiting) gate.reject(error as Error)
      wish.waiting.clear()
    }
    if (!source) {
      fail(new SidestreamError(refusal.code, refusal.message))
      return
    }
    wish.reason = refusal.message
    try {
      wish.local = new LocalQuery({
        source,
        window: windowIn(wish.asked),
        createLive: this.#options.createLive,
        rows: wish.rows,
        onReady: () => {
          this.#served(wish)
        },
        onError: (error) => {
          fail(coded(error))
        },
      })
    } catch (error) {
      fail(coded(error))
    }
    this.#tellFallbacks()
  }

  #sourceOf(asked: Asked): LocalSource | null {
    if (asked.kind === 'inline') return asked.query
    const { queries, collections } = this.#options
    const named = functionOf(queries, asked.name)
    return named && ((q: Parameters<typeof named>[0]) => named(q, collections as never, structuredClone(asked.params)) as QueryBuilder<never>)
  }

  #end(wish: Wish): void {
    wish.local?.close()
    for (const gate of wish.waiting) gate.resolve()
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

/** @throws SidestreamError `INVALID_ARGUMENT` */
function windowIn({ window }: Asked): ResultWindow | null {
  if (!window) return null
  const { offset, limit } = window
  if (!isCount(offset) || !(isCount(limit) || limit === Infinity)) throw new SidestreamError('INVALID_ARGUMENT', `a window cannot have the offset ${String(offset)} and the limit ${String(limit)}`)
  return { offset, limit: limit === Infinity ? null : limit }
}

/** An error of TanStack DB, or of a function in the query. */
const coded = (error: unknown): unknown => (error instanceof SidestreamError ? error : new SidestreamError('INVALID_QUERY', toErrorData(error, 'INVALID_QUERY').message, { cause: error }))

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

function ready({ shown, waiting }: Wish): void {
  for (const { sink } of shown) sink.markReady()
  for (const gate of waiting) gate.resolve()
  waiting.clear()
}
