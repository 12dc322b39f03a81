import type { BackoffOptions } from '@durable-streams/client'
import { describe, SidestreamError } from '../shared/errors.ts'
import { abortSignal, assertRules, callback, definitions, flag, has, isFunction, isNumber, isRecord, isSendable, number, oneOf, record, type Rule, type Rules, text } from '../shared/rules.ts'
import { namedQueries } from '../shared/named-queries.ts'
import { MOST_DELAY_MS } from '../shared/settings.ts'
import type { CacheSettings, CreateStreamDBOptions, PlainOptions, StreamOptions } from './options.ts'
import { streamUrl } from './stream-url.ts'

/** A rule for `headers` or `params`. Functions are called later, before a request; all other values are checked now. */
const values = (wrongWith: (name: string, value: string) => string | null): Rule => ({
  is: 'an object of strings, and functions that give them',
  check: (entries, name) => {
    if (!isRecord(entries)) return false
    for (const [key, value] of Object.entries(entries)) {
      if (value === undefined || typeof value === 'function') continue
      if (!isSendable(value)) return `${name}.${key} is neither a string nor a function`
      const wrong = wrongWith(key, String(value))
      if (wrong !== null) return `${name}.${key} cannot be sent: ${wrong}`
    }
    return true
  },
})
const wrongHeader = (name: string, value: string): string | null => {
  try {
    new Headers({ [name]: value })
    return null
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
  headers: values(wrongHeader),
  params: values(() => null),
  signal: abortSignal,
  backoffOptions: record(BACKOFF_OPTIONS),
  batching: flag,
  fetch: callback,
  onError: callback,
  warnOnHttp: flag,
} satisfies Rules<StreamOptions>

export const CACHE_OPTIONS = {
  durability: oneOf('relaxed', 'strict'),
  version: text,
  keepUnusedMs: { is: 'false, or a number of ms', check: (value) => value === false || isNumber(value, 0) },
  persist: flag,
} satisfies Rules<CacheSettings>

/** The rules of all options of {@link CreateStreamDBOptions}; an option without a rule does not compile. */
export const OPTIONS = {
  streamOptions: record(STREAM_OPTIONS),
  stream: { is: 'a DurableStream', check: (value) => has(value, 'stream', 'append') },
  state: definitions,
  live: oneOf(true, false, 'long-poll', 'sse'),
  actions: callback,
  onEvent: callback,
  onBeforeBatch: callback,
  onBatch: callback,
  onInvalid: callback,
  onRejected: callback,
  transform: callback,
  send: callback,
  queries: namedQueries,
  worker: {
    is: 'a Worker, a SharedWorker, or a function that makes one',
    check: (value) => isFunction(value) || has(value, 'postMessage') || has((value as { port?: unknown } | null)?.port, 'postMessage'),
  },
  sharedWorker: flag,
  pauseWhenHidden: { is: 'false, or a number of ms', check: (value) => value === false || isNumber(value, 0) },
  silenceTimeoutMs: { is: 'a number of ms that a timer can wait', check: (value) => isNumber(value, 1, MOST_DELAY_MS) },
  scope: text,
  cache: {
    is: 'true, false, or an object of options',
    check: (value, name) => typeof value === 'boolean' || record(CACHE_OPTIONS).check(value, name),
  },
} satisfies Rules<CreateStreamDBOptions>

/** @throws SidestreamError `INVALID_OPTIONS` for an option that is unknown, impossible by itself, or does not fit another */
export function assertOptions(options: PlainOptions): void {
  const fail = (message: string): never => {
    throw new SidestreamError('INVALID_OPTIONS', message)
  }
  assertRules<CreateStreamDBOptions>(options, OPTIONS, ['state'])
  const { streamOptions, stream, worker, transform, send } = options
  if (worker && (stream ?? streamOptions?.fetch)) fail('`stream` and `fetch` cannot cross to a worker')
  if (worker && transform) fail('`transform` cannot cross to a worker: hand it to exposeStreamDB in the worker file')
  if (worker && send) fail('`send` cannot cross to a worker: hand it to exposeStreamDB in the worker file')
  if (stream) return
  if (!streamOptions) return fail('createStreamDB requires stream or streamOptions')
  streamUrl(streamOptions.url)
}
