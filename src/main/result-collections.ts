import { createCollection, createLiveQueryCollection, Query, type Collection, type InitialQueryBuilder, type QueryBuilder } from '@tanstack/db'
import { functionOf, type ResultUtils } from '../shared/named-queries.ts'
import { isPlain } from '../shared/query.ts'
import { CollectionSink } from './collection-sink.ts'
import type { Place } from './places.ts'
import { resultUtils, type BuiltQuery } from './result-window.ts'
import type { Asked, Joined, Results, ResultsOptions } from './results.ts'
import { resultsPart } from './results-part.ts'

export interface ResultCollectionsOptions extends Omit<ResultsOptions, 'places' | 'createLive'> {
  /** The stream's URL: the ids of the collections begin with it. */
  readonly url: string
  /** Waits for work that does not need the engine. @throws SidestreamError `CLOSED` */
  untilClosed<T>(work: Promise<T>): Promise<T>
  /** A collection of a result is used: the StreamDB has to connect. */
  onWanted(): void
}

type AnyResult = Collection<object, string, ResultUtils>

/** Makes the collections of queries' results. The code that fills them is loaded when the first of them is used. */
export class ResultCollections {
  /** Null until a collection is used. */
  filled: Results | null = null
  readonly #options: ResultCollectionsOptions
  /** Where a row has its key and its place in the order. */
  readonly #places = new WeakMap<object, Place>()
  /** The named queries that are in use, by name and parameters. */
  readonly #named = new Map<string, AnyResult>()
  #made = 0

  constructor(options: ResultCollectionsOptions) {
    this.#options = options
    // A page that has queries uses them: their code loads while the worker starts.
    if (options.queries) resultsPart.load().catch(() => undefined)
  }

  /** The same collection for the same name and parameters, while it is in use. */
  query(name: string, params: unknown = null): AnyResult {
    // Other parameters are refused when the collection is used, and JSON would give them the key of ones that are not.
    if (!isPlain(params)) return this.#make({ kind: 'named', name, params, window: null }, () => null, () => undefined)
    const key = JSON.stringify([name, params])
    let made = this.#named.get(key)
    if (!made) {
      // The application may change its object later.
      const copy = structuredClone(params)
      const own = (made = this.#make({ kind: 'named', name, params: copy, window: null }, () => this.#builtOf(name, copy), () => {
        if (this.#named.get(key) === own) this.#named.delete(key)
      }))
      this.#named.set(key, own)
    }
    return made
  }

  liveQuery(build: (q: InitialQueryBuilder) => QueryBuilder<never>): AnyResult {
    const query = build(new Query())
    return this.#make({ kind: 'inline', query, window: null }, () => query as unknown as BuiltQuery, () => undefined)
  }

  /** The query of a function that the page has, which may change its parameters. */
  #builtOf(name: string, params: unknown): BuiltQuery | null {
    const { queries, collections } = this.#options
    try {
      return (functionOf(queries, name)?.(new Query(), collections as never, structuredClone(params)) as unknown as BuiltQuery | undefined) ?? null
    } catch {
      // Whoever runs it says why.
      return null
    }
  }

  #make(first: Asked, built: () => BuiltQuery | null, onCleanup: () => void): AnyResult {
    const id = `${this.#options.url}?${String((this.#made += 1))}`
    const places = this.#places
    let asked = first
    let joined: Joined | null = null
    /** Null while the collection is not used. */
    let joining: Promise<unknown> | null = null
    /** Changes with each start and each clean-up: what a former start still waits for (the code may load slowly) has no effect. */
    let life = 0
    const sink: CollectionSink = new CollectionSink({
      mode: 'eager',
      onStart: () => {
        const own = (life += 1)
        joining = this.#fill()
          .then((results) => {
            if (own === life) joined = results.join(asked, { id, sink })
          })
          .catch((error: unknown) => {
            if (own === life) sink.fail(error)
          })
      },
      onCleanup: () => {
        life += 1
        joined?.leave()
        joined = null
        joining = null
        onCleanup()
      },
      load: () => true,
      unload: () => undefined,
    })
    const utils = resultUtils(built, (window) => {
      const moved = joined?.move(window)
      asked = { ...asked, window }
      return moved ?? joining?.then(async () => {
        await joined?.move(asked.window)
      }) ?? true
    })
    return createCollection<object, string>({
      id,
      utils,
      // As a live query's own collection, it knows the rows that it was given, and no others.
      getKey: (row: object) => places.get(row)?.key,
      // TanStack DB compares some twenty times for each row that it puts among a few hundred: without an order, nothing is looked up.
      compare: (a: object, b: object) => (joined?.isOrdered === false ? 0 : (places.get(a)?.compare(places.get(b)) ?? 0)),
      singleResult: built()?._getQuery().singleResult,
      ...sink.config,
    } as unknown as Parameters<typeof createCollection<object, string>>[0]) as unknown as AnyResult
  }

  async #fill(): Promise<Results> {
    const { Results } = await this.#options.untilClosed(resultsPart.load())
    this.#options.onWanted()
    return (this.filled ??= new Results({ ...this.#options, places: this.#places, createLive: createLiveQueryCollection as ResultsOptions['createLive'] }))
  }
}
