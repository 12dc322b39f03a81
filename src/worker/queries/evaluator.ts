import { compileExpression, IR, toBooleanPredicate } from '@tanstack/db'

/** @param row has a field for each source */
export type Evaluate = (row: Readonly<Record<string, unknown>>) => unknown

/** An expression of a query that has no outer query. */
export const evaluatorOf = (expression: IR.BasicExpression): Evaluate => compileExpression(unbound(expression)) as Evaluate

/** Without the ids of sources: where names say it all, TanStack DB’s look for an outer row is a third of the work. */
function unbound(expression: IR.BasicExpression): IR.BasicExpression {
  if (expression.type === 'ref') return new IR.PropRef(expression.path, expression.sourceAlias)
  return expression.type === 'func' ? new IR.Func(expression.name, expression.args.map(unbound)) : expression
}

/** Whether all conditions hold. */
export function allOf(conditions: ReadonlyArray<IR.BasicExpression>): (row: Readonly<Record<string, unknown>>) => boolean {
  const evaluators = conditions.map(evaluatorOf)
  return (row) => evaluators.every((evaluate) => toBooleanPredicate(evaluate(row) as boolean | null))
}
