import { assertDefinitions } from './assert-definitions.ts'
import { SidestreamError } from './errors.ts'
import { likeliest } from './likeliest.ts'

/** The rule of an option: its allowed values in words, and as a check of a value that is not undefined. */
export interface Rule {
  readonly is: string
  /** @returns true when the value is allowed; false, or a more exact message, when it is not */
  readonly check: (value: unknown, name: string) => boolean | string
}

/** One rule for each key of a type. */
export type Rules<T> = { readonly [K in keyof Required<T>]: Rule }

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
export const isFunction = (value: unknown): boolean => typeof value === 'function'
/** Whether a value is sent as its text. Applications without types may give numbers, booleans and bigints. */
export const isSendable = (value: unknown): value is string | number | boolean | bigint => ['string', 'number', 'boolean', 'bigint'].includes(typeof value)
export const isNumber = (value: unknown, least: number, most = Infinity): boolean =>
  typeof value === 'number' && value >= least && value <= most
export const has = (value: unknown, ...methods: string[]): boolean =>
  isRecord(value) && methods.every((method) => isFunction(value[method]))

export const text: Rule = { is: 'a string', check: (value) => typeof value === 'string' }
export const flag: Rule = { is: 'true or false', check: (value) => typeof value === 'boolean' }
export const callback: Rule = { is: 'a function', check: isFunction }
export const number = (least: number, is: string): Rule => ({ is, check: (value) => isNumber(value, least) })
export const oneOf = (...values: ReadonlyArray<string | boolean>): Rule => ({
  is: values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value))).join(', '),
  check: (value) => values.some((one) => one === value),
})
export const record = (rules: Readonly<Record<string, Rule>>): Rule => ({
  is: 'an object of options',
  check: (value, name) => isRecord(value) && (wrongOf(value, rules, `${name}.`) ?? true),
})
export const abortSignal: Rule = {
  is: 'an AbortSignal',
  check: (value) => has(value, 'addEventListener') && typeof (value as { aborted?: unknown }).aborted === 'boolean',
}
export const definitions: Rule = {
  is: 'an object of collections',
  check: (value) => {
    assertDefinitions(value)
    return true
  },
}

/**
 * Checks each option by itself; the caller checks combinations of options. An undefined option counts as absent.
 * @throws SidestreamError `INVALID_OPTIONS`
 */
export function assertRules<T>(options: unknown, rules: Rules<T>, required: ReadonlyArray<keyof T & string>): void {
  const wrong = isRecord(options) ? missingOf(options, required) ?? wrongOf(options, rules, '') : 'the options are no object'
  if (wrong !== null) throw new SidestreamError('INVALID_OPTIONS', wrong)
}

const missingOf = (options: Record<string, unknown>, required: ReadonlyArray<string>): string | null => {
  const missing = required.find((name) => options[name] === undefined)
  return missing === undefined ? null : `\`${missing}\` is missing`
}

/** @returns a message that names an unknown or impossible option; or null */
export function wrongOf(options: Record<string, unknown>, rules: Readonly<Record<string, Rule>>, prefix: string): string | null {
  const unknown = Object.keys(options).find((name) => options[name] !== undefined && !Object.hasOwn(rules, name))
  return unknown === undefined ? impossibleOf(options, rules, prefix) : unknownOption(unknown, Object.keys(rules), prefix)
}

/** @returns a message that names an impossible option; or null. Options without a rule are not checked. */
export function impossibleOf(options: Record<string, unknown>, rules: Readonly<Record<string, Rule>>, prefix: string): string | null {
  for (const [name, { is, check }] of Object.entries(rules)) {
    const value = options[name]
    if (value === undefined) continue
    const fits = check(value, `${prefix}${name}`)
    if (typeof fits === 'string') return fits
    if (!fits) return `\`${prefix}${name}\` has to be ${is}; it is ${shown(value)}`
  }
  return null
}

function unknownOption(name: string, known: ReadonlyArray<string>, prefix: string): string {
  const meant = likeliest(name, known)
  const hint = meant === null ? `there are ${known.join(', ')}` : `did you mean \`${prefix}${meant}\`?`
  return `there is no option \`${prefix}${name}\`; ${hint}`
}

/** A value in a message: strings, numbers and the like as they are; for other values their kind. */
function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 100)}'`
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' || value === null) return String(value)
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`
}
