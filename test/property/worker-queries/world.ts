import { createCollection, createLiveQueryCollection, type Collection, type InitialQueryBuilder, type IR, type QueryBuilder, type SyncConfig } from '@tanstack/db'
import { encodeQuery } from '../../../src/shared/query-data.ts'
import { RowDiff } from '../../../src/shared/row-diff.ts'
import { QueryRunner, type ResultRow } from '../../../src/worker/queries/runner.ts'
import { ManualClock } from '../../contract/manual-clock.ts'

export type Row = Record<string, unknown> & { readonly id: string }
export type Sources = Record<string, Collection<any, string>>
export type Build = (q: InitialQueryBuilder, sources: Sources) => QueryBuilder<any>

/** Key → the row, or null to remove it. */
export type Changes = ReadonlyArray<readonly [collection: string, key: string, row: Row | null]>

interface Plain {
  readonly collection: Collection<any, string>
  write(changes: ReadonlyArray<readonly [string, Row | null]>): void
}

const makePlain = (name: string): Plain => {
  let sync!: Parameters<SyncConfig<any, string>['sync']>[0]
  const collection = createCollection<any, string>({
    id: name,
    getKey: (row: Row) => row.id,
    sync: {
      rowUpdateMode: 'full',
      sync: (params) => {
        sync = params
        sync.markReady()
      },
    },
    startSync: true,
  })
  return {
    collection,
    write: (changes) => {
      sync.begin()
      for (const [key, row] of changes) {
        const type = row === null ? 'delete' : sync.collection._state.syncedData.has(key) ? 'update' : 'insert'
        sync.write({ type, value: row ?? { id: key } } as never)
      }
      sync.commit()
    },
  }
}

/** A result as data: rows by key, and the keys in order. */
export interface Shown {
  readonly rows: Readonly<Record<string, unknown>>
  readonly order: ReadonlyArray<string> | null
}

/** The same rows in plain collections of TanStack DB and under a runner. */
export class World {
  readonly clock = new ManualClock()
  readonly runner: QueryRunner
  readonly #plain: Record<string, Plain>
  readonly #rows: Record<string, Map<string, Row>>
  readonly #names = new Map<object, string>()

  constructor(names: ReadonlyArray<string>) {
    this.#plain = Object.fromEntries(names.map((name) => [name, makePlain(name)]))
    for (const name of names) this.#names.set(this.#plain[name]!.collection, name)
    this.#rows = Object.fromEntries(names.map((name) => [name, new Map<string, Row>()]))
    this.runner = new QueryRunner({ clock: this.clock, collections: names.map((name) => ({ name, primaryKey: 'id' })), rows: (name) => this.#rows[name]!, named: {} })
  }

  get sources(): Sources {
    return Object.fromEntries(Object.entries(this.#plain).map(([name, { collection }]) => [name, collection]))
  }

  write(changes: Changes): void {
    const diff = new RowDiff()
    for (const [name, key, row] of changes) {
      if (row === null && !this.#rows[name]!.has(key)) continue
      if (row === null) this.#rows[name]!.delete(key)
      else this.#rows[name]!.set(key, row)
      diff.set(name, key, row)
    }
    for (const [name, rows] of diff.entries()) this.#plain[name]!.write([...rows].filter(([key, row]) => row !== null || this.#plain[name]!.collection.has(key)) as never)
    this.runner.changed(diff)
  }

  /** All rows are replaced at once, and only the runner is told that they were. */
  replace(changes: Changes): void {
    for (const [name, rows] of Object.entries(this.#rows)) {
      const { collection, write } = this.#plain[name]!
      const now = new Map(changes.filter(([of, , row]) => of === name && row !== null).map(([, key, row]) => [key, row!]))
      write([...[...collection.keys()].filter((key) => !now.has(key)).map((key) => [key, null] as const), ...now])
      rows.clear()
      for (const [key, row] of now) rows.set(key, row)
    }
    this.runner.replaced()
  }

  settle(): void {
    for (let turns = 0; this.clock.pending > 0; turns += 1) {
      if (turns > 1000) throw new Error('the runner never rests')
      this.clock.advance(100)
    }
  }

  /** TanStack DB’s own live query. */
  expected(build: Build): { show(): Shown; close(): void } {
    const live = createLiveQueryCollection({ query: (q: InitialQueryBuilder) => build(q, this.sources) as never, startSync: true }) as unknown as Collection<any, string | number>
    const ir = irOf(build, this.sources)
    const isOrdered = (ir.orderBy?.length ?? 0) > 0
    // An inner collection is empty until somebody listens.
    const subscription = live.subscribeChanges(() => undefined)
    return {
      show: () => {
        if (live.status === 'error') throw new Error('the live query failed')
        const entries = [...live.entries()].map(([key, row]) => [keyName(key), plainOf(row)] as const)
        return { rows: Object.fromEntries(entries), order: isOrdered ? entries.map(([key]) => key) : null }
      },
      close: () => {
        subscription.unsubscribe()
        void live.cleanup()
      },
    }
  }

  actual(build: Build): { show(): Shown; close(): void } {
    const built = irOf(build, this.sources)
    const isOrdered = (built.orderBy?.length ?? 0) > 0
    const ir = JSON.parse(JSON.stringify(encodeQuery(built, (collection) => this.#names.get(collection)))) as never
    const rows = new Map<string, ResultRow>()
    let failure: Error | null = null
    const run = this.runner.open(
      { kind: 'inline', ir },
      (changes) => {
        for (const [key, row] of changes) {
          if (row === null ? !rows.delete(key) : row.key !== key) throw new Error(`a wrong change of ${key}`)
          if (row) rows.set(key, row)
        }
      },
      (error) => {
        failure = error
      },
    )
    return {
      show: () => {
        if (failure) throw failure
        const sorted = [...rows.values()].sort((a, b) => (isOrdered ? (a.order! < b.order! ? -1 : a.order! > b.order! ? 1 : 0) : 0))
        return { rows: Object.fromEntries(sorted.map(({ key, value }) => [key, plainOf(value)])), order: isOrdered ? sorted.map(({ key }) => key) : null }
      },
      close: () => {
        run.close()
      },
    }
  }
}

export const irOf = (build: Build, sources: Sources): IR.QueryIR => {
  let ir!: IR.QueryIR
  createLiveQueryCollection({
    query: (q: InitialQueryBuilder) => {
      const built = build(q, sources)
      ir = (built as unknown as { _getQuery(): IR.QueryIR })._getQuery()
      return built as never
    },
  })
  return ir
}

const keyName = (key: unknown): string => (typeof key === 'string' ? key : `\u0000${typeof key}:${String(key)}`)

/** Without what TanStack DB adds; a child collection as a list. */
export function plainOf(value: unknown): unknown {
  // They are equal to TanStack DB, and to JSON.
  if (Object.is(value, -0)) return 0
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (Array.isArray(value)) return value.map(plainOf)
  if ('toArray' in value && 'subscribeChanges' in value) return (value as { toArray: unknown[] }).toArray.map(plainOf)
  return Object.fromEntries(Object.entries(value).filter(([name, field]) => !name.startsWith('$') && name !== '_seq' && field !== undefined).map(([name, field]) => [name, plainOf(field)]))
}
