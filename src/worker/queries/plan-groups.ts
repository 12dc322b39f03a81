import { createCollection, deepEquals, IR } from '@tanstack/db'
import { accumulatorsOf, type Accumulator } from './aggregates.ts'
import { partsOf } from './query-parts.ts'

/**
 * A grouped query in three steps: a query for the rows, a table of groups that is kept up to date by each row, and a query over the
 * groups. TanStack DB computes a group from all its rows again whenever one of them changes.
 */
export interface GroupPlan {
  readonly rows: IR.QueryIR
  /** The alias by which expressions name the row; null when there are joins: a row of `rows` then has a field for each source. */
  readonly alias: string | null
  readonly keys: ReadonlyArray<IR.BasicExpression>
  readonly aggregates: ReadonlyArray<{ readonly of: IR.BasicExpression; readonly make: () => Accumulator }>
  /** The only source has a row for each group, with the fields that {@link keyField} and {@link aggregateField} name. */
  readonly groups: IR.QueryIR
}

export const keyField = (index: number): string => `k${String(index)}`
export const aggregateField = (index: number): string => `a${String(index)}`

const ALIAS = '__group__'
/** Names that TanStack DB takes for paths or refuses in a query without groups, and takes as they are in one with groups. */
const PATH = /\.|^(?:constructor|prototype)$/
/** Functions whose value is a boolean or null. */
const BOOLEAN = new Set(['eq', 'gt', 'gte', 'lt', 'lte', 'and', 'or', 'not', 'in', 'like', 'ilike', 'isNull', 'isUndefined'])

/** A query that is valid, but has no plan. */
class NoPlan extends Error {}

/** @returns null when there is no plan, and TanStack DB has to do it all */
export function planGroups(query: IR.QueryIR): GroupPlan | null {
  const { from, join, where, fnWhere, groupBy = [], select, fnSelect, fnHaving } = query
  if ((groupBy.length === 0 && !hasAggregate(select)) || fnSelect || fnHaving?.length) return null
  if ((from.type !== 'collectionRef' && from.type !== 'queryRef') || partsOf(query).includes.length > 0) return null
  try {
    const planner = new Planner(groupBy, select)
    const groups = planner.groups(query)
    return {
      rows: { from, ...(join && { join }), ...(where && { where }), ...(fnWhere && { fnWhere }) },
      alias: join && join.length > 0 ? null : from.alias,
      keys: groupBy,
      aggregates: planner.aggregates.map(({ name, args }) => ({ of: args[0]!, make: accumulatorsOf(name)! })),
      groups,
    }
  } catch (error) {
    if (error instanceof NoPlan) return null
    throw error
  }
}

const noPlan = (): never => {
  throw new NoPlan()
}

/** Makes the query over the groups: a key or an aggregate becomes a field of the group's row. */
class Planner {
  readonly #keys: ReadonlyArray<IR.BasicExpression>
  readonly #select: IR.Select | undefined
  readonly aggregates: IR.Aggregate[] = []

  constructor(keys: ReadonlyArray<IR.BasicExpression>, select: IR.Select | undefined) {
    this.#keys = keys
    this.#select = select
  }

