import { createLiveQueryCollection, createTransaction } from '@tanstack/db'
import { createStreamDB } from '../../../src/main/create-stream-db.ts'
import type { StreamDB } from '../../../src/main/options.ts'
import type { SyncMode } from '../../../src/shared/state-schema.ts'
import type { EngineProcess } from './engine-process.ts'
import type { MemoryStream } from './memory-stream.ts'
import { nextTurn } from './next-turn.ts'
import { plainResult } from './plain-result.ts'
import type { Manner, Optimism } from './plan.ts'
import { over, type Query, type Window } from './queries.ts'
import { schemaOf } from './schema.ts'

/** A live query that a tab shows. */
export class Mounted {
  readonly query: Query
  shown: Window | null
  readonly #live: any
  readonly #manner: Manner
  readonly #unsubscribe: () => void
  #moving: Promise<void> | null = null
  #failure: unknown = null

  constructor(tab: Tab, query: Query, manner: Manner) {
    this.query = query
    this.shown = query.window
    this.#manner = manner
    this.#live = createLiveQueryCollection({ query: over(tab.collections, query), gcTime: 1 })
    const subscription = this.#live.subscribeChanges(() => undefined)
    this.#unsubscribe = () => {
      subscription.unsubscribe()
    }
    if (manner === 'preloaded') this.#live.preload().catch(() => undefined)
  }

  move(shown: Window): void {
    this.shown = shown
    const moving: true | Promise<void> = this.#live.utils.setWindow({ ...shown })
    if (moving === true) return
    this.#moving = moving
    moving.catch((error: unknown) => {
      this.#failure ??= error
    }).finally(() => {
      if (this.#moving === moving) this.#moving = null
    })
  }

  unmount(): void {
    this.#unsubscribe()
    if (this.#manner === 'preloaded') void this.#live.cleanup()
  }

  /** What keeps its rows from being the answer; null when nothing does. */
  unrest(): string | null {
    if (this.#failure !== null) return `its window does not move: ${String(this.#failure)}`
    if (this.#live.status !== 'ready') return `it is ${String(this.#live.status)}: ${String(this.#live.utils.lastSubsetError)}`
    if (this.#live.isLoadingSubset) return 'it is loading'
    return this.#moving ? 'its window is moving' : null
  }

  rows(): unknown[] {
    return plainResult(this.#live.toArray)
  }
}

/** A StreamDB, and the queries that are mounted over it. */
export class Tab {
  readonly mode: SyncMode
  readonly mounted: Mounted[] = []
  readonly #db: StreamDB<ReturnType<typeof schemaOf>>
  #isStarted = false
  /** Transactions that have not failed yet. */
  #hopes = 0
  /** Rows that the page has made up. */
  #own = 0

  constructor(mode: SyncMode, stream: MemoryStream, engine: EngineProcess, isCached: boolean) {
    this.mode = mode
    this.#db = createStreamDB({
      streamOptions: { url: stream.url, contentType: 'application/json', backoffOptions: { initialDelay: 1, maxDelay: 5, multiplier: 1.5 } },
      state: schemaOf(mode),
      worker: engine.worker,
      cache: isCached,
    }) as StreamDB<ReturnType<typeof schemaOf>>
  }

  get collections(): StreamDB<ReturnType<typeof schemaOf>>['collections'] {
    return this.#db.collections
  }

  get isStarted(): boolean {
    return this.#isStarted
  }

  /** Items that the tab holds. */
  get held(): number {
    return this.collections.items.size
  }

  /** Whether it holds no more than what is asked for. */
  get holdsLittle(): boolean {
    return this.mode === 'on-demand'
  }

  preload(): void {
    this.#isStarted = true
    this.#db.preload().catch(() => undefined)
  }

  mount(query: Query, manner: Manner): Mounted {
    this.#isStarted = true
    // One that is first asked for when its rows have come stays empty: see test/unit/late-collection.test.ts.
    for (const collection of Object.values(this.collections)) collection.startSyncImmediate()
    const mounted = new Mounted(this, query, manner)
    this.mounted.push(mounted)
    return mounted
  }

  unmount(mounted: Mounted): void {
    this.mounted.splice(this.mounted.indexOf(mounted), 1)
    mounted.unmount()
  }

  unmountAll(): void {
    for (const mounted of [...this.mounted]) this.unmount(mounted)
  }

  /** A transaction changes a row of the page's, and fails a little later. */
  hope({ change, pick, row, lasts }: Optimism): void {
    const { items } = this.collections
    if (!this.#isStarted || (change !== 'insert' && items.size === 0)) return
    this.#hopes += 1
    const transaction = createTransaction({
      mutationFn: async () => {
        for (let turn = 0; turn < lasts; turn += 1) await nextTurn()
        throw new Error('it was not to be')
      },
    })
    const keys = [...items.keys()]
    const key = keys[pick % keys.length]!
    transaction.mutate(() => {
      if (change === 'insert') items.insert({ id: `own-${String((this.#own += 1))}`, ...row })
      else if (change === 'update') items.update(key, (draft) => { Object.assign(draft, row) })
      else items.delete(key)
    })
    transaction.isPersisted.promise.catch(() => undefined).finally(() => {
      this.#hopes -= 1
    }).catch(() => undefined)
  }

  get isHoping(): boolean {
    return this.#hopes > 0
  }

  /** The collections lose their rows; the next query over them starts them again. */
  async cleanUp(): Promise<void> {
    this.unmountAll()
    this.#isStarted = false
    const collections = Object.values(this.collections)
    while (this.isHoping || collections.some(({ subscriberCount }) => subscriberCount > 0)) await nextTurn()
    await Promise.all(collections.map((collection) => collection.cleanup()))
  }

  /** Whether it shows the stream up to this offset. */
  isAt(offset: string): boolean {
    const { upToDate, stale, offset: shown } = this.#db.status.getSnapshot()
    return upToDate && !stale && shown === offset
  }

  /** Whether an engine serves it. */
  get isServed(): boolean {
    return !['idle', 'offline', 'closed'].includes(this.#db.status.getSnapshot().connection)
  }

  describe(): string {
    return `${this.mode}, ${JSON.stringify(this.#db.status.getSnapshot())}`
  }

  close(): void {
    this.unmountAll()
    this.#db.close()
  }
}
