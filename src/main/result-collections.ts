import { createCollection, createLiveQueryCollection, Query, type Collection, type InitialQueryBuilder, type QueryBuilder } from '@tanstack/db'
import { CollectionSink } from './collection-sink.ts'
import type { Place } from './places.ts'
import type { Asked, Results, ResultsOptions } from './results.ts'
import { resultsPart } from './results-part.ts'

export interface ResultCollectionsOptions extends Omit<ResultsOptions, 'places' | 'createLive'> {
  /** Of the collections' ids. */
  readonly url: string
  /** Waits for work that does not need the engine. @throws SidestreamError `CLOSED` */
  untilClosed<T>(work: Promise<T>): Promise<T>
  /** A result wants rows. */
  onWanted(): void
}

type AnyCollection = Collection<object, string>

/** TanStack DB's builder does not declare that it gives its query. */
interface BuiltQuery {
  _getQuery(): { readonly singleResult?: true }
}

/** Makes the collections of queries' results. The code that fills them is loaded when the first of them is used. */
export class ResultCollections {
  /** Null until a collection is used. */
  filled: Results | null = null
  readonly #options: ResultCollectionsOptions
  /** Where a row has its key and its place in the order. */
  readonly #places = new WeakMap<object, Place>()
  /** The named queries that are in use, by name and parameters. */
  readonly #named = new Map<string, AnyCollection>()
  #made = 0

  constructor(options: ResultCollectionsOptions) {
    this.#options = options
  }

  /** The same collection for the same name and parameters, while it is in use. */
  query(name: string, params: unknown = null): AnyCollection {
    const key = JSON.stringify([name, params])
    let made = this.#named.get(key)
    if (!made) {
      const own = (made = this.#make({ kind: 'named', name, params }, {}, () => {
        if (this.#named.get(key) === own) this.#named.delete(key)
      }))
      this.#named.set(key, own)
    }
    return made
  }

  liveQuery(build: (q: InitialQueryBuilder) => QueryBuilder<never>): AnyCollection {
    const query = build(new Query())
    const { singleResult } = (query as unknown as BuiltQuery)._getQuery()
    return this.#make({ kind: 'inline', query }, { singleResult }, () => undefined)
  }

  #make(asked: Asked, more: object, onCleanup: () => void): AnyCollection {
    const id = `${this.#options.url}?${String((this.#made += 1))}`
    const places = this.#places
    let leave: (() => void) | null = null
    /** Starts are counted: the code may come after the collection was cleaned up. */
    let life = 0
    const sink: CollectionSink = new CollectionSink({
      mode: 'eager',
      onStart: () => {
        const own = (life += 1)
        this.#fill()
          .then((results) => {
            if (own === life) leave = results.join(asked, { id, sink })
          })
          .catch((error: unknown) => {
            if (own === life) sink.fail(error)
          })
      },
      onCleanup: () => {
        life += 1
        leave?.()
        leave = null
        onCleanup()
      },
      load: () => true,
      unload: () => undefined,
    })
    return createCollection<object, string>({
      id,
      // As a live query's own collection, it knows the rows that it was given, and no others.
      getKey: (row: object) => places.get(row)?.key,
      compare: (a: object, b: object) => places.get(a)?.compare(places.get(b)) ?? 0,
      ...more,
      ...sink.config,
    } as unknown as Parameters<typeof createCollection<object, string>>[0])
  }

  async #fill(): Promise<Results> {
    const { Results } = await this.#options.untilClosed(resultsPart.load())
    this.#options.onWanted()
    return (this.filled ??= new Results({ ...this.#options, places: this.#places, createLive: createLiveQueryCollection as ResultsOptions['createLive'] }))
  }
}
