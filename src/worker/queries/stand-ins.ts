import { BasicIndex, createCollection } from '@tanstack/db'
import { invalidQuery, type StandIn } from './decode-query.ts'

export interface QueriedCollection {
  readonly name: string
  readonly primaryKey: string
}

/**
 * Collections without rows. TanStack DB’s builder and compiler want collections, but take from them only identity and collation;
 * the rows stay where the engine has them.
 */
export class StandIns {
  readonly #byName: ReadonlyMap<string, StandIn>
  readonly #names = new Map<object, string>()

  constructor(collections: ReadonlyArray<QueriedCollection>) {
    this.#byName = new Map(collections.map(({ name, primaryKey }) => [name, standIn(name, primaryKey)]))
    for (const [name, collection] of this.#byName) this.#names.set(collection, name)
  }

  /** The stand-ins by name, for the function of a named query. */
  get record(): Readonly<Record<string, StandIn>> {
    return Object.fromEntries(this.#byName)
  }

  /** @throws SidestreamError with `INVALID_QUERY` */
  get(name: string): StandIn {
    const collection = this.#byName.get(name)
    if (!collection) throw invalidQuery(`there is no collection "${name}"`)
    return collection
  }

  /** @throws SidestreamError with `INVALID_QUERY` */
  nameOf(collection: object): string {
    const name = this.#names.get(collection)
    if (name === undefined) throw invalidQuery('it has a source that is no collection of the StreamDB')
    return name
  }
}

const standIn = (name: string, primaryKey: string): StandIn =>
  createCollection<object, string>({
    id: name,
    getKey: (row) => String((row as Record<string, unknown>)[primaryKey]),
    sync: { sync: () => undefined },
    startSync: false,
    // Without an index, TanStack DB warns on the console of each query for the first rows of an order.
    autoIndex: 'eager',
    defaultIndexType: BasicIndex,
  })
