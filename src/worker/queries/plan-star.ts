import type { IR } from '@tanstack/db'

/** A join of a star: to a row of the first collection, the rows of another one for which `other` has the value that `own` has. */
export interface StarJoin {
  readonly source: IR.CollectionRef
  /** A row of the first collection without other rows stays. */
  readonly isLeft: boolean
  /** Of the first collection’s row. */
  readonly own: IR.BasicExpression
  /** Of the joined row. */
  readonly other: IR.BasicExpression
}

/** A star: rows of one collection, joined by equality with the rows of other collections that they name, and conditions. */
export interface StarPlan {
  readonly first: IR.CollectionRef
  readonly joins: ReadonlyArray<StarJoin>
  /** Conditions for the first collection's row alone. */
  readonly before: ReadonlyArray<IR.BasicExpression>
  /** Conditions that need joined rows. */
  readonly after: ReadonlyArray<IR.BasicExpression>
}

/**
 * @param query has no clauses but `from`, `join` and `where`, and is valid
 * @returns null when the query has another shape
 */
export function planStar({ from, join = [], where = [], fnWhere }: IR.QueryIR): StarPlan | null {
  if (from.type !== 'collectionRef' || fnWhere?.length) return null
  const joins = join.map((clause) => joinOf(from, clause))
  if (!joins.every((one) => one !== null)) return null
  const conditions = where.flatMap((condition) => conjunctsOf('expression' in condition ? condition.expression : condition))
  const isOfFirst = (condition: IR.BasicExpression): boolean => isOnlyOf(condition, from)
  return { first: from, joins, before: conditions.filter(isOfFirst), after: conditions.filter((condition) => !isOfFirst(condition)) }
}

function joinOf(first: IR.CollectionRef, { from, type, on }: IR.JoinClause): StarJoin | null {
  if (from.type !== 'collectionRef' || (type !== 'inner' && type !== 'left') || on.type !== 'func' || on.name !== 'eq') return null
  const [one, other] = on.args as [IR.BasicExpression, IR.BasicExpression]
  const isLeft = type === 'left'
  if (isOnlyOf(one, first) && isOnlyOf(other, from)) return { source: from, isLeft, own: one, other }
  if (isOnlyOf(other, first) && isOnlyOf(one, from)) return { source: from, isLeft, own: other, other: one }
  return null
}

export const conjunctsOf = (expression: IR.BasicExpression): ReadonlyArray<IR.BasicExpression> =>
  expression.type === 'func' && expression.name === 'and' ? expression.args.flatMap(conjunctsOf) : [expression]

/** Whether an expression reads this source and no other. */
export const isOnlyOf = (expression: IR.BasicExpression, source: IR.CollectionRef): boolean => {
  switch (expression.type) {
    case 'ref':
      return expression.path[0] === source.alias && (expression.bindingId ?? source.bindingId) === source.bindingId
    case 'func':
      return expression.args.every((argument) => isOnlyOf(argument, source))
    case 'val':
      return true
  }
}
