import type { InitialQueryBuilder, IR, QueryBuilder } from '@tanstack/db'
import { encodeConstant } from './constant.ts'
import { MOST_EXPRESSION_LEVELS } from './expression.ts'
import type { ExpressionData, FromData, IncludeData, OrderData, QueryData, RefData, SelectData, SourceData, WhereData } from './query-shape.ts'

export type * from './query-shape.ts'

/** A query cannot cross to the worker as data. The message says why. */
export class UncrossableQueryError extends Error {
  override readonly name = 'UncrossableQueryError'
}

const cannotCross = (what: string): never => {
  throw new UncrossableQueryError(`The query has ${what}, which cannot cross to the worker`)
}

/**
 * A query as data.
 * @param nameOf the name of a collection of the StreamDB; undefined for any other collection
 * @throws UncrossableQueryError
 */
export const encodeQuery = (query: IR.QueryIR | QueryBuilder<never> | InitialQueryBuilder, nameOf: (collection: object) => string | undefined): QueryData =>
  new Encoder(nameOf).query('_getQuery' in query ? (query as { _getQuery(): IR.QueryIR })._getQuery() : (query as IR.QueryIR), MOST_EXPRESSION_LEVELS)

const VIRTUAL: ReadonlySet<string> = new Set(['$synced', '$hasPendingWrites', '$origin', '$key', '$collectionId'])

class Encoder {
  readonly #nameOf: (collection: object) => string | undefined
  /** TanStack DB’s ids of sources differ from one page to the next; equal queries have to be equal as data. */
  readonly #ids = new Map<string, number>()

  constructor(nameOf: (collection: object) => string | undefined) {
    this.#nameOf = nameOf
  }

