import { compileQuery, IR } from '@tanstack/db'
import { D2, output, type IStreamBuilder, type RootStreamBuilder } from '@tanstack/db-ivm'
import type { ResultWindow } from '../../shared/query.ts'
import type { RowData } from '../../shared/row.ts'
import type { ResultDeltas, RowDeltas } from './deltas.ts'
import { invalidQuery } from './decode-query.ts'
import { Groups } from './groups.ts'
import { planGroups, type GroupPlan } from './plan-groups.ts'
import { planStar } from './plan-star.ts'
import { planWindows } from './plan-window.ts'
import { partsOf } from './query-parts.ts'
import type { IsOver } from './source.ts'
import { Star } from './star.ts'
import { Window } from './window.ts'

type Compilation = ReturnType<typeof compileQuery>
type Inputs = Parameters<typeof compileQuery>[1]

/** A query that computes its result from changes of rows. */
export interface CompiledQuery {
  /** Names of the collections that it reads. */
  readonly collections: ReadonlyArray<string>
  /** Takes changed rows of a collection, which {@link run} works on. */
  give(collection: string, deltas: RowDeltas): void
  /** Works on what was given. */
  run(): void
  /**
   * Tells the changes of the result, until the slice is over or all are told.
   * @returns whether all are told
   * @throws Exhausted when a window needs all rows anew
   */
  settle(isOver: IsOver): boolean
  /** Moves the window of an ordered query. {@link settle} tells what that changes. */
  move(window: ResultWindow): void
}

export interface CompileOptions {
  /** The name of a collection that the query reads. */
  readonly nameOf: (collection: object) => string
  /** Rows of the result have changed. */
  readonly onRows: (deltas: ResultDeltas) => void
  /** The places in the order, when they do not come with the rows. */
  readonly onOrders: (deltas: ResultDeltas) => void
}

/**
 * TanStack DB’s own compiler and incremental operators, without its collections: a collection keeps three more maps of all rows for
 * each query that reads it.
 * @throws SidestreamError with `INVALID_QUERY`
 */
export function compile(query: IR.QueryIR, options: CompileOptions, windows: ReadonlyArray<Window> = []): CompiledQuery {
  const { sources, includes } = partsOf(query)
  // A child query without toArray() has a live collection in each row, which cannot leave the worker.
  for (const include of includes) if (include.materialization === 'collection') include.materialization = 'array'
  const graph = new D2()
  const inputs = new Map(sources.map((source) => [source.sourceId, graph.newInput<readonly [string, RowData]>()] as const))
  const byCollection = new Map<string, RootStreamBuilder<readonly [string, RowData]>[]>()
  for (const { collection, sourceId } of sources) {
    const name = options.nameOf(collection)
    const all = byCollection.get(name) ?? []
    byCollection.set(name, windows.some((window) => window.sourceId === sourceId) ? all : [...all, inputs.get(sourceId)!])
  }
  const windowed = windows.map((window) => ({ window, of: options.nameOf(sources.find(({ sourceId }) => sourceId === window.sourceId)!.collection), input: inputs.get(window.sourceId)! }))
  const moveFirst = connect(query, sources, Object.fromEntries(inputs) as unknown as Inputs, options)
  graph.finalize()
  let hasMoved = false
  return {
    collections: [...byCollection.keys()],
    give: (collection, deltas) => {
      for (const { window, of } of windowed) if (of === collection) window.take(deltas)
      for (const input of byCollection.get(collection)!) input.sendData(deltas)
    },
    run: () => {
      graph.run()
    },
    settle: () => {
      let hasNews = hasMoved
      for (const { window, input } of windowed) {
        const deltas = window.changes()
        if (deltas.length > 0) input.sendData(deltas)
        hasNews ||= deltas.length > 0
      }
      if (hasNews) graph.run()
      hasMoved = false
      return true
    },
    move: ({ offset, limit }) => {
      moveFirst({ offset, limit: query.singleResult ? Math.min(limit ?? 1, 1) : (limit ?? Infinity) })
      const { from } = query
      const own = from.type === 'collectionRef' ? windows.find(({ sourceId }) => sourceId === from.sourceId) : undefined
      own?.move(limit === null ? Infinity : offset + limit)
      hasMoved = true
    },
  }
}

