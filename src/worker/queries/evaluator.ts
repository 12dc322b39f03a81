import { compileExpression, IR, toBooleanPredicate } from '@tanstack/db'

/** The value of an expression. @param row has a field for each source, by its alias */
export type Evaluate = (row: Readonly<Record<string, unknown>>) => unknown

/** @param expression of a query that has no outer query */
export const evaluatorOf = (expression: IR.BasicExpression): Evaluate => compileExpression(unbound(expression)) as Evaluate

/** The expression without the ids of sources. Names suffice here; with ids, a third of the work would be TanStack DB’s look for a row of an outer query. */
function unbound(expression: IR.BasicExpression): IR.BasicExpression {
  if (expression.type === 'ref') return new IR.PropRef(expression.path, expression.sourceAlias)
  return expression.type === 'func' ? new IR.Func(expression.name, expression.args.map(unbound)) : expression
}

/** Whether all conditions hold. */
export function allOf(conditions: ReadonlyArray<IR.BasicExpression>): (row: Readonly<Record<string, unknown>>) => boolean {
  const evaluators = conditions.map(evaluatorOf)
  return (row) => evaluators.every((evaluate) => toBooleanPredicate(evaluate(row) as boolean | null))
}