  query(query: IR.QueryIR, levels: number): QueryData {
    if (levels === 0) cannotCross('subqueries in more than 100 levels')
    if (query.fnSelect) cannotCross('fn.select(), a JavaScript function (a query of the worker file may have one)')
    if (query.fnWhere?.length) cannotCross('fn.where(), a JavaScript function (a query of the worker file may have one)')
    if (query.fnHaving?.length) cannotCross('fn.having(), a JavaScript function (a query of the worker file may have one)')
    const { from, join, where, select, groupBy, having, orderBy, limit, offset, distinct, singleResult } = query
    const inner = levels - 1
    return {
      from: this.#from(from, inner),
      ...(join && { joins: join.map((clause) => ({ source: this.#source(clause.from, inner), type: clause.type, on: this.#on(clause) })) }),
      ...(where && { where: where.map((condition) => this.#where(condition)) }),
      ...(select && { select: this.#select(select, inner) }),
      ...(groupBy && { groupBy: groupBy.map((expression) => this.#expression(expression)) }),
      ...(having && { having: having.map((condition) => this.#where(condition)) }),
      ...(orderBy && { orderBy: orderBy.map((term) => this.#order(term)) }),
      ...(limit !== undefined && { limit }),
      ...(offset !== undefined && { offset }),
      ...(distinct && { distinct }),
      ...(singleResult && { single: singleResult }),
    }
  }

  #from(from: IR.From, levels: number): FromData {
    switch (from.type) {
      case 'unionFrom':
        return { sources: from.sources.map((source) => this.#source(source, levels)) }
      case 'unionAll':
        return { queries: from.queries.map((query) => this.query(query, levels)) }
      case 'collectionRef':
      case 'descriptorRef':
      case 'queryRef':
        return this.#source(from, levels)
    }
  }

  #source(source: IR.CollectionSourceRef | IR.QueryRef, levels: number): SourceData {
    const name = { alias: source.alias, ...this.#numbered('id', source.bindingId) }
    if (source.type === 'queryRef') return { ...name, query: this.query(source.query, levels) }
    const collection = source.type === 'collectionRef' ? this.#nameOf(source.collection) : undefined
    return { ...name, collection: collection ?? cannotCross(`the source "${source.alias}", which is no collection of this StreamDB`) }
  }

  /** Not all releases of TanStack DB number their sources. */
  #numbered<K extends string>(name: K, binding: string | undefined): { readonly [N in K]?: number } {
    return binding === undefined ? {} : ({ [name]: this.#idOf(binding) } as { readonly [N in K]: number })
  }

  #idOf(binding: string): number {
    let id = this.#ids.get(binding)
    if (id === undefined) this.#ids.set(binding, (id = this.#ids.size))
    return id
  }

  #on(clause: IR.JoinClause): ExpressionData {
    if ('on' in clause) return this.#expression(clause.on)
    // TanStack DB before 0.15 joins by the equality of two values.
    const { left, right } = clause as { left: IR.BasicExpression; right: IR.BasicExpression }
    return { type: 'func', name: 'eq', args: [this.#expression(left), this.#expression(right)] }
  }

  #where(where: IR.Where): WhereData {
    if (!('expression' in where)) return { expression: this.#expression(where) }
    return { expression: this.#expression(where.expression), ...(where.residual && { residual: true }) }
  }

  #order({ expression, compareOptions }: IR.OrderByClause): OrderData {
    const { direction, nulls, stringSort } = compareOptions
    if (stringSort === 'custom') return cannotCross('a comparator of its own in orderBy()')
    const { locale, localeOptions } = compareOptions as { locale?: string; localeOptions?: object }
    return {
      expression: this.#expression(expression),
      direction,
      nulls,
      ...(stringSort !== undefined && { stringSort }),
      ...(locale !== undefined && { locale }),
      ...(localeOptions !== undefined && { localeOptions: JSON.stringify(localeOptions) }),
    }
  }

  #ref({ path, sourceAlias, bindingId }: IR.PropRef): RefData {
    const virtual = path.find((step) => VIRTUAL.has(step))
    if (virtual !== undefined) cannotCross(`the field ${virtual}, which rows have in a tab only`)
    return { type: 'ref', path: [...path], ...(sourceAlias !== undefined && { alias: sourceAlias }), ...this.#numbered('of', bindingId) }
  }

  #expression(expression: IR.BasicExpression | IR.Aggregate, levels = MOST_EXPRESSION_LEVELS): ExpressionData {
    if (levels === 0) cannotCross('an expression so deeply nested')
    switch (expression.type) {
      case 'ref':
        return this.#ref(expression)
      case 'val':
        return { type: 'val', value: encodeConstant(expression.value, cannotCross) }
      case 'func':
      case 'agg':
        return { type: expression.type, name: expression.name, args: expression.args.map((argument) => this.#expression(argument, levels - 1)) }
      default:
        return cannotCross('an expression of a kind unknown here')
    }
  }

  #select(select: unknown, levels: number): SelectData {
    if (levels === 0) cannotCross('a select() so deeply nested')
    const value = select as IR.SelectValueExpression
    if (isKind(value, 'includesSubquery')) return this.#include(value, levels)
    if (isKind(value, 'conditionalSelect')) {
      const { branches, defaultValue } = value
      return {
        type: 'cases',
        branches: branches.map((branch) => [this.#expression(branch.condition), this.#select(branch.value, levels - 1)] as const),
        ...(defaultValue !== undefined && { otherwise: this.#select(defaultValue, levels - 1) }),
      }
    }
    if (isExpression(value)) return this.#expression(value)
    return { type: 'fields', fields: Object.entries(value).map(([name, field]) => [name, this.#select(field, levels - 1)] as const) }
  }

  #include(include: IR.IncludesSubquery, levels: number): IncludeData {
    const { query, correlationField, childCorrelationField, fieldName, parentFilters, parentProjection, materialization, scalarField } = include
    return {
      type: 'include',
      query: this.query(query, levels - 1),
      parent: this.#ref(correlationField),
      child: this.#ref(childCorrelationField),
      field: fieldName,
      ...(parentFilters && { filters: parentFilters.map((filter) => this.#where(filter)) }),
      ...(parentProjection && { projection: parentProjection.map((ref) => this.#ref(ref)) }),
      as: materialization === 'collection' ? 'array' : materialization,
      ...(scalarField !== undefined && { scalar: scalarField }),
    }
  }
}

/** Fields of an object may be named `type`: only a node of a query has a class of its own. */
const isNode = (value: object): boolean => Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null
const isKind = <K extends string>(value: IR.SelectValueExpression, kind: K): value is Extract<IR.SelectValueExpression, { type: K }> => isNode(value) && value.type === kind
const isExpression = (value: IR.SelectValueExpression): value is IR.BasicExpression | IR.Aggregate => isNode(value)
