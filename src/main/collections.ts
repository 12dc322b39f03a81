import { createCollection, type Collection, type LoadSubsetOptions } from '@tanstack/db'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { getStreamDBCollectionId } from '../shared/names.ts'
import type { CollectionDefinition, StreamStateDefinition, SyncMode } from '../shared/state-schema.ts'
import { codeRefusals } from './coded-refusals.ts'
import { CollectionSink } from './collection-sink.ts'
import type { HeldSubsets, HeldSubsetsOptions } from './held-subsets.ts'
import { closedError } from './link.ts'
import { queriesPart } from './queries-part.ts'
import type { ReplicaCollection } from './replica.ts'
import { rowSchema } from './row-schema.ts'
import type { StreamMutationFn } from './write-calls.ts'

type AnyCollection = Collection<object, string>

export interface CollectionsOptions extends HeldSubsetsOptions {
  readonly url: string
  readonly state: StreamStateDefinition
  /** Writes the application's changes of the collections. */
  readonly mutationFn: StreamMutationFn
  readonly isClosed: () => boolean
  /** A collection starts; `again` when it was cleaned up before, and lacks rows that this tab had. */
  readonly onStart: (again: boolean) => void
  /** Waits for work that does not need the engine. @throws SidestreamError `CLOSED` */
  untilClosed<T>(work: Promise<T>): Promise<T>
  /** A query asks for rows that the tab may not hold. */
  readonly onDemand: () => void
  /** A live query or subscriber of the application threw. */
  readonly onCommitError: (error: unknown) => void
}

/** A StreamDB's TanStack DB collections, what this tab holds of each, and the subsets that their queries ask for. */
export class Collections {
  readonly byName: Readonly<Record<string, AnyCollection>>
  /** Where a replica puts the rows. */
  readonly targets: Map<string, ReplicaCollection>
  readonly #options: CollectionsOptions
  readonly #names: ReadonlyMap<object, string>
  /** Collections of which this tab does not hold all rows. */
  readonly #modes = new Map<string, SyncMode>()
  /** Null until a query asks for rows that the tab may not hold. */
  #subsets: HeldSubsets | null = null
  /** Requests that wait for the code of the subsets. */
  readonly #asked = new Map<LoadSubsetOptions, string>()

  constructor(options: CollectionsOptions) {
    this.#options = options
    const made = Object.entries(options.state).map(([name, definition]) => [name, this.#make(name, definition)] as const)
    this.byName = Object.fromEntries(made.map(([name, { collection }]) => [name, collection]))
    this.#names = new Map(made.map(([name, { collection }]) => [collection, name]))
    this.targets = new Map(made.map(([name, { target }]) => [name, target]))
  }

  /** The subsets that the tab's queries hold; null when there was none yet. */
  get subsets(): HeldSubsets | null {
    return this.#subsets
  }

  /** The name of a collection; undefined when it is not of this StreamDB. */
  nameOf(collection: object): string | undefined {
    return this.#names.get(collection)
  }

  /** As in a hello: a progressive collection is left out once the tab has all of its rows. */
  get modes(): Readonly<Record<string, SyncMode>> {
    return Object.fromEntries(this.#modes)
  }

  /**
   * Starts all collections, also those that no query uses yet.
   * @param withOnDemand also those whose rows come only when a query asks for them
   */
  start(withOnDemand: boolean): void {
    for (const [name, collection] of Object.entries(this.byName)) {
      if (withOnDemand || this.#modes.get(name) !== 'on-demand') this.#guard(() => { collection.startSyncImmediate() })
    }
  }

  /** The rows of all collections can be shown, but for those `filling`. */
  markReady(filling: ReadonlyArray<string>): void {
    for (const [name, { sink }] of this.targets) {
      if (!filling.includes(name)) this.#guard(() => { sink.markReady() })
    }
    for (const [name, mode] of this.#modes) {
      if (mode !== 'progressive' || filling.includes(name)) continue
      this.#modes.delete(name)
      this.#subsets?.onWhole(name)
    }
  }

  #make(name: string, { schema, primaryKey, syncMode: mode = 'eager' }: CollectionDefinition): { collection: AnyCollection; target: ReplicaCollection } {
    const { url, mutationFn, onStart } = this.#options
    if (mode !== 'eager') this.#modes.set(name, mode)
    const sink = new CollectionSink({
      mode,
      onStart: (again) => {
        onStart(again && mode !== 'on-demand')
      },
      onCleanup: () => {
        for (const [demand, of] of this.#asked) if (of === name) this.#asked.delete(demand)
        this.#subsets?.drop(name)
      },
      load: (demand) => this.#load(name, demand),
      unload: (demand) => {
        this.#asked.delete(demand)
        this.#subsets?.unload(demand)
      },
    })
    const handlers: object = { onInsert: mutationFn, onUpdate: mutationFn, onDelete: mutationFn }
    const collection = createCollection<object, string>({
      id: getStreamDBCollectionId(url, name),
      schema: rowSchema(schema, primaryKey) as StandardSchemaV1<object>,
      getKey: (row: object) => String((row as Record<string, unknown>)[primaryKey]),
      ...sink.config,
      ...handlers,
      // One stream feeds all collections: a single collection that TanStack DB has garbage-collected could not be refilled alone.
      gcTime: 0,
    } as Parameters<typeof createCollection<object, string>>[0]) as unknown as AnyCollection
    sink.watch(collection)
    codeRefusals(collection)
    return { collection, target: { primaryKey, sink } }
  }

  #load(name: string, demand: LoadSubsetOptions): true | Promise<void> {
    const { isClosed, onDemand } = this.#options
    if (isClosed()) return Promise.reject(closedError())
    if (!this.#modes.has(name)) return true
    const { code } = queriesPart
    if (!code) return this.#loadLater(name, demand)
    onDemand()
    return (this.#subsets ??= new code.HeldSubsets(this.#options)).load(name, demand)
  }

  async #loadLater(name: string, demand: LoadSubsetOptions): Promise<void> {
    this.#asked.set(demand, name)
    await this.#options.untilClosed(queriesPart.load())
    // It may have been given up meanwhile.
    if (this.#asked.delete(demand)) await this.#load(name, demand)
  }

  /** A collection calls its subscribers: an error of a subscriber must not end the work on the other collections. */
  #guard(task: () => void): void {
    try {
      task()
    } catch (error) {
      this.#options.onCommitError(error)
    }
  }
}
