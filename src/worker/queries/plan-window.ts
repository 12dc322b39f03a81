import { IR } from '@tanstack/db'
import { conjunctsOf, isOnlyOf } from './plan-star.ts'
import { partsOf } from './query-parts.ts'

/**
 * For a query with an order and a limit: only the first rows of its first collection that meet the conditions can be in
 * the result, and the query gets only these.
 */
export interface WindowPlan {
  readonly first: IR.CollectionRef
  readonly conditions: ReadonlyArray<IR.BasicExpression>
  readonly terms: ReadonlyArray<{ readonly of: IR.BasicExpression; readonly compareOptions: IR.OrderByClause['compareOptions'] }>
  /** How many first rows can be in the result: `offset` + `limit`. */
  readonly rows: number
  /** With joins, rows that tie with the last one are given too: TanStack DB has another order for joined rows that tie. */
  readonly withTies: boolean
}

/** The plans of a query, and of the queries that it reads from, as far as they have one. */
export function planWindows(query: IR.QueryIR): ReadonlyArray<WindowPlan> {
  const queries = new Set<IR.QueryIR>()
  const visit = (one: IR.QueryIR): void => {
    if (queries.has(one)) return
    queries.add(one)
    for (const source of [one.from, ...(one.join ?? []).map(({ from }) => from)]) if (source.type === 'queryRef') visit(source.query)
  }
  visit(query)
  const { places } = partsOf(query)
  return [...queries].flatMap((one) => {
    const plan = planWindow(one)
    // Another place of the query that reads from the same source may need its other rows.
    return plan && places.get(plan.first.sourceId) === 1 ? [plan] : []
  })
}

/** @returns null when any row may be in the result */
export function planWindow({ from, join = [], where = [], select, groupBy, having, orderBy = [], limit, offset = 0, distinct, singleResult, fnSelect, fnWhere, fnHaving }: IR.QueryIR): WindowPlan | null {
  const most = singleResult ? Math.min(limit ?? 1, 1) : limit
  if (from.type !== 'collectionRef' || most === undefined || groupBy?.length || having?.length || distinct || fnSelect || fnWhere?.length || fnHaving?.length) return null
  // Any other join can leave a row out.
  if (!join.every(({ type }) => type === 'left')) return null
  const conditions = where.flatMap((condition) => conjunctsOf('expression' in condition ? condition.expression : condition))
  const terms = orderBy.map(({ expression, compareOptions }) => ({ of: resolved(expression, select), compareOptions }))
  if (![...conditions, ...terms.map(({ of }) => of)].every((expression) => expression !== null && isOnlyOf(expression, from))) return null
  return { first: from, conditions, terms: terms as WindowPlan['terms'], rows: offset + most, withTies: join.length > 0 }
}

/** For a field of the result, the expression that `select` has for it; null when it has none. Any other expression stays. */
function resolved(expression: IR.BasicExpression, select: IR.Select | undefined): IR.BasicExpression | null {
  if (expression.type !== 'ref' || expression.path[0] !== '$selected') return expression
  const [, name, ...rest] = expression.path
  const value: unknown = name === undefined || rest.length > 0 ? null : select?.[name]
  return value instanceof IR.PropRef || value instanceof IR.Func || value instanceof IR.Value ? (value as IR.BasicExpression) : null
}
