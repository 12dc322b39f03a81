import { compileSingleRowExpression, toBooleanPredicate, type IR } from '@tanstack/db'
import type { RowData } from '../../../shared/row.ts'
import { conjunctsOf, type Constant, type Expression } from '../../../shared/subset.ts'

export type Predicate = (row: RowData) => boolean

/**
 * Compiles a `where`. A row for which the expression throws is in the subset: the tab evaluates its query itself, and has to find
 * what it would find with all rows.
 * @throws the error of TanStack DB's compiler, for functions that it does not know
 */
export function compilePredicate(where: Expression | null): Predicate {
  if (where === null) return () => true
  const evaluate = compile(where)
  return (row) => {
    try {
      return toBooleanPredicate(evaluate(row) as boolean | null)
    } catch {
      return true
    }
  }
}

/** Compiles an expression to a function of a row; the function returns undefined where the expression throws. */
export function compileValue(expression: Expression): (row: RowData) => unknown {
  const evaluate = compile(expression)
  return (row) => {
    try {
      return evaluate(row)
    } catch {
      return undefined
    }
  }
}

const compile = (expression: Expression): ((row: RowData) => unknown) => compileSingleRowExpression(decode(expression)) as (row: RowData) => unknown

/** The compiler reads an expression's fields only, never its class. */
function decode(expression: Expression): IR.BasicExpression {
  switch (expression.type) {
    case 'ref':
      return { type: 'ref', path: [...expression.path] } as unknown as IR.BasicExpression
    case 'val':
      return { type: 'val', value: decodeConstant(expression.value) } as unknown as IR.BasicExpression
    case 'func':
      return { type: 'func', name: expression.name, args: expression.args.map(decode) } as unknown as IR.BasicExpression
  }
}

export function decodeConstant(constant: Constant): unknown {
  if (typeof constant !== 'object' || constant === null) return constant
  if (isList(constant)) return constant.map(decodeConstant)
  if ('undefined' in constant) return undefined
  if ('number' in constant) return Number(constant.number)
  if ('bigint' in constant) return BigInt(constant.bigint)
  return new Date(constant.date ?? NaN)
}

/** A condition: a row's field has one of these values. */
export interface Equality {
  readonly path: ReadonlyArray<string>
  /** Strings, numbers and booleans, each once. */
  readonly values: ReadonlyArray<unknown>
}

/** The condition with the fewest values that every matching row meets and an index can answer; null when there is none. */
export function equalityOf(where: Expression | null): Equality | null {
  let best: Equality | null = null
  for (const conjunct of conjunctsOf(where)) {
    const equality = asEquality(conjunct)
    if (equality && (best === null || equality.values.length < best.values.length)) best = equality
  }
  return best
}

function asEquality(expression: Expression): Equality | null {
  if (expression.type !== 'func' || expression.args.length !== 2) return null
  const [left, right] = expression.args as [Expression, Expression]
  const [ref, constant] = left.type === 'val' ? [right, left] : [left, right]
  if (ref.type !== 'ref' || constant.type !== 'val') return null
  const { value } = constant
  if (expression.name === 'eq') return isPlain(value) ? { path: ref.path, values: [value] } : null
  if (expression.name !== 'in' || left.type !== 'ref' || !isList(value) || !value.every(isPlain)) return null
  return { path: ref.path, values: [...new Set(value)] }
}

/** Whether a value is compared by identity, in a map as in an expression. */
const isPlain = (value: Constant): boolean => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

const isList = (constant: Constant): constant is ReadonlyArray<Constant> => Array.isArray(constant)
