import { createCollection, Query, type Collection, type InitialQueryBuilder, type QueryBuilder } from '@tanstack/db'
import { SidestreamError } from '../shared/errors.ts'
import { isPlain, type PlainData } from '../shared/query.ts'
import type { ServedSubset, SubsetChange } from '../shared/subset.ts'
import { CollectionSink } from './collection-sink.ts'
import type { Place } from './places.ts'
import type { Results, ResultsOptions } from './results.ts'
import { resultsPart } from './results-part.ts'

/** What `query` or `liveQuery` was asked for. */
export type Asked = { readonly kind: 'named'; readonly name: string; readonly params: PlainData } | { readonly kind: 'inline'; readonly query: QueryBuilder<never> }

export interface ResultCollectionsOptions extends Omit<ResultsOptions, 'places'> {
  /** Of the collections' ids. */
  readonly url: string
  /** Waits for work that does not need the engine. @throws SidestreamError `CLOSED` */
  untilClosed<T>(work: Promise<T>): Promise<T>
  /** A result wants rows. */
  onWanted(): void
}

/** TanStack DB's builder does not declare that it gives its query. */
interface SingleQuery {
  _getQuery(): { readonly singleResult?: boolean }
}

/** Makes the collections of queries' results. The code that fills them is loaded when the first of them is used. */
export class ResultCollections {
  readonly #options: ResultCollectionsOptions
  /** Where a row has its key and its place in the order. */
  readonly #places = new WeakMap<object, Place>()
  /** The named queries that are in use, by name and parameters. */
  readonly #named = new Map<string, Collection<object, string>>()
  #made = 0
  #results: Results | null = null

  constructor(options: ResultCollectionsOptions) {
    this.#options = options
  }

  /** The same collection for the same name and parameters, while it is in use. @throws SidestreamError `INVALID_ARGUMENT` */
  query(name: string, params: unknown = null): Collection<object, string> {
    if (!isPlain(params)) throw new SidestreamError('INVALID_ARGUMENT', `the parameters of the query ${name} are no data that JSON has`)
    const key = JSON.stringify([name, params])
    const known = this.#named.get(key)
    if (known) return known
    const made = this.#make({ kind: 'named', name, params }, false, () => {
      if (this.#named.get(key) === made) this.#named.delete(key)
    })
    this.#named.set(key, made)
    return made
  }

  liveQuery(build: (q: InitialQueryBuilder) => QueryBuilder<never>): Collection<object, string> {
    const query = build(new Query())
    return this.#make({ kind: 'inline', query }, (query as unknown as SingleQuery)._getQuery().singleResult === true, () => undefined)
  }

  /** All wishes, for the hello to a new engine. */
  all(): ReadonlyArray<SubsetChange> {
    return this.#results?.all() ?? []
  }

  onServed(served: ReadonlyArray<ServedSubset>): void {
    this.#results?.onServed(served)
  }

  /** The tab has signed out: no rows will come. */
  onNoRows(): void {
    this.#results?.onNoRows()
  }

  /** By the ids of collections, what an engine says by names. */
  statusOf<T>(queries: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
    return this.#results?.byId(queries) ?? {}
  }

  close(): void {
    this.#results?.close()
  }

  #make(asked: Asked, isSingle: boolean, onCleanup: () => void): Collection<object, string> {
    this.#made += 1
    const id = `${this.#options.url}?${asked.kind === 'named' ? asked.name : ''}:${String(this.#made)}`
    let leave: (() => void) | null = null
    /** Starts are counted: the code may come after the collection was cleaned up. */
    let life = 0
    const sink: CollectionSink = new CollectionSink({
      mode: 'eager',
      onStart: () => {
        const own = (life += 1)
        this.#load().then(
          (results) => {
            if (own === life) leave = results.join(asked, { id, sink })
          },
          (error: unknown) => {
            if (own === life) sink.fail(error)
          },
        )
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
    const places = this.#places
    return createCollection<object, string>({
      id,
      getKey: (row: object) => places.get(row)?.key ?? '',
      compare: (a: object, b: object) => {
        const [own, other] = [places.get(a), places.get(b)]
        return own && other ? own.compare(other) : 0
      },
      ...(isSingle ? { singleResult: true as const } : {}),
      ...sink.config,
    } as Parameters<typeof createCollection<object, string>>[0]) as unknown as Collection<object, string>
  }

  async #load(): Promise<Results> {
    const { untilClosed, onWanted } = this.#options
    const code = resultsPart.code ?? (await untilClosed(resultsPart.load()))
    this.#results ??= new code.Results({ ...this.#options, places: this.#places })
    onWanted()
    return this.#results
  }
}

