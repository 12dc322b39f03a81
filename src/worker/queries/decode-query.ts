import { IR, type Collection } from '@tanstack/db'
import { SidestreamError } from '../../shared/errors.ts'
import { isRecord } from '../../shared/guards.ts'
import type { ExpressionData, FromData, IncludeData, OrderData, QueryData, RefData, SelectData, SourceData, WhereData } from '../../shared/query-data.ts'
import { MOST_EXPRESSION_LEVELS } from '../../shared/subset.ts'
import { decodeConstant } from '../core/subsets/expression.ts'

/** A collection without rows that stands for one of the StreamDB’s. */
export type StandIn = Collection<object, string>

/** The most nodes of a query: the work of compiling grows with them, and a query comes from other code of the origin. */
const MOST_NODES = 10_000

const JOINS = ['left', 'right', 'inner', 'outer', 'full', 'cross'] as const
const KINDS_OF_INCLUDES = ['array', 'singleton', 'concat'] as const

export const invalidQuery = (why: string, cause?: unknown): SidestreamError => new SidestreamError('INVALID_QUERY', `The query cannot run in the worker: ${why}`, { cause })

const refuse = (what: string): never => {
  throw invalidQuery(`${what} is not as it has to be`)
}

/**
 * A query of TanStack DB from data. The data is untrusted: each of its fields is checked.
 * @throws SidestreamError with `INVALID_QUERY`
 */
export const decodeQuery = (data: unknown, collectionOf: (name: string) => StandIn): IR.QueryIR => new Decoder(collectionOf).query(data as QueryData, MOST_EXPRESSION_LEVELS)

class Decoder {
  readonly #collectionOf: (name: string) => StandIn
  /** Ids of sources must differ from those of other queries in this worker. */
  readonly #prefix = `sidestream-${String((decoded += 1))}-`
  #nodes = 0

  constructor(collectionOf: (name: string) => StandIn) {
    this.#collectionOf = collectionOf
  }

