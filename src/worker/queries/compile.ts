import { compileQuery, IR } from '@tanstack/db'
import { D2, output, type IStreamBuilder, type RootStreamBuilder } from '@tanstack/db-ivm'
import type { RowData } from '../../shared/row.ts'
import type { ResultDeltas, RowDeltas } from './deltas.ts'
import { invalidQuery } from './decode-query.ts'
import { Groups } from './groups.ts'
import { planGroups, type GroupPlan } from './plan-groups.ts'
import { planStar } from './plan-star.ts'
import { planWindow } from './plan-window.ts'
import { partsOf } from './query-parts.ts'
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
  /** Tells all changes of the result. */
  settle(): void
}

export interface CompileOptions {
  readonly nameOf: (collection: object) => string
  readonly onRows: (deltas: ResultDeltas) => void
  /** The places in the order, when they do not come with the rows. */
  readonly onOrders: (deltas: ResultDeltas) => void
}

/**
 * TanStack DB’s own compiler and incremental operators, without its collections: a collection keeps three more maps of all rows for
 * each query that reads it.
 * @throws SidestreamError with `INVALID_QUERY`
 */
export function compile(query: IR.QueryIR, options: CompileOptions, window: Window | null = null): CompiledQuery {
  const { sources, includes } = partsOf(query)
  // A child query without toArray() has a live collection in each row, which cannot leave the worker.
  for (const include of includes) if (include.materialization === 'collection') include.materialization = 'array'
  const graph = new D2()
  const inputs = new Map(sources.map((source) => [source.sourceId, graph.newInput<readonly [string, RowData]>()] as const))
  const byCollection = new Map<string, RootStreamBuilder<readonly [string, RowData]>[]>()
  for (const { collection, sourceId } of sources) {
    const name = options.nameOf(collection)
    const all = byCollection.get(name) ?? []
    byCollection.set(name, sourceId === window?.sourceId ? all : [...all, inputs.get(sourceId)!])
  }
  const windowed = window && { of: options.nameOf((query.from as IR.CollectionRef).collection), input: inputs.get(window.sourceId)! }
  connect(query, sources, Object.fromEntries(inputs) as unknown as Inputs, options)
  graph.finalize()
  return {
    collections: [...byCollection.keys()],
    give: (collection, deltas) => {
      if (collection === windowed?.of) window?.take(deltas)
      for (const input of byCollection.get(collection)!) input.sendData(deltas)
    },
    run: () => {
      graph.run()
    },
    settle: () => {
      const deltas = window?.changes() ?? []
      if (deltas.length === 0) return
      windowed?.input.sendData(deltas)
      graph.run()
    },
  }
}

/**
 * As {@link compile}, with our own groups or window where that is possible. Taking a row throws {@link Unfit} when it turns out not
 * to be possible with the values of the rows.
 * @throws SidestreamError with `INVALID_QUERY`
 */
export function compileFast(query: IR.QueryIR, options: CompileOptions): CompiledQuery {
  // This refuses all that TanStack DB refuses, also where there is a plan.
  const whole = compile(query, options)
  const window = windowOf(query)
  if (window) return compile(query, options, window)
  const plan = planGroups(query)
  if (!plan) return whole
  const table = new Groups(plan)
  const rows = compileRows(plan, table, whole, options)
  const groups = compile(plan.groups, { ...options, nameOf: () => GROUPS }, windowOf(plan.groups))
  return {
    ...rows,
    settle: () => {
      groups.give(GROUPS, table.changes())
      groups.run()
      groups.settle()
    },
  }
}

function windowOf(query: IR.QueryIR): Window | null {
  const plan = planWindow(query)
  return plan && new Window(plan)
}

/** The part of a grouped query that has the rows. */
function compileRows({ rows }: GroupPlan, table: Groups, { collections }: CompiledQuery, options: CompileOptions): CompiledQuery {
  const plan = planStar(rows)
  if (!plan) return compile(rows, { ...options, onRows: table.take })
  const star = new Star(plan, options.nameOf, table.add)
  return {
    collections,
    give: (collection, deltas) => {
      star.give(collection, deltas)
    },
    run: () => undefined,
    settle: () => undefined,
  }
}

const GROUPS = 'groups'

function connect(query: IR.QueryIR, sources: ReadonlyArray<IR.CollectionRef>, inputs: Inputs, { onRows, onOrders }: CompileOptions): void {
  const collections = Object.fromEntries(sources.map(({ collection }) => [collection.id, collection])) as unknown as Parameters<typeof compileQuery>[2]
  // Shared, so that a query inside another one is compiled once.
  const compiled = new WeakMap<IR.QueryIR, Compilation>()
  // No source is lazy, and none is read through an index: all rows come to the inputs.
  const compileOne = (one: IR.QueryIR): Compilation => compileQuery(one, inputs, collections, {}, {}, new Set(), {}, () => undefined, compiled)
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
      return
    }
    // The compiler lays the rows of includes into their parents only where a function consumes them. That loses the order.
    tell(own.pipeline, onOrders)
    tell(compileOne({ from: new IR.QueryRef(query, 'row'), fnSelect: ({ row }) => row as unknown }).pipeline, onRows)
  } catch (error) {
    throw invalidQuery(error instanceof Error ? error.message : 'it does not compile', error)
  }
}