/**
 * As {@link compile}, with our own code for groups, stars and windows where the query allows it. Taking a row throws `Unfit` when a value
 * of the row does not allow it.
 * @throws SidestreamError with `INVALID_QUERY`
 */
export function compileFast(query: IR.QueryIR, options: CompileOptions): CompiledQuery {
  // This refuses all that TanStack DB refuses, also where our own code would take it.
  const whole = compile(query, options)
  const plan = planGroups(query)
  if (!plan) {
    const windows = windowsOf(query)
    return windows.length > 0 ? compile(query, options, windows) : whole
  }
  const table = new Groups(plan)
  const rows = compileRows(plan, table, whole, options)
  const groups = compile(plan.groups, { ...options, nameOf: () => GROUPS }, windowsOf(plan.groups))
  return {
    ...rows,
    move: (window) => {
      groups.move(window)
    },
    settle: (isOver) => {
      if (!rows.settle(isOver)) return false
      for (let deltas = table.changes(GROUPS_AT_ONCE); deltas.length > 0; deltas = table.changes(GROUPS_AT_ONCE)) {
        groups.give(GROUPS, deltas)
        groups.run()
        if (isOver()) return false
      }
      return groups.settle(isOver)
    },
  }
}

const windowsOf = (query: IR.QueryIR): Window[] => planWindows(query).map((plan) => new Window(plan))

/** The first step of a grouped query: it gives rows to the table of groups. */
function compileRows({ rows }: GroupPlan, table: Groups, { collections }: CompiledQuery, options: CompileOptions): CompiledQuery {
  const plan = planStar(rows)
  if (!plan) return compile(rows, { ...options, onRows: table.take }, windowsOf(rows))
  const star = new Star(plan, options.nameOf, table.add)
  return {
    collections,
    give: (collection, deltas) => {
      star.give(collection, deltas)
    },
    run: () => undefined,
    settle: () => true,
    move: () => undefined,
  }
}

const GROUPS = 'groups'
const GROUPS_AT_ONCE = 512

type MoveFirst = (window: { readonly offset: number; readonly limit: number }) => void

/** Compiles a query into the graph. @returns what moves the query's own window; it does nothing when the query has no order */
function connect(query: IR.QueryIR, sources: ReadonlyArray<IR.CollectionRef>, inputs: Inputs, { onRows, onOrders }: CompileOptions): MoveFirst {
  let moveFirst: MoveFirst = () => undefined
  const collections = Object.fromEntries(sources.map(({ collection }) => [collection.id, collection])) as unknown as Parameters<typeof compileQuery>[2]
  // Shared, so that a query inside another one is compiled once.
  const compiled = new WeakMap<IR.QueryIR, Compilation>()
  // No source is lazy, and none is read through an index: all rows come to the inputs.
  const compileOne = (one: IR.QueryIR): Compilation => compileQuery(one, inputs, collections, {}, {}, new Set(), {}, (move) => (moveFirst = move), compiled)
  const tell = (pipeline: Compilation['pipeline'], take: (deltas: ResultDeltas) => void): void => {
    ;(pipeline as unknown as IStreamBuilder<ResultDeltas[number][0]>).pipe(
      output((data) => {
        take(data.getInner())
      }),
    )
  }
  try {
    const own = compileOne(query)
    if (!own.includes?.length) {
      tell(own.pipeline, onRows)
      return moveFirst
    }
    const move = moveFirst
    // The compiler lays the rows of includes into their parents only where a function consumes them. That loses the order.
    tell(own.pipeline, onOrders)
    tell(compileOne({ from: new IR.QueryRef(query, 'row'), fnSelect: ({ row }) => row as unknown }).pipeline, onRows)
    return move
  } catch (error) {
    throw invalidQuery(error instanceof Error ? error.message : 'it does not compile', error)
  }
}
