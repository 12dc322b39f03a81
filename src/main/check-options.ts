import type { BackoffOptions } from '@durable-streams/client'
import { describe, SidestreamError } from '../shared/errors.ts'
import { assertDefinitions, type StreamStateDefinition } from '../shared/state-schema.ts'
import type { CacheSettings, CreateStreamDBOptions, StreamOptions } from './options.ts'

/** What an option may be: in words, and as a check of a value that is not undefined. */
interface Rule {
  readonly is: string
  /** @returns what else is wrong with it, in words; true when nothing is */
  readonly check: (value: unknown, name: string) => boolean | string
}

/** A rule for each key of a type, no more and no less. */
type Rules<T> = { readonly [K in keyof Required<T>]: Rule }

/** The longest that a timer can wait, ms; a longer one would go off at once. */
const MOST_DELAY_MS = 2 ** 31 - 1

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const isNumber = (value: unknown, least: number, most = Infinity): boolean => typeof value === 'number' && value >= least && value <= most
const isFunction = (value: unknown): boolean => typeof value === 'function'
const has = (value: unknown, ...methods: string[]): boolean => isRecord(value) && methods.every((method) => isFunction(value[method]))

const text: Rule = { is: 'a string', check: (value) => typeof value === 'string' }
const flag: Rule = { is: 'true or false', check: (value) => typeof value === 'boolean' }
const callback: Rule = { is: 'a function', check: isFunction }
const number = (least: number, is: string): Rule => ({ is, check: (value) => isNumber(value, least) })
const oneOf = (...values: ReadonlyArray<string | boolean>): Rule => ({
  is: values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value))).join(', '),
  check: (value) => values.includes(value as string | boolean),
})
const record = (rules: Readonly<Record<string, Rule>>): Rule => ({
  is: 'an object of options',
  check: (value, name) => isRecord(value) && (wrongOf(value, rules, `${name}.`) ?? true),
})

/** Values of requests: those that are no functions are known now. */
const values = (isSendable: (name: string, value: string) => boolean | string): Rule => ({
  is: 'an object of strings, and functions that give them',
  check: (entries, name) => {
    if (!isRecord(entries)) return false
    for (const [key, value] of Object.entries(entries)) {
      if (value === undefined || typeof value === 'function') continue
      // Numbers and the like, of applications without types, have always been sent as text.
      if (!['string', 'number', 'boolean', 'bigint'].includes(typeof value)) return `${name}.${key} is neither a string nor a function`
      const sendable = isSendable(key, String(value as string | number | boolean | bigint))
      if (sendable !== true) return `${name}.${key} cannot be sent: ${String(sendable)}`
    }
    return true
  },
})
const isHeader = (name: string, value: string): true | string => {
  try {
    new Headers({ [name]: value })
    return true
  } catch (error) {
    return describe(error)
  }
}

export const BACKOFF_OPTIONS = {
  initialDelay: number(0, 'a number of ms'),
  maxDelay: number(0, 'a number of ms'),
  multiplier: number(1, 'a number, 1 at least'),
  maxRetries: number(0, 'a number'),
  onFailedAttempt: callback,
  debug: flag,
} satisfies Rules<BackoffOptions>

export const STREAM_OPTIONS = {
  url: { is: 'a URL', check: (value) => typeof value === 'string' || value instanceof URL },
  contentType: text,
  headers: values(isHeader),
  params: values(() => true),
  signal: { is: 'an AbortSignal', check: (value) => has(value, 'addEventListener') && typeof (value as AbortSignal).aborted === 'boolean' },
  backoffOptions: record(BACKOFF_OPTIONS),
  batching: flag,
  fetch: callback,
  onError: callback,
  warnOnHttp: flag,
} satisfies Rules<StreamOptions>

export const CACHE_OPTIONS = {
  durability: oneOf('relaxed', 'strict'),
  version: text,
} satisfies Rules<CacheSettings>

/** Every option of {@link CreateStreamDBOptions}: one that is added there has to be added here. */
export const OPTIONS = {
  streamOptions: record(STREAM_OPTIONS),
  stream: { is: 'a DurableStream', check: (value) => has(value, 'stream', 'append') },
  state: {
    is: 'an object of collections',
    check: (value) => {
      assertDefinitions(value as StreamStateDefinition)
      return true
    },
  },
  live: oneOf(true, false, 'long-poll', 'sse'),
  actions: callback,
  onEvent: callback,
  onBeforeBatch: callback,
  onBatch: callback,
  onInvalid: callback,
  worker: {
    is: 'a Worker, a SharedWorker, or a function that makes one',
    check: (value) => isFunction(value) || has(value, 'postMessage') || has((value as { port?: unknown } | null)?.port, 'postMessage'),
  },
  sharedWorker: flag,
  pauseWhenHidden: { is: 'false, or a number of ms', check: (value) => value === false || isNumber(value, 0) },
  silenceTimeoutMs: { is: 'a number of ms that a timer can wait', check: (value) => isNumber(value, 1, MOST_DELAY_MS) },
  scope: text,
  cache: { is: 'true, false, or an object of options', check: (value, name) => typeof value === 'boolean' || record(CACHE_OPTIONS).check(value, name) },
} satisfies Rules<CreateStreamDBOptions>

/** Of these an application must say something. */
const REQUIRED: ReadonlyArray<keyof CreateStreamDBOptions> = ['state']

/**
 * Checks each option by itself; what does not fit together is for the caller to find. Undefined is as if it were not there.
 * @throws SidestreamError `INVALID_OPTIONS`
 */
export function checkOptions(options: unknown): void {
  const wrong = isRecord(options) ? missingOf(options) ?? wrongOf(options, OPTIONS, '') : 'the options are no object'
  if (wrong !== null) throw new SidestreamError('INVALID_OPTIONS', wrong)
}

const missingOf = (options: Record<string, unknown>): string | null => {
  const missing = REQUIRED.find((name) => options[name] === undefined)
  return missing === undefined ? null : `\`${missing}\` is missing`
}

/** @returns what is wrong, or null */
function wrongOf(options: Record<string, unknown>, rules: Readonly<Record<string, Rule>>, prefix: string): string | null {
  for (const name of Object.keys(options)) {
    if (options[name] !== undefined && !Object.hasOwn(rules, name)) return `there is no option \`${prefix}${name}\`; there are ${Object.keys(rules).join(', ')}`
  }
  for (const [name, { is, check }] of Object.entries(rules)) {
    const value = options[name]
    if (value === undefined) continue
    const fits = check(value, `${prefix}${name}`)
    if (typeof fits === 'string') return fits
    if (!fits) return `\`${prefix}${name}\` has to be ${is}; it is ${shown(value)}`
  }
  return null
}

/** A value in a message: text and numbers as they are, of others the kind. */
const shown = (value: unknown): string =>
  typeof value === 'string' ? `'${value.slice(0, 100)}'` : ['number', 'boolean', 'bigint'].includes(typeof value) || value === null ? String(value) : Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`