  groups({ select, having, orderBy, limit, offset, distinct, singleResult }: IR.QueryIR): IR.QueryIR {
    return {
      from: new IR.CollectionRef(GROUPS, ALIAS),
      select: select ? (this.#value(select) as IR.Select) : Object.fromEntries(this.#keys.map((_, index) => [`__key_${String(index)}`, field(keyField(index))])),
      ...(having && { where: having.map((condition) => this.#having(condition)) }),
      ...(orderBy && { orderBy: orderBy.map(({ expression, compareOptions }) => ({ expression: this.#order(expression), compareOptions })) }),
      ...(limit !== undefined && { limit }),
      ...(offset !== undefined && { offset }),
      ...(distinct && { distinct }),
      ...(singleResult && { singleResult }),
    }
  }

  #value(value: unknown): IR.SelectValueExpression {
    if (value instanceof IR.ConditionalSelect) {
      const branches = value.branches.map((branch) => ({ condition: this.#expression(branch.condition), value: this.#value(branch.value) }))
      return new IR.ConditionalSelect(branches, value.defaultValue === undefined ? undefined : this.#value(value.defaultValue))
    }
    if (isExpression(value)) return this.#expression(value)
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return noPlan()
    if (Object.keys(value).some((name) => PATH.test(name))) return noPlan()
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, this.#value(inner)]))
  }

  #expression(expression: IR.BasicExpression | IR.Aggregate): IR.BasicExpression {
    const key = this.#keys.findIndex((other) => isSame(expression, other))
    if (key >= 0) return field(keyField(key))
    switch (expression.type) {
      case 'agg':
        return this.#aggregate(expression)
      case 'func':
        return new IR.Func(expression.name, expression.args.map((argument) => this.#expression(argument)))
      case 'ref':
        return this.#selected(expression)
      case 'val':
        return expression
    }
  }

  #aggregate(aggregate: IR.Aggregate): IR.BasicExpression {
    let index = this.aggregates.findIndex((other) => isSame(aggregate, other))
    if (index < 0) {
      if (!accumulatorsOf(aggregate.name) || aggregate.args.length === 0) return noPlan()
      index = this.aggregates.push(aggregate) - 1
    }
    return field(aggregateField(index))
  }

  /** A field of the result in `having`, which is evaluated before the result: in its place comes what `select` says of the field. */
  #selected({ path }: IR.PropRef): IR.BasicExpression {
    const [first, name, ...rest] = path
    const value = first === '$selected' && name !== undefined && rest.length === 0 ? this.#select?.[name] : undefined
    return isExpression(value) ? this.#expression(value) : noPlan()
  }

  #having(having: IR.Having): IR.BasicExpression<boolean> {
    const expression = 'expression' in having ? having.expression : having
    // TanStack DB takes what is not a boolean in another way in `having` than in `where`.
    if (expression.type !== 'func' || !BOOLEAN.has(expression.name)) return noPlan()
    return this.#expression(expression) as IR.BasicExpression<boolean>
  }

  /** `orderBy` can name aggregates and fields of the result. To TanStack DB any other field is undefined in a group. */
  #order(expression: IR.BasicExpression | IR.Aggregate): IR.BasicExpression {
    switch (expression.type) {
      case 'agg':
        return this.#aggregate(expression)
      case 'func':
        return new IR.Func(expression.name, expression.args.map((argument) => this.#order(argument)))
      case 'ref':
        return expression.path[0] === '$selected' ? new IR.PropRef(expression.path, '$selected') : new IR.Value(undefined)
      case 'val':
        return expression
    }
  }
}

const field = (name: string): IR.PropRef => new IR.PropRef([ALIAS, name], ALIAS)

const isExpression = (value: unknown): value is IR.BasicExpression | IR.Aggregate =>
  value instanceof IR.Func || value instanceof IR.PropRef || value instanceof IR.Value || value instanceof IR.Aggregate

function hasAggregate(value: unknown): boolean {
  if (value instanceof IR.Aggregate) return true
  if (value instanceof IR.Func) return value.args.some(hasAggregate)
  if (value instanceof IR.ConditionalSelect) return value.branches.some((branch) => hasAggregate(branch.condition) || hasAggregate(branch.value)) || hasAggregate(value.defaultValue)
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype && Object.values(value).some(hasAggregate)
}

/** As TanStack DB compares the expressions of a grouped query. */
function isSame(one: IR.BasicExpression | IR.Aggregate, other: IR.BasicExpression | IR.Aggregate): boolean {
  if (one.type === 'ref') return other.type === 'ref' && one.bindingId === other.bindingId && deepEquals(one.path, other.path)
  if (one.type === 'val') return other.type === 'val' && (typeof one.value === 'number' ? Object.is(one.value, other.value) : deepEquals(one.value, other.value))
  if (other.type === 'ref' || other.type === 'val') return false
  return one.type === other.type && one.name === other.name && one.args.length === other.args.length && one.args.every((argument, index) => isSame(argument, other.args[index]!))
}

/** Stands for the table of groups. */
const GROUPS = createCollection<object, string>({ id: 'sidestream-groups', getKey: () => '', sync: { sync: () => undefined } }) as unknown as ConstructorParameters<typeof IR.CollectionRef>[0]
