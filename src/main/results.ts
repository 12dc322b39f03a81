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

/** The ids of wants for results; those of other subsets begin at 1. */
const FIRST_ID = 2 ** 31

/** What a collection of `query` or `liveQuery` is to show. Without a window (null), it is the query's own. */
export type Asked = { readonly window: Part | null } & (
  | { readonly kind: 'named'; readonly name: string; readonly params: unknown }
  | { readonly kind: 'inline'; readonly query: QueryBuilder<never> }
)

export interface ResultsOptions {
  /** Where a replica puts the rows, by the names of results and collections. */
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
  /** Shows the result no more. The last collection that leaves ends the want. */
  leave(): void
}

/** One result that this tab wants. */
interface Want {
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
  readonly #wants = new Map<string, Want>()
  readonly #byId = new Map<number, Want>()
  #nextId = FIRST_ID

  constructor(options: ResultsOptions) {
    this.#options = options
  }

  /** Fills a collection with the result that it asks for. */
  join(asked: Asked, shown: Shown): Joined {
    let want = this.#wantOf(asked)
    this.#show(want, shown, [])
    return {
      get isOrdered() {
        return want.rows.isOrdered
      },
      move: (window) => {
        want = this.#moved(want, { ...asked, window }, shown)
        return this.#settled(want)
      },
      leave: () => {
        this.#leave(want, shown)
      },
    }
  }

  all(): ReadonlyArray<SubsetChange> {
    return [...this.#wants.values()].flatMap(changesOf)
  }

  onServed(served: ReadonlyArray<ServedSubset>): void {
    for (const { id, error } of served) {
      const want = this.#byId.get(id)
      if (!want) continue
      if (error) this.#runHere(want, error)
      else this.#onRows(want)
    }
  }

  /** The tab has signed out: the collections are ready, and empty. */
  onNoRows(): void {
    for (const want of this.#wants.values()) ready(want)
  }

  /** What an engine tells by the names of results, by the ids of the collections that show them. */
  byId<T>(byName: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
    return Object.fromEntries([...this.#wants.values()].flatMap(({ name, shown }) => (Object.hasOwn(byName, name) ? [...shown].map(({ id }) => [id, byName[name]!] as const) : [])))
  }

  close(): void {
    for (const { local, waiting } of this.#wants.values()) {
      local?.close()
      for (const gate of waiting) gate.reject(new SidestreamError('CLOSED', 'the StreamDB is closed'))
    }
  }

  #show({ shown, rows, error, isServed, reason }: Want, one: Shown, former: Iterable<string>): void {
    shown.add(one)
    rows.join(one.sink, former)
    if (error !== null) one.sink.fail(error)
    else if (isServed || this.#options.hasNoRows()) one.sink.markReady()
    if (reason !== null) this.#tellFallbacks()
  }

  #leave(want: Want, one: Shown): void {
    want.shown.delete(one)
    want.rows.leave(one.sink)
    if (want.reason !== null) this.#tellFallbacks()
    if (want.shown.size === 0) this.#end(want)
  }

  /** The want for the same query with another window. The former rows are shown until it is served. */
  #moved(want: Want, asked: Asked, one: Shown): Want {
    const [query] = this.#queryOf(asked)
    if (query && resultName(query) === want.name) return want
    if (want.shown.size === 1 && !(query && this.#wants.has(resultName(query)))) {
      this.#rename(want, asked, query)
      return want
    }
    const other = this.#wantOf(asked)
    if (!other.isServed) other.rows.standIn(want.rows)
    this.#show(other, one, want.rows.keys())
    this.#leave(want, one)
    return other
  }

  /** To the engine it is another want. It is asked for before the former one is let go, so that the query that is at work goes on. */
  #rename(want: Want, asked: Asked, query: Query | null): void {
    want.asked = asked
    if (query) {
      const { id, name, rows } = want
      Object.assign(want, { id: (this.#nextId += 1), name: resultName(query), query })
      this.#byId.delete(id)
      this.#wants.delete(name)
      this.#options.targets.delete(name)
      this.#byId.set(want.id, want)
      this.#wants.set(want.name, want)
      this.#options.targets.set(want.name, { primaryKey: RESULT_KEY, sink: rows })
      this.#options.send([...changesOf(want), { id, subset: null }])
    }
    if (!want.local) {
      want.isServed = false
      return
    }
    const moved = want.local.move(windowIn(asked))
    want.isServed = moved === true
    if (moved === true) return
    moved.then(
      () => {
        if (want.asked === asked) this.#served(want)
      },
      (error: unknown) => {
        if (want.asked === asked) for (const gate of want.waiting) gate.reject(error as Error)
      },
    )
  }

  #settled({ error, isServed, waiting }: Want): true | Promise<void> {
    if (error === null && (isServed || this.#options.hasNoRows())) return true
    const gate = new Gate<void>()
    if (error === null) waiting.add(gate)
    else gate.reject(error as Error)
    return gate.promise
  }

  #served(want: Want): void {
    want.isServed = true
    ready(want)
  }

  #wantOf(asked: Asked): Want {
    const [query, reason] = this.#queryOf(asked)
    const id = (this.#nextId += 1)
    const name = query ? resultName(query) : `\0local:${String(id)}`
    const known = this.#wants.get(name)
    if (known) return known
    const want: Want = { id, name, query, asked, rows: new ResultRows(this.#options.places), shown: new Set(), isServed: false, waiting: new Set(), local: null, reason: null, error: null }
    this.#wants.set(name, want)
    this.#byId.set(id, want)
    this.#options.targets.set(name, { primaryKey: RESULT_KEY, sink: want.rows })
    if (reason !== null) this.#runHere(want, { code: 'INVALID_QUERY', message: reason, retryable: false })
    else this.#options.send(changesOf(want))
    return want
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
  #onRows(want: Want): void {
    want.error = null
    want.local?.close()
    want.local = null
    if (want.reason !== null) {
      want.reason = null
      this.#tellFallbacks()
    }
    this.#served(want)
  }

  /** The engine does not run the query. */
  #runHere(want: Want, refusal: ErrorData): void {
    if (want.local || want.error !== null) return
    const source = this.#sourceOf(want.asked)
    const fail = (error: unknown): void => {
      want.error = error
      for (const { sink } of want.shown) sink.fail(error)
      for (const gate of want.waiting) gate.reject(error as Error)
      want.waiting.clear()
    }
    if (!source) {
      fail(new SidestreamError(refusal.code, refusal.message))
      return
    }
    want.reason = refusal.message
    try {
      want.local = new LocalQuery({
        source,
        window: windowIn(want.asked),
        createLive: this.#options.createLive,
        rows: want.rows,
        onReady: () => {
          this.#served(want)
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

  #end(want: Want): void {
    want.local?.close()
    for (const gate of want.waiting) gate.resolve()
    this.#wants.delete(want.name)
    this.#byId.delete(want.id)
    this.#options.targets.delete(want.name)
    if (want.query) this.#options.send([{ id: want.id, subset: null }])
  }

  #tellFallbacks(): void {
    this.#options.onFallback(new Map([...this.#wants.values()].flatMap(({ reason, shown }) => (reason === null ? [] : [...shown].map(({ id }) => [id, reason] as const)))))
  }
}

const changesOf = ({ id, name, query }: Want): SubsetChange[] => (query ? [{ id, subset: { collection: name, where: null, first: null, query } }] : [])

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

function ready({ shown, waiting }: Want): void {
  for (const { sink } of shown) sink.markReady()
  for (const gate of waiting) gate.resolve()
  waiting.clear()
}
