import type { Constant } from './expression.ts'

/**
 * A value of an expression as JSON.
 * @param refuse is told what cannot cross, and throws
 */
export function encodeConstant(value: unknown, refuse: (what: string) => never): Constant {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      // JSON has no -0 either; to TanStack DB it is 0.
      return Number.isFinite(value) ? value : { number: String(value) as 'NaN' }
    case 'undefined':
      return { undefined: true }
    case 'bigint':
      return { bigint: String(value) }
    case 'object':
      if (value === null) return null
      if (Array.isArray(value)) return value.map((item) => encodeConstant(item, refuse))
      if (value instanceof Date) return { date: Number.isNaN(value.getTime()) ? null : value.getTime() }
      return refuse('a constant that is an object')
    case 'function':
    case 'symbol':
      return refuse(`a constant that is a ${typeof value}`)
  }
}
