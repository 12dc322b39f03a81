import type { Constant, Expression } from '../shared/expression.ts'
import type { InspectedSubset } from '../shared/inspection.ts'
import { short } from './format.ts'

const SIGNS: Readonly<Record<string, string>> = { eq: '=', gt: '>', gte: '≥', lt: '<', lte: '≤', and: 'and', or: 'or', in: 'in', like: 'like', ilike: 'ilike', add: '+', subtract: '−', multiply: '×', divide: '÷' }
const MOST_VALUE = 60

/** How constants are written: a report of a fault has none. */
export type WriteConstant = (value: Constant) => string

export const shownConstant: WriteConstant = (value) => {
  if (Array.isArray(value)) return short(`[${value.map((item: Constant) => shownConstant(item)).join(', ')}]`, MOST_VALUE)
  if (typeof value !== 'object' || value === null) return short(JSON.stringify(value), MOST_VALUE)
  if ('date' in value) return value.date === null ? 'no date' : dateText(value.date)
  if ('bigint' in value) return value.bigint
  return 'number' in value ? value.number : 'undefined'
}

/** An untrusted time may be none that a date has. */
function dateText(ms: number): string {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? 'no date' : date.toISOString()
}

export const hiddenConstant: WriteConstant = () => '?'

export function expressionText(expression: Expression, write: WriteConstant = shownConstant, isInner = false): string {
  if (expression.type === 'ref') return expression.path.join('.')
  if (expression.type === 'val') return write(expression.value)
  const { name, args } = expression
  const sign = Object.hasOwn(SIGNS, name) ? SIGNS[name] : undefined
  if (sign === undefined || args.length < 2) return `${name}(${args.map((part) => expressionText(part, write)).join(', ')})`
  const text = args.map((part) => expressionText(part, write, true)).join(` ${sign} `)
  return isInner && (name === 'and' || name === 'or') ? `(${text})` : text
}

export function subsetText({ where, first }: Pick<InspectedSubset, 'where' | 'first'>, write: WriteConstant = shownConstant): string {
  const condition = where ? expressionText(where, write) : 'all rows'
  return first ? `${condition}, first ${String(first.rows)} by ${expressionText(first.expression, write)} ${first.direction === 'desc' ? '↓' : '↑'}` : condition
}