  query(data: QueryData, levels: number): IR.QueryIR {
    const { from, joins, where, select, groupBy, having, orderBy, limit, offset, distinct, single } = this.#node(data, 'a query', levels)
    const inner = levels - 1
    return {
      from: this.#from(from, inner),
      ...(joins !== undefined && { join: this.#list(joins, (join) => this.#join(join, inner)) }),
      ...(where !== undefined && { where: this.#list(where, (condition) => this.#where(condition)) }),
      ...(select !== undefined && { select: this.#select(select, inner) as IR.Select }),
      ...(groupBy !== undefined && { groupBy: this.#list(groupBy, (expression) => this.#expression(expression) as IR.BasicExpression) }),
      ...(having !== undefined && { having: this.#list(having, (condition) => this.#where(condition)) }),
      ...(orderBy !== undefined && { orderBy: this.#list(orderBy, (term) => this.#order(term)) }),
      ...(limit !== undefined && { limit: count(limit, 'limit') }),
      ...(offset !== undefined && { offset: count(offset, 'offset') }),
      ...(distinct === true && { distinct }),
      ...(single === true && { singleResult: single }),
    }
  }

  #join({ source, type, on }: NonNullable<QueryData['joins']>[number], levels: number): IR.JoinClause {
    const from = this.#source(source, levels)
    return { from, type: oneOf(JOINS, type), on: this.#expression(on) as IR.BasicExpression<boolean> }
  }

  #from(from: FromData, levels: number): IR.From {
    const { sources, queries } = this.#node(from, 'from', levels) as { sources?: ReadonlyArray<SourceData>; queries?: ReadonlyArray<QueryData> }
    if (sources !== undefined) return new IR.UnionFrom(this.#some(sources, (source) => this.#source(source, levels - 1)))
    if (queries !== undefined) return new IR.UnionAll(this.#some(queries, (query) => this.query(query, levels - 1)))
    return this.#source(from as SourceData, levels - 1)
  }

  #source(source: SourceData, levels: number): IR.CollectionRef | IR.QueryRef {
    const { alias, id, collection, query } = this.#node(source, 'a source', levels) as SourceData & { collection?: unknown; query?: QueryData }
    const binding = this.#binding(id)
    if (query !== undefined) return new IR.QueryRef(this.query(query, levels - 1), name(alias), binding)
    const standIn = this.#collectionOf(typeof collection === 'string' ? collection : refuse('the collection of a source'))
    return new IR.CollectionRef(standIn as unknown as ConstructorParameters<typeof IR.CollectionRef>[0], name(alias), binding)
  }

  #binding(id: number | undefined): string | undefined {
    return id === undefined ? undefined : `${this.#prefix}${String(count(id, 'the number of a source'))}`
  }

  #where(where: WhereData): { expression: IR.BasicExpression<boolean>; residual?: boolean } | IR.BasicExpression<boolean> {
    const { expression, residual } = this.#node(where, 'a condition', 1)
    const condition = this.#expression(expression) as IR.BasicExpression<boolean>
    return residual === true ? { expression: condition, residual } : condition
  }

  #order(term: OrderData): IR.OrderByClause {
    const { expression, direction, nulls, stringSort, locale, localeOptions } = this.#node(term, 'orderBy', 1)
    const compareOptions = {
      direction: oneOf(['asc', 'desc'] as const, direction),
      nulls: oneOf(['first', 'last'] as const, nulls),
      ...(stringSort !== undefined && { stringSort: oneOf(['lexical', 'locale'] as const, stringSort) }),
      ...(locale !== undefined && { locale: text(locale, 'locale') }),
      ...(localeOptions !== undefined && { localeOptions: parse(localeOptions) }),
    }
    return { expression: this.#expression(expression) as IR.BasicExpression, compareOptions: compareOptions }
  }

  #ref(ref: RefData): IR.PropRef {
    const { path, alias, of } = this.#node(ref, 'a reference', 1)
    const steps = this.#list(path, (step) => text(step, 'a path'))
    return new IR.PropRef(steps, alias === undefined ? undefined : text(alias, 'a reference'), this.#binding(of))
  }

  #expression(expression: ExpressionData, levels = MOST_EXPRESSION_LEVELS): IR.BasicExpression | IR.Aggregate {
    const node = this.#node(expression, 'an expression', levels)
    switch (node.type) {
      case 'ref':
        return this.#ref(node)
      case 'val':
        return new IR.Value(constant(node.value))
      case 'func':
        return new IR.Func(text(node.name, 'a function'), this.#arguments(node.args, levels))
      case 'agg':
        return new IR.Aggregate(text(node.name, 'an aggregate'), this.#arguments(node.args, levels))
      default:
        return refuse('an expression')
    }
  }

  #arguments(args: ReadonlyArray<ExpressionData>, levels: number): IR.BasicExpression[] {
    return this.#list(args, (argument) => this.#expression(argument, levels - 1) as IR.BasicExpression)
  }

  #select(select: SelectData, levels: number): IR.SelectValueExpression {
    const node = this.#node(select, 'select', levels)
    switch (node.type) {
      case 'fields':
        return Object.fromEntries(this.#list(node.fields, (pair) => [name(this.#pair(pair)[0]), this.#select(pair[1], levels - 1)] as const))
      case 'cases': {
        const branches = this.#list(node.branches, (pair) => ({ condition: this.#expression(this.#pair(pair)[0]) as IR.BasicExpression, value: this.#select(pair[1], levels - 1) }))
        return new IR.ConditionalSelect(branches, node.otherwise === undefined ? undefined : this.#select(node.otherwise, levels - 1))
      }
      case 'include':
        return this.#include(node, levels - 1)
      default:
        return this.#expression(node)
    }
  }

  #include(include: IncludeData, levels: number): IR.IncludesSubquery {
    // Sources first: the references name them.
    const query = this.query(include.query, levels)
    return new IR.IncludesSubquery(
      query,
      this.#ref(include.parent),
      this.#ref(include.child),
      name(include.field),
      include.filters === undefined ? undefined : this.#list(include.filters, (filter) => this.#where(filter)),
      include.projection === undefined ? undefined : this.#list(include.projection, (ref) => this.#ref(ref)),
      oneOf(KINDS_OF_INCLUDES, include.as),
      include.scalar === undefined ? undefined : name(include.scalar),
    )
  }

  #node<T extends object>(node: T, what: string, levels: number): T {
    this.#nodes += 1
    if (levels <= 0 || this.#nodes > MOST_NODES) throw invalidQuery('it is too large')
    return isRecord(node) ? node : refuse(what)
  }

  #list<T, R>(list: ReadonlyArray<T>, each: (item: T) => R): R[] {
    return Array.isArray(list) ? (list as ReadonlyArray<T>).map(each) : refuse('a list')
  }

  #some<T, R>(list: ReadonlyArray<T>, each: (item: T) => R): R[] {
    return Array.isArray(list) && list.length > 0 ? this.#list(list, each) : refuse('a union')
  }

  #pair<T extends readonly unknown[]>(pair: T): T {
    return Array.isArray(pair) && pair.length === 2 ? pair : refuse('select')
  }
}

let decoded = 0

const text = (value: unknown, what: string): string => (typeof value === 'string' ? value : refuse(what))
const count = (value: unknown, what: string): number => (Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : refuse(what))
const oneOf = <const T extends ReadonlyArray<string>>(values: T, value: unknown): T[number] => (values.includes(value as string) ? (value as T[number]) : refuse(`"${String(value)}"`))
/** Names become fields of objects. */
const name = (value: unknown): string => (typeof value === 'string' && value !== '__proto__' ? value : refuse('a name'))

function constant(value: Parameters<typeof decodeConstant>[0]): unknown {
  try {
    return decodeConstant(value)
  } catch {
    return refuse('a constant')
  }
}

function parse(json: string): object {
  try {
    const value: unknown = JSON.parse(json)
    if (isRecord(value)) return value
  } catch {
    // refused below
  }
  return refuse('localeOptions')
}
